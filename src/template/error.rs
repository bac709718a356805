//! Why a template could not be used, and where in it.

use std::time::Duration;

use miette::Diagnostic;

use crate::{model::problems::Problems, tool::ToolError};

#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum TemplateError {
    /// Each with its place in a template, or in what came out of one.
    #[error("{0}")]
    Faulty(Problems),
    #[error("template {template} takes more than {} MiB of memory to render", limit >> 20)]
    #[diagnostic(
        code(template::no_memory),
        help("look for a text or a list that grows with every round of a loop")
    )]
    NoMemory { template: String, limit: u64 },
    #[error("template {template} takes longer than {} s to render", limit.as_secs())]
    #[diagnostic(code(template::no_time), help("look for loops within loops"))]
    NoTime { template: String, limit: Duration },
    #[error("the result of template {template} is larger than {limit} bytes")]
    #[diagnostic(code(template::too_large), help("look for a loop that does not end"))]
    TooLarge { template: String, limit: usize },
    #[error(transparent)]
    #[diagnostic(code(template::tool))]
    Tool(#[from] ToolError),
    #[error("template {template} is of no use: {why}")]
    #[diagnostic(code(template::unusable))]
    Unusable { template: String, why: String },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{problem::Problem, problems::Located, source::SourceFile};

    #[test]
    fn every_error_of_a_template_says_which_and_why() {
        let template = || "kind-basic".to_owned();
        let file = SourceFile::new("templates/kind-basic.yaml", "image: {{ imgae }}");
        let problem = Problem::Template { message: "`imgae` is not defined".to_owned() };
        let errors = [
            TemplateError::Faulty(Located::new(&file, 10..15, problem).into()),
            TemplateError::NoMemory { template: template(), limit: 256 << 20 },
            TemplateError::NoTime { template: template(), limit: Duration::from_secs(10) },
            TemplateError::TooLarge { template: template(), limit: 1 << 20 },
            ToolError::Cancelled { command: "seatrial __render".to_owned() }.into(),
            TemplateError::Unusable { template: template(), why: "it is not UTF-8".to_owned() },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }
}
