//! `seatrial schema`.

use clap::ValueEnum;

use super::Outcome;
use crate::model::load::Document;

/// Print the JSON Schema of a kind of file, for editors.
///
/// A schema knows shapes; `seatrial scenario lint` tells everything that is wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Schema {
    kind: Kind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Lab,
    Scenario,
    /// The front matter of a cluster template.
    Template,
}

impl Schema {
    pub(super) fn run(self) -> Outcome {
        let document = match self.kind {
            Kind::Lab => Document::Lab,
            Kind::Scenario => Document::Scenario,
            Kind::Template => Document::Template,
        };
        Outcome::passed(document.schema())
    }
}
