//! Kubernetes manifests as files hold them: several documents, lists of objects, any kind.
//!
//! Must not know what is done with them.

use serde::Deserialize;
use serde_json::Value;

/// One object of a manifest: it has `apiVersion`, `kind` and `metadata.name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Value);

/// What is wrong with a manifest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("document {document}: {why}")]
pub struct BadManifest {
    /// From 1.
    pub document: usize,
    pub why: String,
}

/// Every object of a manifest in its order; those of a `List` stand for themselves.
pub fn objects(text: &str) -> Result<Vec<Object>, BadManifest> {
    let mut objects = Vec::new();
    for (document, yaml) in (1..).zip(serde_yaml::Deserializer::from_str(text)) {
        let bad = |why: String| BadManifest { document, why };
        let value = Value::deserialize(yaml).map_err(|error| bad(error.to_string()))?;
        for value in unlisted(value) {
            objects.push(Object::of(value).map_err(bad)?);
        }
    }
    Ok(objects)
}

/// The entries of a list of objects, or the object itself; nothing of an empty document.
fn unlisted(value: Value) -> Vec<Value> {
    let is_list = value["apiVersion"] == "v1" && value["kind"] == "List";
    match value {
        Value::Null => Vec::new(),
        Value::Object(mut list) if is_list => match list.remove("items") {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        value => vec![value],
    }
}

impl Object {
    fn of(value: Value) -> Result<Self, String> {
        let has = |pointer| value.pointer(pointer).is_some_and(Value::is_string);
        let wanted = ["/apiVersion", "/kind", "/metadata/name"];
        match wanted.into_iter().find(|pointer| !has(pointer)) {
            None => Ok(Self(value)),
            Some(missing) => {
                let missing = missing[1..].replace('/', ".");
                Err(format!(
                    "an object needs apiVersion, kind and metadata.name; {missing} is no text here"
                ))
            }
        }
    }

    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Where it goes; what says nothing goes into `default`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self.text("/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        }
    }

    #[must_use]
    pub fn is(&self, api_version: &str, kind: &str) -> bool {
        self.text("/apiVersion") == api_version && self.text("/kind") == kind
    }

    /// The images of the pods that it makes, as far as Kubernetes' own kinds are concerned.
    #[must_use]
    pub fn images(&self) -> Vec<&str> {
        let spec = match self.text("/kind") {
            "Pod" => "/spec",
            "CronJob" => "/spec/jobTemplate/spec/template/spec",
            _ => "/spec/template/spec",
        };
        let containers = ["initContainers", "containers"].map(|key| format!("{spec}/{key}"));
        let containers = containers.iter().filter_map(|path| self.0.pointer(path)?.as_array());
        containers.flatten().filter_map(|container| container["image"].as_str()).collect()
    }

    /// The node ports that a service asks for by number.
    #[must_use]
    pub fn node_ports(&self) -> Vec<u16> {
        if !self.is("v1", "Service") {
            return Vec::new();
        }
        let ports = self.0.pointer("/spec/ports").and_then(Value::as_array);
        let numbers = ports.into_iter().flatten().filter_map(|port| port["nodePort"].as_u64());
        numbers.filter_map(|number| u16::try_from(number).ok()).collect()
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn documents_and_lists_are_taken_apart_and_empty_ones_left_out() {
        let text = "---\n# nothing\n---\n{apiVersion: v1, kind: Secret, metadata: {name: a}}\n---\n\
            apiVersion: v1\nkind: List\nitems:\n\
            - {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: shop}}\n\
            - {apiVersion: v1, kind: Pod, metadata: {name: c}}\n";
        let objects = objects(text).expect("it is good");
        let seen: Vec<_> = objects.iter().map(|one| (one.name(), one.namespace())).collect();
        assert_eq!(seen, [("a", "default"), ("b", "shop"), ("c", "default")]);
    }

    #[test]
    fn an_object_of_a_user_keeps_its_items() {
        let text = "{apiVersion: shop/v1, kind: Basket, metadata: {name: a}, items: [1, 2]}";
        let [basket] = &objects(text).expect("it is good")[..] else { panic!("one") };
        assert_eq!(basket.clone().into_value()["items"], serde_json::json!([1, 2]));
    }

    #[rstest]
    #[case("a: [", "document 1: ")]
    #[case(
        "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\njust a text",
        "document 2: an object needs"
    )]
    #[case(
        "{apiVersion: v1, kind: Pod, metadata: {generateName: a}}",
        "metadata.name is no text here"
    )]
    #[case("{apiVersion: v1, kind: Pod, metadata: {name: 1}}", "metadata.name is no text here")]
    fn what_is_no_object_is_refused_with_its_document(#[case] text: &str, #[case] said: &str) {
        let error = objects(text).expect_err("it is bad").to_string();
        assert!(error.contains(said), "{error}");
    }

    #[test]
    fn images_are_found_where_pods_are_described() {
        let text = "
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: one:1}]}}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{image: two:2}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: c}
spec: {template: {spec: {initContainers: [{image: three:3}], containers: [{image: four:4}]}}}
";
        let objects = objects(text).expect("it is good");
        let images: Vec<_> = objects.iter().flat_map(Object::images).collect();
        assert_eq!(images, ["one:1", "two:2", "three:3", "four:4"]);
    }
}
