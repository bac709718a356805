//! Everything that one invocation works with.

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Events;
use crate::{
    fleet::State,
    provider::Providers,
    template::{Catalogue, Engine},
    tool::docker::Docker,
};

#[derive(Clone)]
pub struct Host {
    pub state: State,
    pub catalogue: Catalogue,
    pub templates: std::sync::Arc<Engine>,
    pub providers: Providers,
    pub events: Events,
    pub cancelled: CancellationToken,
    /// Where clients and front doors run: apart from everything else, so that nothing else makes
    /// them late.
    pub traffic: Handle,
}

impl Host {
    #[must_use]
    pub const fn docker(&self) -> &Docker {
        self.providers.docker()
    }

    /// The same host for clean-up, which goes on after an interrupt.
    #[must_use]
    pub fn for_cleanup(&self) -> Self {
        let cancelled = CancellationToken::new();
        let tools = self.docker().tools().with_cancellation(cancelled.clone());
        Self {
            providers: self.providers.with_docker(Docker::new(tools)),
            cancelled,
            ..self.clone()
        }
    }
}
