//! A program inside of a pod, run to its end.

use std::{future::Future, time::Duration};

use ::kube::{
    Api,
    api::{AttachParams, AttachedProcess},
};
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{ClusterApi, KubeError};

/// A pod by its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PodName {
    pub namespace: &'static str,
    pub name: String,
}

/// A program to run, and how long it may take.
#[derive(Clone, Debug)]
pub struct Exec<'a> {
    pub pod: &'a PodName,
    /// What it does, for messages.
    pub what: &'a str,
    /// No shell reads it.
    pub command: Vec<String>,
    pub within: Duration,
}

/// The most that is read of a program's output, in bytes.
const MOST: u64 = 1 << 20;

impl ClusterApi {
    /// Runs a program in the first container of a pod; returns what it wrote to stdout.
    ///
    /// # Errors
    /// When it cannot be started, fails, or takes longer than it may.
    pub async fn exec(&self, exec: Exec<'_>) -> Result<String, KubeError> {
        let PodName { namespace, name } = exec.pod;
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let what = format!("{} from pod {namespace}/{name}", exec.what);
        let params = AttachParams::default().stdin(false).stdout(true).stderr(true);
        let run = async {
            let process = pods.exec(name, &exec.command, &params).await?;
            Ok(to_the_end(process).await)
        };
        let (stdout, ended) = self.call_within(exec.within, &what, run).await?;
        match ended {
            Ok(()) => Ok(stdout),
            Err(why) => Err(KubeError::Exec { cluster: self.cluster.clone(), what, why }),
        }
    }
}

/// What a program wrote, and whether it succeeded. Both streams are read at once: one that nobody
/// reads would hold up the other.
async fn to_the_end(mut process: AttachedProcess) -> (String, Result<(), String>) {
    let status = process.take_status();
    let (stdout, stderr) = (process.stdout(), process.stderr());
    let (stdout, stderr, status) =
        tokio::join!(read_all(stdout), read_all(stderr), awaited(status));
    (stdout, verdict(status.as_ref(), stderr.trim()))
}

async fn awaited(status: Option<impl Future<Output = Option<Status>>>) -> Option<Status> {
    status?.await
}

async fn read_all(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // A stream that breaks ends the output; the status tells the rest.
        let _ = stream.take(MOST).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a program succeeded; else why not, in its own words where it has some.
fn verdict(status: Option<&Status>, stderr: &str) -> Result<(), String> {
    let Some(status) = status else { return Err("the connection broke".to_owned()) };
    if status.status.as_deref() == Some("Success") {
        return Ok(());
    }
    let message = status.message.as_deref().unwrap_or("no reason given");
    Err(if stderr.is_empty() { message.to_owned() } else { format!("{message}: {stderr}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: &str, message: Option<&str>) -> Status {
        let (status, message) = (Some(status.to_owned()), message.map(str::to_owned));
        Status { status, message, ..Status::default() }
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let failed = status("Failure", Some("command terminated with exit code 2"));
        assert_eq!(verdict(Some(&status("Success", None)), "noise"), Ok(()));
        assert_eq!(
            verdict(Some(&failed), "sh: not found"),
            Err("command terminated with exit code 2: sh: not found".to_owned())
        );
        assert_eq!(verdict(None, ""), Err("the connection broke".to_owned()));
    }
}
