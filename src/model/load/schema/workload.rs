//! The schema of the user's own workload, of what is done with it, and of what is asked of it.

use serde_json::{Value, json};

use super::{
    super::{asking::STATUSES, deed::DEEDS, lab::NODE_PORTS},
    parts::{
        boolean, choice, duration, exactly_one, free, integer, list, name, object, one_or_more,
        pattern, say, some, some_of, text,
    },
};
use crate::model::{asking::Method, workload::Workload};

/// The shipped one, or the user's own.
pub(super) fn workload() -> Value {
    let own = object(
        "a workload",
        [("manifests!", manifests()), ("endpoints!", some(&name(), &endpoint(), None))],
    );
    json!({"oneOf": [choice(&[(Workload::ECHO, ())]), own]})
}

fn manifests() -> Value {
    say(some_of(&text()), "Files below the scenario's directory, applied as they are.")
}

fn endpoint() -> Value {
    let path = || pattern("^/[^#]*$");
    let port = say(integer(&NODE_PORTS), "That of its service; the lab publishes it.");
    object(
        "an endpoint",
        [
            ("nodePort!", port),
            ("path", say(path(), "What clients ask for.")),
            ("check", say(path(), "What health checks ask for.")),
        ],
    )
}

pub(super) fn setup() -> Value {
    let [apply, exec, wait] = deeds();
    let entry = object("an entry of `setup`", [apply, exec, wait]);
    say(list(&exactly_one(entry, &DEEDS)), "What is done before the workload comes.")
}

/// What may stand in `setup` and in steps.
pub(super) fn deeds() -> [(&'static str, Value); 3] {
    [("apply", apply()), ("exec", exec()), ("wait", wait())]
}

fn apply() -> Value {
    object("`apply`", [("manifests!", manifests()), ("in", places()), ("within", duration())])
}

fn exec() -> Value {
    let command = say(some_of(&text()), "A program of this host and its arguments; no shell.");
    object("`exec`", [("command!", command), ("within", duration())])
}

fn wait() -> Value {
    object(
        "`wait`",
        [
            ("apiVersion!", text()),
            ("kind!", text()),
            ("namespace", text()),
            ("name!", text()),
            ("condition!", say(text(), "The one that must be true, such as `Available`.")),
            ("in", places()),
            ("within!", duration()),
        ],
    )
}

fn places() -> Value {
    say(one_or_more(), "Roles; `all`, as without it, is every cluster.")
}

/// What the requests of a traffic ask, and what a good answer is.
pub(super) fn asking() -> [(&'static str, Value); 5] {
    let headers = free(&pattern("^[A-Za-z0-9-]+$"), &text());
    [
        ("endpoint", say(name(), "Of the workload; may be left out where there is only one.")),
        ("method", choice(&Method::NAMES)),
        ("headers", headers),
        ("expect", answer()),
        ("answeredBy", answered_by()),
    ]
}

fn answer() -> Value {
    let contains = object("`body`", [("contains!", text())]);
    let body = json!({"oneOf": [text(), contains]});
    object("what an answer must be", [("status", integer(&STATUSES)), ("body", body)])
}

fn answered_by() -> Value {
    let header = say(text(), "The one that names the cluster or the node.");
    object("`answeredBy`", [("header!", header)])
}

pub(super) fn requires() -> Value {
    let schema = object(
        "`requires`",
        [
            ("enforces", say(boolean(), "Every cluster enforces NetworkPolicy.")),
            ("real", say(boolean(), "Clusters are real, not simulated.")),
        ],
    );
    say(schema, "What must be so; else the run is skipped.")
}

pub(super) fn timeouts() -> Value {
    let schema = object(
        "`timeouts`",
        [
            ("create", say(duration(), "The provider's own steps for one cluster.")),
            ("ready", say(duration(), "From a created cluster to a ready one.")),
            ("pull", say(duration(), "The download of one image.")),
            ("deploy", say(duration(), "The workload of one cluster.")),
        ],
    );
    say(schema, "How long the parts of a lab may take to come up.")
}

pub(super) fn on_failure() -> Value {
    let schema = object(
        "`onFailure`",
        [
            ("collect", say(boolean(), "Keep the logs of the clusters.")),
            ("keep", say(boolean(), "Leave the lab standing.")),
        ],
    );
    say(schema, "What becomes of a run that does not pass.")
}
