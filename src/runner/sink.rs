//! Where requests are written as they are done.

use std::{
    fs::File,
    io::{self, Write},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::AsyncWrite;

use crate::clock::Clock;

pub(super) type Sink = Box<dyn AsyncWrite + Send + Unpin>;

/// Writes to a file: by threads of the runtime's own, which keep nobody waiting; on virtual time,
/// which no thread may be beside, at once.
pub(super) fn to(file: File, clock: &Clock) -> Sink {
    if clock.is_virtual() {
        Box::new(AtOnce(file))
    } else {
        Box::new(tokio::fs::File::from_std(file))
    }
}

struct AtOnce(File);

impl AsyncWrite for AtOnce {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.write(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::clock::on_virtual_time;

    #[test]
    fn on_virtual_time_what_is_written_is_there_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("requests.ndjson");
        on_virtual_time(|clock| async move {
            let mut sink = to(File::create(&path).unwrap(), &clock);
            sink.write_all(b"one\n").await.unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
        })
        .unwrap();
    }
}
