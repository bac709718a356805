//! From files to checked labs, scenarios and front matter: everything that is wrong with a file is
//! reported at once, with its place.

mod asking;
mod change;
mod cni;
mod conditions;
mod deed;
mod document;
mod expect;
mod front_door;
mod isolation;
mod lab;
mod lab_source;
mod manifest;
mod names;
mod overlap;
mod repeat;
mod roles;
mod scenario;
mod schema;
mod steps;
mod template;
#[cfg(test)]
mod tests;
mod traffic;
mod variants;
mod workload;

use std::path::Path;

use super::{
    lab::Lab, problems::Problems, scenario::Scenario, source::SourceFile, template::FrontMatter,
    variants::Variants,
};

pub use self::{schema::Document, template::template_front_matter, variants::named_labs};

/// What files refer to by name: cluster templates and shipped labs.
pub trait Shelf {
    /// The front matter of a cluster template.
    fn template(&self, name: &str) -> Option<FrontMatter>;
    /// What is wrong with the file of a cluster template that is there and of no use.
    fn template_problems(&self, _name: &str) -> Option<Problems> {
        None
    }
    /// The names of all cluster templates.
    fn template_names(&self) -> Vec<String>;
    /// A lab that comes with the program.
    fn shipped_lab(&self, name: &str) -> Option<SourceFile>;
    /// What a lab in a file of its own refers to, by the text that names it in a scenario; none when
    /// that is the same as for the scenario.
    fn of_lab(&self, _lab: &str) -> Option<&dyn Shelf> {
        None
    }
    /// The names of all labs that come with the program.
    fn shipped_lab_names(&self) -> Vec<String>;
}

/// Loads labs and scenarios.
pub struct Loader<'s> {
    shelf: &'s dyn Shelf,
}

impl<'s> Loader<'s> {
    #[must_use]
    pub const fn new(shelf: &'s dyn Shelf) -> Self {
        Self { shelf }
    }

    /// Loads a file of `kind: Lab`.
    pub fn lab(&self, file: &SourceFile) -> Result<Lab, Problems> {
        lab::load(file, self.shelf)
    }

    /// Loads a file of `kind: Scenario`. `base` is its directory, below which its lab may lie; a
    /// scenario without one comes with the program, and so does its lab.
    pub fn scenario(&self, file: &SourceFile, base: Option<&Path>) -> Result<Scenario, Problems> {
        self.variants(file, base, &[]).map(|variants| variants.base)
    }

    /// Loads a file of `kind: Scenario` with all of its variants, each checked as a whole scenario.
    /// `settings` are arguments of the form `PATH=VALUE`, which win over both.
    pub fn variants(
        &self,
        file: &SourceFile,
        base: Option<&Path>,
        settings: &[String],
    ) -> Result<Variants, Problems> {
        variants::load(file, base, self.shelf, settings)
    }
}
