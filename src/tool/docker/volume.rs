//! Volumes by name: looked at and removed.

use std::collections::BTreeMap;

use super::Docker;
use crate::tool::ToolError;

impl Docker {
    /// The labels of a volume; none when there is no such volume.
    pub async fn volume(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, ToolError> {
        let inspect = ["volume", "inspect", "--format", "{{json .Labels}}", name];
        match self.call()?.args(inspect).run().await {
            Ok(output) => {
                let labels: Option<BTreeMap<String, String>> = output.json()?;
                Ok(Some(labels.unwrap_or_default()))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a volume; one that is gone already is no error.
    pub async fn remove_volume(&self, name: &str) -> Result<(), ToolError> {
        match self.call()?.args(["volume", "rm", name]).run().await {
            Err(error) if is_missing(&error) => Ok(()),
            other => other.map(drop),
        }
    }
}

fn is_missing(error: &ToolError) -> bool {
    error.stderr().to_ascii_lowercase().contains("no such volume")
}
