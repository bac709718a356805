//! `seatrial template`.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    Context, Failure, Outcome,
    table::{self, Format, Rows},
    validate::Validate,
};
use crate::{
    model::{load::Shelf, nearest::Nearest},
    template::{Broken, Catalogue, ClusterTemplate},
};

/// Cluster templates: those that come with seatrial, those of `--templates`, and those that lie in
/// `templates`, where labs of this directory find them too.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Template {
    /// List the templates that a lab can name.
    List {
        #[arg(long, short, value_enum, default_value_t)]
        output: Format,
    },
    /// Print a template's file.
    Show {
        name: String,
    },
    Validate(Validate),
}

#[derive(Serialize)]
struct Row {
    name: String,
    provider: String,
    /// `shipped`, or the path of the user's file.
    source: String,
    /// Where the template of the same name is that it goes before.
    replaces: Option<String>,
    description: String,
    parameters: Vec<String>,
}

impl Rows for Row {
    const HEADER: &'static [&'static str] =
        &["NAME", "PROVIDER", "SOURCE", "PARAMETERS", "DESCRIPTION"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self) -> Vec<String> {
        let source = match &self.replaces {
            Some(replaced) => format!("{} (before the {replaced} one)", self.source),
            None => self.source.clone(),
        };
        let parameters = self.parameters.join(",");
        let description = self.description.clone();
        vec![self.name.clone(), self.provider.clone(), source, parameters, description]
    }
}

impl From<&ClusterTemplate> for Row {
    fn from(template: &ClusterTemplate) -> Self {
        Self {
            name: template.name.clone(),
            provider: template.front_matter.provider.to_string(),
            source: template.source().to_owned(),
            replaces: template.replaces().map(str::to_owned),
            description: template.front_matter.description.clone().unwrap_or_default(),
            parameters: template.front_matter.parameters.keys().cloned().collect(),
        }
    }
}

impl Template {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let catalogue = context.catalogue(&[PathBuf::from("templates")])?;
        match self {
            Self::List { output } => {
                let rows: Vec<Row> = catalogue.clusters().iter().map(Row::from).collect();
                let broken: String = catalogue.broken().iter().map(broken).collect();
                Ok(Outcome::passed(table::write(output, &rows)?).with_error(&broken))
            }
            Self::Show { name } => {
                Ok(Outcome::passed(named(&catalogue, &name)?.file.text().to_owned()))
            }
            Self::Validate(validate) => validate.run(context, &catalogue).await,
        }
    }
}

/// The template of a name, or why there is none.
pub(super) fn named<'c>(
    catalogue: &'c Catalogue,
    name: &str,
) -> Result<&'c ClusterTemplate, Failure> {
    if let Some(problems) = catalogue.template_problems(name) {
        return Err(problems.into());
    }
    catalogue.cluster(name).ok_or_else(|| {
        let nearest = Nearest::among(name, catalogue.template_names());
        Failure::usage(format!("there is no template `{name}`; {nearest}"))
    })
}

fn broken(broken: &Broken) -> String {
    let path = broken.path.display();
    format!("{path} is no template; to see why: seatrial template validate {path}\n")
}
