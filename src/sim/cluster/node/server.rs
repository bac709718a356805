//! A program of a pod that listens, on the pod's own address.

use std::{future::poll_fn, net::SocketAddr, sync::Arc};

use tokio::{io::AsyncReadExt, task::JoinSet};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    connect::{Listener, Stream},
    sim::{
        cluster::{inner::Core, program::Program},
        netexec::Netexec,
    },
};

/// Dropped, it ends as a process does: nobody listens any more, its connections are closed.
pub(super) struct Server(#[expect(dead_code, reason = "it is kept to run")] AbortOnDropHandle<()>);

impl Server {
    /// Starts what a program serves that listens.
    pub(super) fn start(
        core: &Arc<Core>,
        at: SocketAddr,
        program: Program,
        hostname: &str,
    ) -> Self {
        let connector = core.inside.at(&core.spec.name);
        let netexec = Netexec::new(hostname, &core.clock);
        let serves = async move {
            let Ok(listener) = connector.listen(at).await else { return };
            match program {
                Program::Netexec { .. } => netexec.serve(listener).await,
                _ => accept(listener).await,
            }
        };
        Self(AbortOnDropHandle::new(tokio::spawn(serves)))
    }
}

/// Takes whoever comes and hears them out.
async fn accept(mut listener: Box<dyn Listener>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            accepted = poll_fn(|context| listener.poll_accept(context)) => {
                if let Ok(stream) = accepted {
                    connections.spawn(hear_out(stream));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn hear_out(mut stream: Box<dyn Stream>) {
    let mut heard = [0; 1024];
    while stream.read(&mut heard).await.is_ok_and(|read| read > 0) {}
}
