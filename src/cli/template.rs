//! `seatrial template`.

use serde::Serialize;

use super::{
    Context, Failure, Outcome,
    table::{self, Format, Rows},
};
use crate::model::{load::Shelf, nearest::Nearest};

/// Cluster templates.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Template {
    /// List the templates that a lab can name.
    List {
        #[arg(long, short, value_enum, default_value_t)]
        output: Format,
    },
    /// Print a template's file.
    Show { name: String },
}

#[derive(Serialize)]
struct Row {
    name: String,
    provider: String,
    description: String,
    parameters: Vec<String>,
}

impl Rows for Row {
    const HEADER: &'static [&'static str] = &["NAME", "PROVIDER", "PARAMETERS", "DESCRIPTION"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self) -> Vec<String> {
        let parameters = self.parameters.join(",");
        vec![self.name.clone(), self.provider.clone(), parameters, self.description.clone()]
    }
}

impl Template {
    pub(super) fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let catalogue = context.catalogue();
        match self {
            Self::List { output } => {
                let rows: Vec<Row> = catalogue
                    .clusters()
                    .iter()
                    .map(|template| Row {
                        name: template.name.clone(),
                        provider: template.front_matter.provider.to_string(),
                        description: template.front_matter.description.clone().unwrap_or_default(),
                        parameters: template.front_matter.parameters.keys().cloned().collect(),
                    })
                    .collect();
                Ok(Outcome::passed(table::write(output, &rows)?))
            }
            Self::Show { name } => {
                let template = catalogue.cluster(&name).ok_or_else(|| {
                    let nearest = Nearest::among(&name, catalogue.template_names());
                    Failure::usage(format!("there is no template `{name}`; {nearest}"))
                })?;
                Ok(Outcome::passed(template.file.text()))
            }
        }
    }
}
