//! Cells of services, and of what they lead to.

use jiff::Timestamp;
use serde_json::Value;

use super::{NONE, or, pairs};
use crate::sim::api::Object;

pub(in crate::sim::api::serve::table) fn service_selector(service: &Object, _: Timestamp) -> Value {
    pairs(service.pointer("/spec/selector")).into()
}

pub(in crate::sim::api::serve::table) fn external_address(service: &Object, _: Timestamp) -> Value {
    let balancers = service.items("/status/loadBalancer/ingress");
    let balancers = balancers.filter_map(|one| one["ip"].as_str().or(one["hostname"].as_str()));
    let own = service.items("/spec/externalIPs").filter_map(Value::as_str);
    let all = balancers.chain(own).collect::<Vec<_>>().join(",");
    match service.text("/spec/type") {
        "ExternalName" => service.text("/spec/externalName").into(),
        "LoadBalancer" => or(&all, "<pending>"),
        _ => or(&all, NONE),
    }
}

pub(in crate::sim::api::serve::table) fn ports(service: &Object, _: Timestamp) -> Value {
    let ports = service.items("/spec/ports").map(|port| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        match port["nodePort"].as_u64() {
            Some(node_port) => format!("{}:{node_port}/{protocol}", port["port"]),
            None => format!("{}/{protocol}", port["port"]),
        }
    });
    or(&ports.collect::<Vec<_>>().join(","), NONE)
}

pub(in crate::sim::api::serve::table) fn endpoints(endpoints: &Object, _: Timestamp) -> Value {
    let subsets = endpoints.items("/subsets").flat_map(|subset| {
        let list = |field: &str| subset[field].as_array().into_iter().flatten();
        list("ports").flat_map(move |port| {
            list("addresses").map(move |address| {
                format!("{}:{}", address["ip"].as_str().unwrap_or_default(), port["port"])
            })
        })
    });
    or(&few(subsets.collect()), NONE)
}

pub(in crate::sim::api::serve::table) fn slice_ports(slice: &Object, _: Timestamp) -> Value {
    let ports = slice.items("/ports").map(|port| port["port"].to_string()).collect();
    or(&few(ports), "<unset>")
}

pub(in crate::sim::api::serve::table) fn slice_endpoints(slice: &Object, _: Timestamp) -> Value {
    let endpoints = slice.items("/endpoints");
    let addresses = endpoints.flat_map(|one| one["addresses"].as_array().into_iter().flatten());
    let addresses = addresses.filter_map(Value::as_str).map(str::to_owned).collect();
    or(&few(addresses), "<unset>")
}

/// The first three of some, and how many more there are.
fn few(all: Vec<String>) -> String {
    const SHOWN: usize = 3;
    let more = all.len().saturating_sub(SHOWN);
    let shown = all.into_iter().take(SHOWN).collect::<Vec<_>>().join(",");
    if more == 0 { shown } else { format!("{shown} + {more} more...") }
}
