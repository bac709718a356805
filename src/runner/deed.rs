//! What a scenario does to its clusters beside breaking them, each within its time.

use std::time::Duration;

use super::{Event, Host, RunFailure, RunnerError, deploy::Delivery};
use crate::{
    fleet::LabStore,
    kube::{ClusterApi, ObjectKey},
    model::{
        deed::{Apply, Deed, Exec, Wait},
        name::Name,
        scenario::Scenario,
    },
    redact::redacted,
    tool::{Output, ToolError},
};

/// How much of what a program wrote is kept as evidence, in characters.
const KEPT: usize = 4000;
/// How much of it is kept until the program has ended, in bytes of each stream. More than is told:
/// what is cut here cannot be told from a secret's second half.
const HELD: usize = 64 << 10;

/// A scenario in its lab, as far as deeds need to know it.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) host: &'a Host,
    pub(super) store: &'a LabStore,
    pub(super) scenario: &'a Scenario,
}

impl Scene<'_> {
    /// Does what `setup` says, one after the other, and deploys the workload on it.
    pub(super) async fn set_up(&self) -> Result<(), RunFailure> {
        for (entry, deed) in (1..).zip(&self.scenario.setup) {
            let done = Box::pin(self.carry_out(&format!("setup {entry}"), deed)).await;
            done.map_err(|error| RunFailure::of_setup(entry, error))?;
        }
        Ok(self.deploy().await?)
    }

    async fn deploy(&self) -> Result<(), RunnerError> {
        let Self { host, store, scenario } = self;
        let (workload, timeouts) = (&scenario.workload, scenario.timeouts);
        let delivery = Delivery::new(host, store, workload, timeouts).await?;
        let record = store.record();
        // A lab that others made may have more of them.
        let clusters = scenario.lab.clusters.keys();
        let clusters = clusters.filter_map(|name| record.clusters.get_key_value(name));
        let each = clusters.map(|(name, cluster)| delivery.bring(name, cluster));
        futures::future::try_join_all(each).await.map(drop)
    }

    /// Does one thing, within its time; `name` is what events call it.
    pub(super) async fn carry_out(&self, name: &str, deed: &Deed) -> Result<(), RunnerError> {
        let what = match deed {
            Deed::Apply(apply) => self.at_most(deed.within(), self.apply(apply)).await?,
            // It ends its program with all that it started, which takes a while.
            Deed::Exec(exec) => self.exec(name, exec).await?,
            Deed::Wait(wait) => self.at_most(deed.within(), self.wait(wait)).await?,
        };
        self.host.events.emit(Event::DeedDone { deed: name.to_owned(), what });
        Ok(())
    }

    async fn at_most<T>(
        &self,
        within: Duration,
        doing: impl Future<Output = Result<T, RunnerError>>,
    ) -> Result<T, RunnerError> {
        // A wait brings the same deadline, and says more about it.
        let patience = within + Duration::from_secs(1);
        tokio::select! {
            biased;
            () = self.host.cancelled.cancelled() => Err(RunnerError::Cancelled),
            done = tokio::time::timeout(patience, doing) => {
                done.unwrap_or(Err(RunnerError::DeedTooLong { within }))
            }
        }
    }

    async fn apply(&self, apply: &Apply) -> Result<String, RunnerError> {
        let clusters = self.scenario.clusters_at(&apply.to);
        for cluster in &clusters {
            let api = self.api(cluster).await?;
            for manifest in &apply.manifests {
                api.apply(&manifest.path, &manifest.text).await?;
            }
        }
        let files: Vec<&str> = apply.manifests.iter().map(|file| file.path.as_str()).collect();
        Ok(format!("applied {} to {}", files.join(", "), shown(&clusters)))
    }

    async fn exec(&self, name: &str, exec: &Exec) -> Result<String, RunnerError> {
        let [program, args @ ..] = &exec.command[..] else { return Ok(String::new()) };
        let call = self.host.tools.call_in(program, &exec.dir)?;
        let kubeconfig = self.store.dir().join("kubeconfig");
        let lab = self.store.record().name.to_string();
        let call = call.args(args).env("KUBECONFIG", kubeconfig).env("SEATRIAL_LAB", lab);
        // What it leaves in the background must be found again.
        let call = call.recorded(self.store.programs());
        let command = call.shown();
        let ended = call.keeping(HELD).deadline(exec.within).run().await;
        if let Some((status, stdout, stderr)) = told(&ended) {
            let deed = name.to_owned();
            self.host.events.emit(Event::Executed { deed, command, status, stdout, stderr });
        }
        ended.map_err(|error| RunnerError::Program { error })?;
        Ok(format!("{program} ended well"))
    }

    async fn wait(&self, wait: &Wait) -> Result<String, RunnerError> {
        let Wait { object, condition, .. } = wait;
        let key = ObjectKey {
            api_version: &object.api_version,
            kind: &object.kind,
            namespace: &object.namespace,
            name: &object.name,
        };
        let clusters = self.scenario.clusters_at(&wait.at);
        let cancelled = &self.host.cancelled;
        let waits = clusters.iter().map(async |cluster| -> Result<(), RunnerError> {
            let api = self.api(cluster).await?;
            Ok(api.wait_condition(&key, condition, wait.within, cancelled).await?)
        });
        futures::future::try_join_all(waits).await?;
        Ok(format!("{key} is {condition} in {}", shown(&clusters)))
    }

    async fn api(&self, cluster: &Name) -> Result<ClusterApi, RunnerError> {
        Ok(self.host.api(self.store, cluster).await?)
    }
}

fn shown(clusters: &[&Name]) -> String {
    clusters.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// How a program ended, and the end of what it wrote to stdout and stderr; none of one that did not
/// run, or was interrupted.
fn told(ended: &Result<Output, ToolError>) -> Option<(String, String, String)> {
    let status = match ended {
        Ok(_) => "exit status: 0".to_owned(),
        Err(ToolError::Failed { status, .. }) => status.clone(),
        Err(ToolError::TimedOut { after, .. }) => format!("ended after {} s", after.as_secs_f32()),
        Err(_) => return None,
    };
    let (stdout, stderr) = match ended {
        Ok(output) => (String::from_utf8_lossy(&output.stdout), output.stderr.as_str()),
        Err(error) => (error.stdout().into(), error.stderr()),
    };
    Some((status, tail(&redacted(&stdout)), tail(&redacted(stderr))))
}

/// The end of what a program wrote.
fn tail(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(KEPT);
    text.chars().skip(skipped).collect()
}
