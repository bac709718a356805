//! What a user names: a file, or something that comes with seatrial.

use std::{convert::Infallible, path::PathBuf, str::FromStr};

use super::{Context, Failure};
use crate::{
    model::{
        lab::Lab,
        load::{Loader, Shelf},
        scenario::Scenario,
        source::SourceFile,
    },
    shipped,
};

/// A lab's file, or the name of a shipped one.
#[derive(Clone, Debug)]
pub(super) struct LabSource(String);

/// A scenario's file, or the name of a shipped one.
#[derive(Clone, Debug)]
pub(super) struct ScenarioSource(String);

impl FromStr for LabSource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for ScenarioSource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl LabSource {
    pub(super) fn shown(&self) -> &str {
        &self.0
    }

    pub(super) fn load(&self, context: &Context) -> Result<Lab, Failure> {
        let catalogue = context.catalogue();
        let file = match catalogue.shipped_lab(&self.0) {
            Some(file) if !PathBuf::from(&self.0).exists() => file,
            _ => SourceFile::read(&PathBuf::from(&self.0))?,
        };
        Ok(Loader::new(catalogue).lab(&file)?)
    }
}

impl ScenarioSource {
    pub(super) fn shown(&self) -> &str {
        &self.0
    }

    pub(super) fn load(&self, context: &Context) -> Result<(Scenario, SourceFile), Failure> {
        let catalogue = context.catalogue();
        let loader = Loader::new(catalogue);
        let path = PathBuf::from(&self.0);
        if let Some(text) = shipped::named(&shipped::SCENARIOS, &self.0).filter(|_| !path.exists())
        {
            let file = SourceFile::new(format!("scenarios/{}.yaml", self.0), text);
            return Ok((loader.scenario(&file, None)?, file));
        }
        let file = SourceFile::read(&path)?;
        let base = path.parent().map_or_else(PathBuf::new, PathBuf::from);
        Ok((loader.scenario(&file, Some(&base))?, file))
    }
}
