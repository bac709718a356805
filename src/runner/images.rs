//! Images on their way into nodes: fetched and saved once, however many clusters want them.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{Host, RunnerError};
use crate::{
    fleet::record::NodeRecord,
    model::{conditions::Timeouts, workload::Workload},
    provider::Provider,
};

/// The archives of one lab's images, in a directory that goes with it.
pub(super) struct Images {
    dir: TempDir,
    archives: BTreeMap<String, OnceCell<PathBuf>>,
    /// How long the download of one may take.
    pull: Duration,
}

impl Images {
    /// The archives lie below the lab's folder, so that they go with it even after a crash.
    pub(super) fn new(
        lab: &Path,
        images: impl IntoIterator<Item = String>,
    ) -> Result<Self, RunnerError> {
        let dir = tempfile::Builder::new()
            .prefix("images-")
            .tempdir_in(lab)
            .map_err(|source| RunnerError::Io { path: lab.to_owned(), source })?;
        let archives = images.into_iter().map(|image| (image, OnceCell::new())).collect();
        Ok(Self { dir, archives, pull: Timeouts::default().pull })
    }

    /// The same with another patience for downloads.
    pub(super) fn pulled_within(self, pull: Duration) -> Self {
        Self { pull, ..self }
    }

    /// Whether it is one of those that this host gives.
    pub(super) fn has(&self, image: &str) -> bool {
        self.archives.contains_key(image)
    }

    /// Makes every archive while clusters are being created, for as long as somebody may need
    /// one. A failure is reported by whoever needs the archive.
    pub(super) async fn prefetch(&self, host: &Host) -> Infallible {
        for image in self.archives.keys() {
            if let Err(error) = self.archive(host, image).await {
                tracing::debug!(%image, %error, "not prefetched");
            }
        }
        std::future::pending().await
    }

    /// Puts an image into every node of a cluster.
    pub(super) async fn load(
        &self,
        host: &Host,
        provider: &dyn Provider,
        nodes: &[NodeRecord],
        image: &str,
    ) -> Result<(), RunnerError> {
        let archive = self.archive(host, image).await?;
        let nodes = nodes.iter().filter(|node| !node.helper);
        let loads = nodes.map(|node| provider.load_image(node, archive.clone(), image));
        futures::future::try_join_all(loads).await?;
        Ok(())
    }

    async fn archive(&self, host: &Host, image: &str) -> Result<PathBuf, RunnerError> {
        let save = async || -> Result<PathBuf, RunnerError> {
            fetch(host, image, self.pull).await?;
            let name: String =
                image.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            let path = self.dir.path().join(format!("{name}.tar"));
            host.engine().save(image, &path).await?;
            Ok(path)
        };
        match self.archives.get(image) {
            Some(cell) => cell.get_or_try_init(save).await.cloned(),
            None => save().await,
        }
    }
}

/// The images of a workload that this host gives to the nodes: those of ours, and of the user's
/// those that are here.
pub(super) async fn of_workload(
    host: &Host,
    workload: &Workload,
) -> Result<Vec<String>, RunnerError> {
    let mut given = Vec::new();
    for image in &workload.images {
        if workload.is_shipped() || host.engine().image_id(image).await?.is_some() {
            given.push(image.clone());
        }
    }
    Ok(given)
}

/// Gets an image onto this host unless it is there.
pub(super) async fn fetch(host: &Host, image: &str, within: Duration) -> Result<(), RunnerError> {
    if host.engine().image_id(image).await?.is_none() {
        host.engine().pull(image, within).await?;
    }
    Ok(())
}
