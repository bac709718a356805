//! What a user names: a file, or something that comes with seatrial.

use std::{
    convert::Infallible,
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use indexmap::{IndexMap, IndexSet};

use super::{Context, Failure};
use crate::{
    model::{
        lab::Lab,
        load::{Loader, Shelf, named_labs},
        nearest::Nearest,
        problem::Problem,
        problems::{Located, Problems},
        scenario::Scenario,
        source::SourceFile,
        template::FrontMatter,
        variants::Variants,
    },
    shipped,
    template::Catalogue,
};

/// A lab's file, or the name of a shipped one.
#[derive(Clone, Debug)]
pub(super) struct LabSource(String);

/// A scenario's file, or the name of a shipped one.
#[derive(Clone, Debug)]
pub(super) struct ScenarioSource(String);

/// A scenario with its variants, its file, and the templates that its labs were read with.
pub(super) struct Loaded {
    pub(super) variants: Variants,
    pub(super) file: SourceFile,
    pub(super) templates: Templates,
}

/// The templates of a scenario and its variants. Those beside a lab are for that lab alone: what a
/// variant means does not depend on the labs of others.
pub(super) struct Templates {
    own: Catalogue,
    /// By the text that names the lab.
    of_labs: IndexMap<String, Catalogue>,
}

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

    /// The lab, and the templates that it was read with.
    pub(super) fn load(&self, context: &Context) -> Result<(Lab, Catalogue), Failure> {
        let path = PathBuf::from(&self.0);
        let catalogue = Catalogue::shipped()?;
        // A directory of that name is in nobody's way.
        let shipped = catalogue.shipped_lab(&self.0).filter(|_| !path.is_file());
        let (file, beside) = if let Some(file) = shipped {
            (file, Vec::new())
        } else {
            let file = read(&path, "shipped lab", &catalogue.shipped_lab_names())?;
            (file, vec![templates_beside(&path)])
        };
        let catalogue = context.catalogue(&beside)?;
        context.versions()?;
        let lab = Loader::new(&catalogue).lab(&file)?;
        Ok((lab, catalogue))
    }
}

impl ScenarioSource {
    pub(super) fn shown(&self) -> &str {
        &self.0
    }

    /// None of one that comes with seatrial.
    pub(super) fn file(&self) -> Option<&Path> {
        Some(Path::new(&self.0)).filter(|path| path.is_file())
    }

    pub(super) fn load(&self, context: &Context) -> Result<Loaded, Failure> {
        self.load_with(context, &[])
    }

    /// The same with some values of it changed.
    pub(super) fn load_with(&self, context: &Context, set: &[String]) -> Result<Loaded, Failure> {
        context.versions()?;
        Ok(self.read(context, set)?)
    }

    /// What a file says if it is a scenario; files of other kinds may lie beside scenarios.
    pub(super) fn load_if_scenario(&self, context: &Context) -> Result<Option<Variants>, Failure> {
        let other_kind = |problem: &Problem| {
            matches!(
                problem,
                Problem::WrongKind { .. }
                    | Problem::UnknownKind { .. }
                    | Problem::UnknownApiVersion { .. }
            )
        };
        match self.read(context, &[]) {
            Ok(loaded) => Ok(Some(loaded.variants)),
            Err(problems) if problems.iter().any(|one| other_kind(&one.problem)) => Ok(None),
            Err(problems) => Err(problems.into()),
        }
    }

    fn read(&self, context: &Context, set: &[String]) -> Result<Loaded, Problems> {
        let path = PathBuf::from(&self.0);
        if let Some(text) = shipped::named(&shipped::SCENARIOS, &self.0).filter(|_| !path.is_file())
        {
            let file = SourceFile::new(format!("scenarios/{}.yaml", self.0), text);
            // A lab that it brings itself has its templates in the program.
            let is_given = set.iter().any(|set| set.starts_with("lab="));
            let labs = if is_given { named_labs(&file, set) } else { Vec::new() };
            let templates = Templates::beside(Path::new(""), &[], labs, context)?;
            let variants = Loader::new(&templates).variants(&file, None, set)?;
            return Ok(Loaded { variants, file, templates });
        }
        let names = shipped::SCENARIOS.map(|(name, _)| name.to_owned());
        let file = read(&path, "shipped scenario", &names)?;
        let base = path.parent().map_or_else(PathBuf::new, PathBuf::from);
        let own = [templates_beside(&path)];
        let templates = Templates::beside(&path, &own, named_labs(&file, set), context)?;
        let variants = Loader::new(&templates).variants(&file, Some(&base), set)?;
        Ok(Loaded { variants, file, templates })
    }
}

impl Templates {
    /// Those of a scenario; and for each of these labs, named by paths that start beside `path`,
    /// those beside it, which go before.
    fn beside(
        path: &Path,
        own: &[PathBuf],
        labs: Vec<String>,
        context: &Context,
    ) -> Result<Self, Problems> {
        let mut of_labs = IndexMap::new();
        for lab in labs.into_iter().collect::<IndexSet<_>>() {
            let beside = templates_beside(&path.with_file_name(&lab));
            if stays_below(Path::new(&lab)) && !own.contains(&beside) {
                let both = [&[beside], own].concat();
                of_labs.insert(lab, context.catalogue(&both)?);
            }
        }
        Ok(Self { own: context.catalogue(own)?, of_labs })
    }

    /// What the lab of a scenario, or of a variant, is made from.
    pub(super) fn of(&self, scenario: &Scenario) -> &Catalogue {
        let lab = scenario.named_lab.as_ref();
        lab.and_then(|lab| self.of_labs.get(lab)).unwrap_or(&self.own)
    }
}

impl Shelf for Templates {
    fn template(&self, name: &str) -> Option<FrontMatter> {
        self.own.template(name)
    }

    fn template_problems(&self, name: &str) -> Option<Problems> {
        self.own.template_problems(name)
    }

    fn template_names(&self) -> Vec<String> {
        self.own.template_names()
    }

    fn shipped_lab(&self, name: &str) -> Option<SourceFile> {
        self.own.shipped_lab(name)
    }

    fn of_lab(&self, lab: &str) -> Option<&dyn Shelf> {
        self.of_labs.get(lab).map(|catalogue| catalogue as &dyn Shelf)
    }

    fn shipped_lab_names(&self) -> Vec<String> {
        self.own.shipped_lab_names()
    }
}

/// Where the templates of a lab lie that is in a file.
fn templates_beside(file: &Path) -> PathBuf {
    file.with_file_name("templates")
}

/// Any other path is refused when the scenario is read.
fn stays_below(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Reads a file. What does not exist, and lies in no directory, may have been meant as the name of
/// something shipped.
fn read(path: &Path, what: &'static str, shipped: &[String]) -> Result<SourceFile, Problems> {
    SourceFile::read(path).map_err(|problems| {
        let missing = problems.iter().find_map(|located| match &located.problem {
            Problem::Missing { path, nearest } => Some((path.clone(), nearest.name().is_some())),
            _ => None,
        });
        let Some((text, has_near_file)) = missing.filter(|(text, _)| is_bare(text)) else {
            return problems;
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let nearest = Nearest::among(&stem, shipped);
        let (is_file, is_near) = (path.extension().is_some(), nearest.name().is_some());
        // The name of a file means a file first, a bare name what is shipped.
        let means_file =
            if is_file { has_near_file || !is_near } else { has_near_file && !is_near };
        if means_file {
            return problems;
        }
        let problem = Problem::UnknownName { what, name: text.clone(), nearest };
        Located::nowhere(&text, problem).into()
    })
}

fn is_bare(path: &str) -> bool {
    !path.contains(['/', '\\'])
}
