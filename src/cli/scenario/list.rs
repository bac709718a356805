//! `seatrial scenario list`.

use std::{fs, path::PathBuf};

use serde::Serialize;

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        source::ScenarioSource,
        table::{self, Format, Rows},
    },
    model::variants::Variants,
    shipped,
};

/// List the shipped scenarios, and those of directories.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    /// Directories with scenarios.
    dirs: Vec<PathBuf>,
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

#[derive(Serialize)]
struct Row {
    /// What `seatrial run` takes.
    name: String,
    clusters: Vec<String>,
    variants: Vec<String>,
    description: String,
}

impl Rows for Row {
    const HEADER: &'static [&'static str] = &["NAME", "CLUSTERS", "VARIANTS", "DESCRIPTION"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self) -> Vec<String> {
        let (clusters, variants) = (self.clusters.join(","), self.variants.join(","));
        vec![self.name.clone(), clusters, variants, self.description.clone()]
    }
}

impl Row {
    fn of(name: String, variants: &Variants) -> Self {
        let names = |names: Vec<&crate::model::name::Name>| -> Vec<String> {
            names.into_iter().map(ToString::to_string).collect()
        };
        Self {
            name,
            clusters: names(variants.base.lab.clusters.keys().collect()),
            variants: names(variants.variants.keys().collect()),
            description: variants.base.description.clone().unwrap_or_default(),
        }
    }
}

impl List {
    /// What cannot be read is told beside the list of what can.
    pub(in crate::cli) fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let mut names: Vec<String> =
            shipped::SCENARIOS.iter().map(|(name, _)| (*name).to_owned()).collect();
        for dir in &self.dirs {
            names.extend(yaml_files(dir)?);
        }
        let (mut rows, mut problems) = (Vec::new(), String::new());
        for name in names {
            let Ok(source) = name.parse::<ScenarioSource>();
            match source.load_if_scenario(context) {
                Ok(Some(variants)) => rows.push(Row::of(name, &variants)),
                Ok(None) => {}
                Err(failure) => problems.push_str(&failure.words),
            }
        }
        let exit = if problems.is_empty() { Exit::Passed } else { Exit::Usage };
        Ok(Outcome::ended(exit, table::write(self.output, &rows)?).with_error(&problems))
    }
}

/// The YAML files right in a directory, in the order of their names.
fn yaml_files(dir: &PathBuf) -> Result<Vec<String>, Failure> {
    let odd = |error: std::io::Error| Failure::usage(format!("{}: {error}", dir.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(odd)? {
        let path = entry.map_err(odd)?.path();
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if is_yaml && path.is_file() {
            files.push(path.display().to_string());
        }
    }
    files.sort();
    Ok(files)
}
