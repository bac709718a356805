//! The schema of scenarios.

use serde_json::{Value, json};

use super::{
    super::{
        front_door::CHECKS,
        isolation::ALL,
        repeat::{RUNS, SHAMS},
        scenario::TRIAL,
        steps::{ACTIONS, CONDITIONS},
        variants::MOST_VARIANTS,
    },
    lab,
    parts::{
        api_version, boolean, choice, duration, exactly_one, expectation, free, integer, kind,
        labels, list, name, object, one_or_more, pattern, rate, say, set_of, some, some_of, text,
        window, with,
    },
    workload::{asking, deeds, on_failure, requires, setup, timeouts, workload},
};
use crate::model::{
    expectation::Connections,
    isolation::{Access, Via},
    scenario::{FaultKind, FrontDoorKind, Policy},
    variants::BASE,
};

pub(super) fn document() -> Value {
    let lab = json!({"oneOf": [text(), lab::inline()]});
    let schema = object(
        "a scenario",
        [
            ("apiVersion!", api_version()),
            ("kind!", kind("Scenario")),
            ("name!", name()),
            ("description", text()),
            ("lab!", say(lab, "The clusters, the path of a lab file, or a shipped lab.")),
            ("roles", say(some(&name(), &role(), None), "The parts that clusters play.")),
            ("workload", workload()),
            ("setup", setup()),
            ("frontDoor", front_door()),
            ("traffic", some(&name(), &traffic(), None)),
            ("steady", steady()),
            ("steps", some_of(&step())),
            ("expect", some_of(&expectation())),
            ("isolation", isolation()),
            ("requires", requires()),
            ("timeouts", timeouts()),
            ("onFailure", on_failure()),
            ("repeat", repeat()),
            ("variants", variants()),
        ],
    );
    must_have(schema)
}

/// What must be there depends on whether paths are tried, and whether nothing else is done.
fn must_have(schema: Value) -> Value {
    let trial: Vec<Value> = TRIAL.iter().map(|key| json!({"required": [key]})).collect();
    let schema = with(schema, "if", json!({"required": ["isolation"]}));
    let with_paths = json!({
        "if": {"anyOf": trial},
        "then": {"required": ["roles", "traffic", "steps"]},
    });
    let schema = with(schema, "then", with_paths);
    with(schema, "else", json!({"required": ["roles", "traffic", "steps", "expect"]}))
}

fn isolation() -> Value {
    let schema = object("`isolation`", [("paths!", some_of(&path()))]);
    say(schema, "What clusters may reach of each other.")
}

fn path() -> Value {
    let via = with(set_of(&choice(&Via::NAMES)), "minItems", json!(1));
    let schema = object(
        "a path",
        [
            ("from!", say(name(), "The role whose pods try, or `all`.")),
            ("to", say(name(), "The role that is tried, or `all`.")),
            ("via!", say(via, "What of the other cluster is tried.")),
            ("expect!", choice(&Access::NAMES)),
        ],
    );
    // What starts everywhere ends everywhere unless it says otherwise.
    let from_all = json!({"properties": {"from": {"const": ALL}}});
    with(with(schema, "if", from_all), "else", json!({"required": ["to"]}))
}

fn role() -> Value {
    object(
        "a role",
        [
            ("labels!", say(labels(), "Those that its cluster has.")),
            ("many", say(boolean(), "More than one cluster may play it.")),
        ],
    )
}

fn front_door() -> Value {
    let order = with(some_of(&name()), "uniqueItems", json!(true));
    object(
        "`frontDoor`",
        [
            ("kind!", choice(&FrontDoorKind::NAMES)),
            ("policy!", choice(&Policy::NAMES)),
            ("order!", say(order, "Roles, first choice first.")),
            ("check", check()),
        ],
    )
}

fn check() -> Value {
    let count = || integer(&CHECKS);
    object(
        "`check`",
        [
            ("interval", duration()),
            ("timeout", duration()),
            ("fall", say(count(), "Failed checks in a row that mark a server down.")),
            ("rise", say(count(), "Passed checks in a row that mark it up.")),
        ],
    )
}

fn traffic() -> Value {
    let connections = with(set_of(&choice(&Connections::NAMES)), "minItems", json!(1));
    let windows = pattern(&format!("^{}$", window()));
    let [endpoint, method, headers, expect, answered_by] = asking();
    object(
        "a traffic",
        [
            ("through!", say(text(), "`frontDoor`, or a role to go straight to its cluster.")),
            endpoint,
            ("rate!", say(rate(), "Of each stream.")),
            ("timeout!", duration()),
            ("slow", say(duration(), "A good answer later than this is `slow`.")),
            ("connections", connections),
            method,
            headers,
            expect,
            answered_by,
            ("allowed", say(free(&windows, &one_or_more()), "Who may answer when.")),
        ],
    )
}

fn steady() -> Value {
    let schema = object("`steady`", [("for!", duration()), ("expect", list(&expectation()))]);
    say(schema, "What must hold before the first step.")
}

fn step() -> Value {
    let [apply, exec, wait] = deeds();
    let schema = object(
        "a step",
        [
            ("id!", name()),
            ("say", say(text(), "One sentence for reports.")),
            ("fault", fault()),
            ("heal", say(name(), "The step whose fault is undone.")),
            apply,
            exec,
            wait,
            ("until", until()),
            ("hold", duration()),
        ],
    );
    let waits = json!([{"required": ["until"]}, {"required": ["hold"]}, {"required": ["wait"]}]);
    with(exactly_one(schema, ACTIONS), "anyOf", waits)
}

fn fault() -> Value {
    object(
        "a fault",
        [
            ("kind!", choice(&FaultKind::NAMES)),
            ("target!", say(name(), "The role that it hits.")),
            ("for!", say(duration(), "The longest that it may last.")),
        ],
    )
}

fn until() -> Value {
    let schema = object(
        "`until`",
        [
            ("recovered", say(name(), "A traffic.")),
            ("healthy", say(name(), "A role, whose workload is to answer its clients again.")),
            ("stable", duration()),
            ("within!", duration()),
        ],
    );
    exactly_one(schema, CONDITIONS)
}

fn repeat() -> Value {
    object("`repeat`", [("runs!", integer(&RUNS)), ("sham", integer(&SHAMS))])
}

fn variants() -> Value {
    let names = json!({"allOf": [name(), {"not": {"const": BASE}}]});
    // A path begins with what a variant may change.
    let paths = pattern("^(?!(apiVersion|kind|name|variants)($|\\.))[^.]+(\\.[^.]+)*$");
    let schema = some(&names, &some(&paths, &json!(true), None), Some(MOST_VARIANTS));
    say(schema, "Named differences, by path: `steps.freeze.fault.kind: cluster-kill`.")
}
