//! JSON Schemas of what users write, for editors: from the same tables of names, the same bounds
//! and the same lists of keys as the reading. A schema knows shapes; what refers to what, and what
//! makes sense, only the reading tells.
//!
//! The title of each object is what the reading calls it, so that a test can lay the two side by
//! side.

mod lab;
mod parts;
mod scenario;
mod template;
#[cfg(test)]
mod tests;
mod workload;

use serde_json::{Value, json};

/// A kind of file that users write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Document {
    Lab,
    Scenario,
    /// The front matter of a cluster template.
    Template,
}

impl Document {
    pub const ALL: [Self; 3] = [Self::Lab, Self::Scenario, Self::Template];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Scenario => "scenario",
            Self::Template => "template",
        }
    }

    /// Its schema, as text that ends with a line break.
    #[must_use]
    pub fn schema(self) -> String {
        let root = match self {
            Self::Lab => lab::document(),
            Self::Scenario => scenario::document(),
            Self::Template => template::document(),
        };
        let mut schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema"});
        if let (Value::Object(schema), Value::Object(root)) = (&mut schema, root) {
            schema.extend(root);
        }
        format!("{schema:#}\n")
    }
}
