//! The schema of the front matter of cluster templates.

use serde_json::{Value, json};

use super::parts::{boolean, choice, free, name, object, parameter, pattern, say, text};
use crate::model::template::ParameterKind;

pub(super) fn document() -> Value {
    let names = pattern("^[a-z][a-z0-9_]*$");
    object(
        "a template's front matter",
        [
            ("provider!", say(name(), "Who makes the cluster, such as `kind`.")),
            ("description", text()),
            ("hostMounts", say(boolean(), "Its nodes may see directories of the host.")),
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
            (
                "default",
                say(
                    parameter(),
                    "Without one every lab must give it a value, unless it is a version.",
                ),
            ),
            ("example", say(parameter(), "Shows what it is for; templates are tried out with it.")),
            ("minimum", number()),
            ("maximum", number()),
            ("description", text()),
        ],
    )
}
