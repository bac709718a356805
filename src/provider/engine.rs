//! What clusters stand on: a container engine gives them networks and images. Docker is one; the
//! simulator brings one of its own.
//!
//! Must not know labs.

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::tool::{
    ToolError,
    docker::{Docker, Engine, Network, NetworkRequest},
};

/// The engine as a lab needs it, apart from the nodes of its clusters.
#[async_trait]
pub trait ContainerEngine: Send + Sync {
    /// What it says of itself and of the machine that it is on.
    fn facts(&self) -> &Engine;

    /// Every network of it.
    async fn networks(&self) -> Result<Vec<Network>, ToolError>;

    /// A network by id or name; none when there is none.
    async fn network(&self, key: &str) -> Result<Option<Network>, ToolError>;

    /// Creates a network; returns its id.
    async fn create_network(&self, request: &NetworkRequest<'_>) -> Result<String, ToolError>;

    /// The names of the containers that hang on a network, running or not.
    async fn containers_attached(&self, network: &Network) -> Result<Vec<String>, ToolError>;

    /// Removes a network; one that is gone already is no error.
    async fn remove_network(&self, id: &str) -> Result<(), ToolError>;

    /// The host's address in a network, as the containers of these ids know it.
    async fn gateway(&self, ids: &[String], network: &str) -> Result<Option<IpAddr>, ToolError>;

    /// The id of an image; none when it is not on this host.
    async fn image_id(&self, image: &str) -> Result<Option<String>, ToolError>;

    /// Gets an image onto this host.
    async fn pull(&self, image: &str, within: Duration) -> Result<(), ToolError>;

    /// Writes an image to a tar file that nodes can load.
    async fn save(&self, image: &str, to: &Path) -> Result<(), ToolError>;
}

/// Docker, and what it said of itself.
#[derive(Clone, Debug)]
pub(super) struct Dockerd {
    pub(super) docker: Docker,
    pub(super) facts: Arc<Engine>,
}

#[async_trait]
impl ContainerEngine for Dockerd {
    fn facts(&self) -> &Engine {
        &self.facts
    }

    async fn networks(&self) -> Result<Vec<Network>, ToolError> {
        self.docker.networks().await
    }

    async fn network(&self, key: &str) -> Result<Option<Network>, ToolError> {
        self.docker.network(key).await
    }

    async fn create_network(&self, request: &NetworkRequest<'_>) -> Result<String, ToolError> {
        self.docker.create_network(request).await
    }

    async fn containers_attached(&self, network: &Network) -> Result<Vec<String>, ToolError> {
        self.docker.containers_attached(network).await
    }

    async fn remove_network(&self, id: &str) -> Result<(), ToolError> {
        self.docker.remove_network(id).await
    }

    async fn gateway(&self, ids: &[String], network: &str) -> Result<Option<IpAddr>, ToolError> {
        let nodes = self.docker.inspect(ids).await?;
        Ok(nodes.iter().find_map(|node| node.gateways.get(network).copied()))
    }

    async fn image_id(&self, image: &str) -> Result<Option<String>, ToolError> {
        self.docker.image_id(image).await
    }

    async fn pull(&self, image: &str, within: Duration) -> Result<(), ToolError> {
        self.docker.pull(image, within).await
    }

    async fn save(&self, image: &str, to: &Path) -> Result<(), ToolError> {
        self.docker.save(&self.facts, image, to).await
    }
}
