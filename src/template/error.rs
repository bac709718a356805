//! Why a template could not be used, and where in it.

use miette::{Diagnostic, NamedSource, SourceSpan};

#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum TemplateError {
    #[error("the result is no YAML: {why}")]
    #[diagnostic(code(template::not_yaml), help("`seatrial render` shows what came out"))]
    NotYaml { template: String, why: String },
    #[error("{message}")]
    #[diagnostic(code(template::rendering))]
    Rendering {
        message: String,
        #[source_code]
        template: NamedSource<String>,
        #[label("here")]
        at: SourceSpan,
    },
    #[error("the result of template {template} is larger than {limit} bytes")]
    #[diagnostic(code(template::too_large), help("look for a loop that does not end"))]
    TooLarge { template: String, limit: usize },
    #[error("template {template} is of no use: {why}")]
    #[diagnostic(code(template::unusable))]
    Unusable { template: String, why: String },
}
