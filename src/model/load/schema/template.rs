//! The schema of the front matter of cluster templates.

use serde_json::{Value, json};

use super::parts::{choice, free, name, object, parameter, pattern, say, text};
use crate::model::template::ParameterKind;

pub(super) fn document() -> Value {
    let names = pattern("^[a-z][a-z0-9_]*$");
    object(
        "a template's front matter",
        [
            ("provider!", say(name(), "Who makes the cluster, such as `kind`.")),
            ("description", text()),
            ("parameters", free(&names, &declared())),
        ],
    )
}

fn declared() -> Value {
    let number = || json!({"type": "integer"});
    object(
        "a parameter",
        [
            ("type!", choice(&ParameterKind::NAMES)),
            ("default", say(parameter(), "Without one every lab must give it a value.")),
            ("minimum", number()),
            ("maximum", number()),
            ("description", text()),
        ],
    )
}
