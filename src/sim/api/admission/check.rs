//! What is refused because no cluster would take it: names, missing parts, selectors that do not
//! select what they make. Types and unknown fields are not checked.

use serde_json::Value;

use super::{Cause, Kind, Object, Refusal};

/// The longest name, in bytes.
const LONGEST: usize = 253;
/// The longest name that is one label of a DNS name.
const LONGEST_LABEL: usize = 63;

pub(super) fn check(kind: &Kind, object: &Object) -> Result<(), Refusal> {
    let mut causes = Vec::new();
    check_name(kind, object.name(), &mut causes);
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => require_list(object, "/spec/containers", &mut causes),
        ("", "Service") => check_service(object, &mut causes),
        ("apps", "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet") => {
            check_workload(object, &mut causes);
        }
        ("batch", "Job") => require_list(object, "/spec/template/spec/containers", &mut causes),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            check_definition(object, &mut causes);
        }
        _ => {}
    }
    if causes.is_empty() {
        return Ok(());
    }
    let group = &kind.group;
    let shown = if group.is_empty() { kind.kind.clone() } else { format!("{}.{group}", kind.kind) };
    Err(Refusal::Invalid { kind: shown, name: object.name().to_owned(), causes })
}

fn check_name(kind: &Kind, name: &str, causes: &mut Vec<Cause>) {
    if name.is_empty() {
        let message = "Required value: name or generateName is required";
        causes.push(cause("metadata.name", "FieldValueRequired", message.to_owned()));
        return;
    }
    let fits = match (kind.group.as_str(), kind.kind.as_str()) {
        // Names such as `system:node` are no names of hosts.
        ("rbac.authorization.k8s.io", _) => {
            !matches!(name, "." | "..") && !name.contains(['/', '%'])
        }
        ("", "Namespace" | "Service") => name.len() <= LONGEST_LABEL && is_label(name),
        _ => name.len() <= LONGEST && name.split('.').all(is_label),
    };
    if !fits {
        let rule = "must consist of lower case alphanumeric characters, '-' or '.', and must \
                    start and end with an alphanumeric character";
        let message = format!("Invalid value: \"{name}\": a lowercase RFC 1123 name {rule}");
        causes.push(cause("metadata.name", "FieldValueInvalid", message));
    }
}

fn is_label(label: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = label.as_bytes();
    bytes.iter().all(|byte| is_plain(*byte) || *byte == b'-')
        && bytes.first().is_some_and(|byte| is_plain(*byte))
        && bytes.last().is_some_and(|byte| is_plain(*byte))
}

fn check_workload(object: &Object, causes: &mut Vec<Cause>) {
    require_list(object, "/spec/template/spec/containers", causes);
    if object.number("/spec/replicas").is_some_and(|replicas| replicas < 0) {
        let message = "Invalid value: must be greater than or equal to 0".to_owned();
        causes.push(cause("spec.replicas", "FieldValueInvalid", message));
    }
    if !object.pointer("/spec/selector").is_some_and(Value::is_object) {
        causes.push(cause("spec.selector", "FieldValueRequired", "Required value".to_owned()));
        return;
    }
    let wanted = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let labels = object.pointer("/spec/template/metadata/labels");
    let has = |(key, value): (&String, &Value)| labels.and_then(|l| l.get(key)) == Some(value);
    if !wanted.into_iter().flatten().all(has) {
        let message = "Invalid value: `selector` does not match template `labels`".to_owned();
        causes.push(cause("spec.template.metadata.labels", "FieldValueInvalid", message));
    }
}

fn check_service(service: &Object, causes: &mut Vec<Cause>) {
    let has_ports = service.items("/spec/ports").next().is_some();
    let needs_none =
        service.text("/spec/type") == "ExternalName" || service.text("/spec/clusterIP") == "None";
    if !has_ports && !needs_none {
        causes.push(cause("spec.ports", "FieldValueRequired", "Required value".to_owned()));
    }
    for (index, port) in service.items("/spec/ports").enumerate() {
        if !port["port"].as_u64().is_some_and(|port| (1..=65535).contains(&port)) {
            let message =
                format!("Invalid value: {}: must be between 1 and 65535, inclusive", port["port"]);
            let field = format!("spec.ports[{index}].port");
            causes.push(cause(&field, "FieldValueInvalid", message));
        }
    }
}

fn check_definition(definition: &Object, causes: &mut Vec<Cause>) {
    let name =
        format!("{}.{}", definition.text("/spec/names/plural"), definition.text("/spec/group"));
    if definition.name() != name {
        let message = format!(
            "Invalid value: \"{}\": must be spec.names.plural+\".\"+spec.group",
            definition.name()
        );
        causes.push(cause("metadata.name", "FieldValueInvalid", message));
    }
    require_list(definition, "/spec/versions", causes);
}

fn require_list(object: &Object, pointer: &str, causes: &mut Vec<Cause>) {
    if object.items(pointer).next().is_none() {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        causes.push(cause(&field, "FieldValueRequired", "Required value".to_owned()));
    }
}

fn cause(field: &str, reason: &'static str, message: String) -> Cause {
    Cause { field: field.to_owned(), reason, message }
}
