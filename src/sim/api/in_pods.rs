//! What an API server passes on to kubelets: programs that are run in pods, and their logs.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::Object;

/// Whoever runs pods.
pub trait InPods: Send + Sync {
    /// Runs a program in a container to its end.
    fn run(&self, exec: Exec) -> BoxFuture<'static, Result<Ran, NotRun>>;

    /// What a container has written so far.
    fn log(&self, pod: &Object, container: &str) -> Result<String, NotRun>;
}

/// A program to run.
#[derive(Clone, Debug)]
pub struct Exec {
    pub pod: Arc<Object>,
    pub container: String,
    pub command: Vec<String>,
}

/// What a program wrote, and its exit code.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// Why nothing was run.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotRun {
    #[error("container not found (\"{container}\")")]
    NoContainer { container: String },
    #[error("failed to exec in container: exec: \"{program}\": executable file not found in $PATH")]
    NoProgram { program: String },
    #[error("error dialing backend: {why}")]
    Unreachable { why: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_for_running_nothing_is_told() {
        let errors = [
            NotRun::NoContainer { container: "web".to_owned() },
            NotRun::NoProgram { program: "curl".to_owned() },
            NotRun::Unreachable { why: "the pod is on no node".to_owned() },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("in_pods.rs"), &errors));
    }
}
