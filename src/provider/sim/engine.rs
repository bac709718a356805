//! The container engine of a world: networks that are names and ranges, and images that are there
//! as soon as somebody asks for them.

use std::{collections::BTreeMap, fs, net::IpAddr, path::Path, time::Duration};

use async_trait::async_trait;

use super::World;
use crate::{
    provider::ContainerEngine,
    tool::{
        ToolError,
        docker::{Engine, Network, NetworkRequest},
    },
};

/// What stands where the id of an image would: none of its content is here.
const IMAGE: &str = "simulated";

#[async_trait]
impl ContainerEngine for World {
    fn facts(&self) -> &Engine {
        Self::facts(self)
    }

    async fn networks(&self) -> Result<Vec<Network>, ToolError> {
        Ok(Self::networks(self))
    }

    async fn network(&self, key: &str) -> Result<Option<Network>, ToolError> {
        let mut known = Self::networks(self).into_iter();
        Ok(known.find(|network| network.id == key || network.name == key))
    }

    async fn create_network(&self, request: &NetworkRequest<'_>) -> Result<String, ToolError> {
        let label = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let labels: BTreeMap<String, String> = request.labels.iter().map(label).collect();
        let (name, id) = (request.name.to_owned(), format!("simulated-{}", request.name));
        let subnets = vec![request.subnet.to_owned()];
        self.add_network(Network { id: id.clone(), name, labels, subnets });
        Ok(id)
    }

    async fn containers_attached(&self, network: &Network) -> Result<Vec<String>, ToolError> {
        Ok(self.attached(&network.name))
    }

    async fn remove_network(&self, id: &str) -> Result<(), ToolError> {
        Self::remove_network(self, id);
        Ok(())
    }

    async fn gateway(&self, _: &[String], network: &str) -> Result<Option<IpAddr>, ToolError> {
        let known = Self::networks(self).into_iter().find(|known| known.name == network);
        let subnet = known.and_then(|known| known.subnets.first()?.parse::<ipnet::Ipv4Net>().ok());
        Ok(subnet.and_then(|subnet| subnet.hosts().next()).map(IpAddr::V4))
    }

    async fn image_id(&self, _image: &str) -> Result<Option<String>, ToolError> {
        Ok(Some(IMAGE.to_owned()))
    }

    async fn pull(&self, _image: &str, _within: Duration) -> Result<(), ToolError> {
        Ok(())
    }

    /// There is nothing to save: whoever loads it asks for its name alone.
    async fn save(&self, image: &str, to: &Path) -> Result<(), ToolError> {
        fs::write(to, IMAGE).map_err(|source| ToolError::Spawn {
            command: format!("saving {image} to {}", to.display()),
            source,
        })
    }
}
