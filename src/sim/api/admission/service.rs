//! Services. Their addresses and node ports come from the store, which knows what is in use.

use serde_json::json;

use super::{Object, default, map_in, maps_in};

pub(super) fn fill(service: &mut Object) {
    if let Some(spec) = map_in(service.map(), "spec") {
        default(spec, "type", "ClusterIP");
        default(spec, "sessionAffinity", "None");
        let service_type = spec["type"].as_str().unwrap_or_default().to_owned();
        if service_type != "ExternalName" {
            default(spec, "internalTrafficPolicy", "Cluster");
            default(spec, "ipFamilies", json!(["IPv4"]));
            default(spec, "ipFamilyPolicy", "SingleStack");
        }
        if matches!(service_type.as_str(), "LoadBalancer" | "NodePort") {
            default(spec, "externalTrafficPolicy", "Cluster");
        }
        for port in maps_in(spec, "ports") {
            default(port, "protocol", "TCP");
            if let Some(number) = port.get("port").cloned() {
                default(port, "targetPort", number);
            }
        }
    }
    service.map().entry("status").or_insert_with(|| json!({"loadBalancer": {}}));
}
