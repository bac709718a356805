//! Why a template could not be used, and where in it.

use miette::{Diagnostic, NamedSource, SourceSpan};

#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum TemplateError {
    #[error("the result of template {template} is no YAML: {why}")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_template_says_which_and_why() {
        let template = || "kind-basic".to_owned();
        let errors = [
            TemplateError::NotYaml { template: template(), why: "line 3: no tabs".to_owned() },
            TemplateError::Rendering {
                message: "`imgae` is not defined".to_owned(),
                template: NamedSource::new(template(), "image: {{ imgae }}".to_owned()),
                at: (10, 5).into(),
            },
            TemplateError::TooLarge { template: template(), limit: 1 << 20 },
            TemplateError::Unusable { template: template(), why: "it is not UTF-8".to_owned() },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }
}
