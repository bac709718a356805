//! Everything that one invocation works with.

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Events;
use crate::{
    connect::Connector,
    fault::Journal,
    fleet::{LabStore, State},
    kube::{ClusterApi, KubeError},
    provider::{ContainerEngine, Providers},
    sim::stamp::Simulated,
    template::{Catalogue, Engine},
    tool::{Toolbox, process::Process},
};

#[derive(Clone)]
pub struct Host {
    pub state: State,
    pub catalogue: Catalogue,
    pub templates: std::sync::Arc<Engine>,
    pub providers: Providers,
    /// The programs of this host, seatrial's own among them.
    pub tools: Toolbox,
    pub events: Events,
    /// How connections are opened.
    pub connector: Connector,
    pub cancelled: CancellationToken,
    /// Its clusters are none but in this process.
    pub simulated: Option<Simulated>,
    /// Where clients and front doors run: apart from everything else, so that nothing else makes
    /// them late.
    pub traffic: Handle,
}

impl Host {
    /// The API of a cluster that is on record, by its kubeconfig there.
    pub async fn api(&self, store: &LabStore, cluster: &str) -> Result<ClusterApi, KubeError> {
        ClusterApi::connect(cluster, &store.kubeconfig(cluster), &self.connector).await
    }

    /// Who its labs belong to: a simulated one to no process of this machine, as it goes with the
    /// run, and says the same of every run.
    #[must_use]
    pub fn owner(&self) -> Process {
        match self.simulated {
            Some(_) => Process { pid: 0, started: None },
            None => Process::current(),
        }
    }

    /// The undo journal of a lab.
    #[must_use]
    pub fn journal(&self, store: &LabStore) -> Journal {
        Journal::at(store.journal()).dated_by(self.events.clock())
    }

    /// What its clusters stand on.
    #[must_use]
    pub const fn engine(&self) -> &dyn ContainerEngine {
        self.providers.engine()
    }

    /// The same host for clean-up, which goes on after an interrupt.
    #[must_use]
    pub fn for_cleanup(&self) -> Self {
        let cancelled = CancellationToken::new();
        let tools = self.tools.with_cancellation(cancelled.clone());
        Self { providers: self.providers.by(tools.clone()), tools, cancelled, ..self.clone() }
    }
}
