//! Lock files. They name their holder and are let go by the kernel when it ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::FleetError;

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// How often, and after what pause, the number of a holder is looked for that has the lock a
/// moment longer than its number is written.
const LOOKS: usize = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// Who holds a lock, in words.
#[derive(Debug)]
pub struct Holder(pub String);

impl Lock {
    /// Takes the lock, or says who holds it.
    pub fn try_take(path: &Path) -> Result<Result<Self, Holder>, FleetError> {
        let io = |path: &Path| FleetError::io(PathBuf::from(path));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(io(path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return holder(&mut file).map(Err).map_err(io(path));
            }
            Err(TryLockError::Error(source)) => return Err(io(path)(source)),
        }
        file.set_len(0).map_err(io(path))?;
        file.rewind().map_err(io(path))?;
        writeln!(file, "{}", std::process::id()).map_err(io(path))?;
        Ok(Ok(Self { file }))
    }

    /// Takes the lock once its holder lets go.
    pub async fn take(path: &Path, within: Duration) -> Result<Self, FleetError> {
        let deadline = Instant::now() + within;
        loop {
            match Self::try_take(path)? {
                Ok(lock) => return Ok(lock),
                Err(Holder(holder)) if Instant::now() >= deadline => {
                    return Err(FleetError::Locked {
                        path: path.to_owned(),
                        holder,
                        after: within,
                    });
                }
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

impl Drop for Lock {
    /// Whoever comes next must not be told the number of a process that let go.
    fn drop(&mut self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::debug!(%error, "its number stays in the lock");
        }
    }
}

fn holder(file: &mut File) -> io::Result<Holder> {
    let mut holder = String::new();
    for look in 0..LOOKS {
        if look > 0 {
            std::thread::sleep(PAUSE);
        }
        file.rewind()?;
        file.read_to_string(&mut holder)?;
        if holder.ends_with('\n') {
            break;
        }
        holder.clear();
    }
    Ok(Holder(holder.trim().to_owned()))
}
