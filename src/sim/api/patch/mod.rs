//! Patches: the four ways in which a client says what to change of an object.

mod strategic;

use json_patch::PatchOperation;
use serde_json::Value;

use super::{Kind, Object, Refusal};

/// A change of an object, as it was sent.
#[derive(Clone, Debug)]
pub enum Patch {
    /// Server-side apply. It makes what is not there and merges into what is; which client owns
    /// which field is not kept, so there are no conflicts, and a field that a client no longer
    /// sends stays.
    Apply(Value),
    Json(json_patch::Patch),
    Merge(Value),
    Strategic(Value),
}

const SERVED: &str = "send application/json-patch+json, application/merge-patch+json, \
                      application/strategic-merge-patch+json or application/apply-patch+yaml";

impl Patch {
    /// Reads a patch by its media type.
    pub fn read(media_type: &str, body: &[u8]) -> Result<Self, Refusal> {
        let json = || serde_json::from_slice(body).map_err(Refusal::bad_request);
        match media_type {
            "application/apply-patch+yaml" => {
                serde_yaml::from_slice(body).map(Self::Apply).map_err(Refusal::bad_request)
            }
            "application/json-patch+json" => {
                serde_json::from_slice(body).map(Self::Json).map_err(Refusal::bad_request)
            }
            "application/merge-patch+json" => json().map(Self::Merge),
            "application/strategic-merge-patch+json" => json().map(Self::Strategic),
            other => {
                let given = other.to_owned();
                Err(Refusal::UnsupportedMediaType { given, instead: SERVED })
            }
        }
    }

    /// The object with the patch in it; `object` itself stays as it is.
    pub fn apply_to(&self, kind: &Kind, object: &Object) -> Result<Object, Refusal> {
        let mut value = Value::clone(object);
        match self {
            Self::Json(patch) => apply_json(&mut value, patch)?,
            Self::Merge(patch) => json_patch::merge(&mut value, patch),
            Self::Strategic(_) if kind.is_custom => {
                let given = "application/strategic-merge-patch+json".to_owned();
                let instead = "kinds that users define take JSON and merge patches";
                return Err(Refusal::UnsupportedMediaType { given, instead });
            }
            Self::Apply(patch) if kind.is_custom => json_patch::merge(&mut value, patch),
            Self::Apply(patch) | Self::Strategic(patch) => strategic::merge(&mut value, patch)?,
        }
        Object::try_from(value)
    }
}

/// The most operations of a JSON patch, as in Kubernetes.
const MOST_OPERATIONS: usize = 10_000;
/// The largest that an object can be made by copying within it, in bytes of JSON.
const LARGEST: usize = 3 << 20;

fn apply_json(value: &mut Value, patch: &json_patch::Patch) -> Result<(), Refusal> {
    if patch.len() > MOST_OPERATIONS {
        let why = format!("a JSON patch can have at most {MOST_OPERATIONS} operations");
        return Err(Refusal::bad_request(why));
    }
    for operation in patch.iter() {
        json_patch::patch(value, std::slice::from_ref(operation)).map_err(Refusal::bad_request)?;
        // Copies of copies grow without bound.
        if matches!(operation, PatchOperation::Copy(_)) && value.to_string().len() > LARGEST {
            return Err(Refusal::TooLarge { limit: LARGEST });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::api::Kinds;

    fn patched(media_type: &str, body: &str) -> Result<Object, Refusal> {
        let object = json!({
            "metadata": {"name": "web"}, "data": {"a": "1", "b": "2"},
            "list": [{"name": "x"}, {"name": "y"}],
        });
        let object = Object::try_from(object).expect("an object");
        let kind = Kinds::default().of("v1", "ConfigMap").expect("it is served");
        Patch::read(media_type, body.as_bytes())?.apply_to(&kind, &object)
    }

    #[test]
    fn a_merge_patch_replaces_lists_and_removes_what_is_null() {
        let body = r#"{"data": {"a": null, "c": "3"}, "list": [{"name": "z"}]}"#;
        let object = patched("application/merge-patch+json", body).expect("it fits");
        assert_eq!(object["data"], json!({"b": "2", "c": "3"}));
        assert_eq!(object["list"], json!([{"name": "z"}]));
    }

    #[test]
    fn a_json_patch_is_all_or_nothing() {
        let body = r#"[{"op": "test", "path": "/data/a", "value": "1"},
                       {"op": "replace", "path": "/data/a", "value": "9"},
                       {"op": "remove", "path": "/list/0"}]"#;
        let object = patched("application/json-patch+json", body).expect("it fits");
        assert_eq!((&object["data"]["a"], &object["list"]), (&json!("9"), &json!([{"name": "y"}])));
        let body = r#"[{"op": "remove", "path": "/data/a"}, {"op": "remove", "path": "/gone"}]"#;
        let refusal = patched("application/json-patch+json", body).expect_err("nothing is there");
        assert!(matches!(refusal, Refusal::BadRequest { .. }), "{refusal}");
    }

    #[test]
    fn copies_of_copies_come_to_an_end() {
        let copies = (0..40).map(|copy| {
            serde_json::json!({"op": "copy", "from": "/data", "path": format!("/data/{copy}")})
        });
        let body = copies.collect::<Value>().to_string();
        let refusal = patched("application/json-patch+json", &body).expect_err("it grows");
        assert_eq!(refusal.code(), 413);
    }

    #[test]
    fn what_is_applied_can_be_yaml() {
        let object = patched("application/apply-patch+yaml", "data:\n  a: '5'\n").expect("it fits");
        assert_eq!(object["data"], json!({"a": "5", "b": "2"}));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let refusal = patched("text/plain", "{}").expect_err("no patch");
        assert_eq!(refusal.code(), 415);
        for media_type in ["merge-patch+json", "json-patch+json", "strategic-merge-patch+json"] {
            let refusal = patched(&format!("application/{media_type}"), "{").expect_err("cut off");
            assert_eq!(refusal.code(), 400, "{media_type}");
        }
        assert_eq!(patched("application/apply-patch+yaml", "a: [").expect_err("no").code(), 400);
        let refusal = patched("application/merge-patch+json", "[]").expect_err("a list");
        assert_eq!(refusal.to_string(), "the object is no map");
    }
}
