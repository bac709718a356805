//! The schema of labs.

use serde_json::{Value, json};

use super::{
    super::lab::{MOST_CLUSTERS, MOST_PORTS, NODE_PORTS},
    parts::{
        api_version, boolean, choice, free, integer, kind, labels, list, name, object, parameter,
        pattern, say, set_of, some, text, with,
    },
};
use crate::model::lab::{Cni, Connect, Network};

pub(super) fn document() -> Value {
    object(
        "a lab",
        [
            ("apiVersion!", api_version()),
            ("kind!", kind("Lab")),
            ("name!", name()),
            ("description", text()),
            ("connect", connect()),
            ("defaults", say(cluster("`defaults`"), "What clusters have that do not say it.")),
            ("clusters!", clusters()),
        ],
    )
}

/// A lab that stands in a scenario.
pub(super) fn inline() -> Value {
    object(
        "a lab",
        [
            ("name", name()),
            ("connect", connect()),
            ("defaults", cluster("`defaults`")),
            ("clusters!", clusters()),
        ],
    )
}

fn connect() -> Value {
    say(choice(&Connect::NAMES), "`pods`: pods reach those of other clusters by their addresses.")
}

fn clusters() -> Value {
    some(&name(), &cluster("a cluster"), Some(MOST_CLUSTERS))
}

fn cluster(of: &str) -> Value {
    let ports = with(set_of(&integer(&NODE_PORTS)), "maxItems", json!(MOST_PORTS));
    object(
        of,
        [
            ("template", say(text(), "A cluster template; `seatrial template list` shows them.")),
            ("kubernetes", version()),
            ("cni", cni()),
            ("labels", say(labels(), "What roles find it by.")),
            ("parameters", say(free(&text(), &parameter()), "What its template declares.")),
            ("ports", say(ports, "Node ports published on this host's loopback.")),
            ("network", choice(&Network::NAMES)),
            ("keepBootstrapToken", boolean()),
        ],
    )
}

fn cni() -> Value {
    let digest = say(pattern("^[0-9A-Fa-f]{64}$"), "What `sha256sum` prints of the file.");
    let images = say(list(&text()), "What every node gets before; the rest is pulled.");
    let manifest = object(
        "a CNI",
        [
            ("manifest!", say(text(), "A file below the one that names it.")),
            ("sha256", digest),
            ("images", images),
            ("enforces", say(boolean(), "Whether it enforces NetworkPolicy; it is tried anyway.")),
        ],
    );
    json!({"oneOf": [choice(&Cni::NAMES), manifest]})
}

fn version() -> Value {
    let minor = "v?[0-9]+\\.[0-9]+(\\.[0-9]+.*)?";
    let image = "[A-Za-z0-9./:@_][A-Za-z0-9./:@_-]*[/:][A-Za-z0-9./:@_-]*";
    let schema = pattern(&format!("^(default|{minor}|{image})$"));
    let schema = with(schema, "examples", json!(["1.36", "1.36.3", "kindest/node:v1.36.3"]));
    say(schema, "A minor, a full version, a node image, or `default`; in quotes.")
}
