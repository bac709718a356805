//! Images of the engine: listed, pulled, saved for one platform.

use std::{fmt, path::Path, time::Duration};

use semver::Version;

use super::{Docker, Engine};
use crate::tool::ToolError;

const SAVE: Duration = Duration::from_secs(300);

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

impl Docker {
    /// The tags of a repository that are on this host.
    pub async fn local_tags(&self, repository: &str) -> Result<Vec<String>, ToolError> {
        let list = self.call()?.args(["image", "ls", "--format", "{{.Tag}}", repository]);
        Ok(list.run().await?.lines())
    }

    /// The id of an image; none when it is not on this host.
    pub async fn image_id(&self, image: &str) -> Result<Option<String>, ToolError> {
        match self.call()?.args(["image", "inspect", "--format", "{{.Id}}", image]).run().await {
            Ok(output) => Ok(Some(output.text())),
            Err(error) if error.stderr().to_ascii_lowercase().contains("no such image") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Downloads an image; that takes as long as the network makes it.
    pub async fn pull(&self, image: &str, within: Duration) -> Result<(), ToolError> {
        self.call()?.args(["pull", "--quiet", image]).deadline(within).run().await.map(drop)
    }

    /// Writes an image to a tar file, with nothing in it but the engine's own platform: with the
    /// containerd image store a plain save names content that is not there.
    pub async fn save(&self, engine: &Engine, image: &str, to: &Path) -> Result<(), ToolError> {
        let mut save = self.call()?.args(["image", "save"]).arg("--output").arg(to);
        if knows_platform(engine) {
            save = save.arg("--platform").arg(engine.platform.to_string());
        }
        save.arg(image).deadline(SAVE).run().await.map(drop)
    }
}

/// `image save --platform` needs API 1.48 (Docker 28) on the engine's side.
fn knows_platform(engine: &Engine) -> bool {
    engine.api_version >= Version::new(1, 48, 0)
}
