//! `seatrial traffic`: requests through a front door, until somebody ends them.

use std::fs;

use nix::sys::signal::Signal::{SIGINT, SIGTERM};
use rstest::rstest;
use serde_json::Value;

use crate::harness::{Kind, Mood, Served, Test};

/// A lab of two clusters that is up.
fn two(eu: &Served, us: &Served) -> Test {
    Test::new().kind(&Kind::fails()).pond_is_up(&[eu, us])
}

/// What is on stdout.
fn summary(test: &Test) -> Vec<Value> {
    serde_json::from_str(&test.ended().stdout).expect("JSON")
}

fn flowing(test: Test) -> Test {
    test.until("traffic flows", |test| test.has_said("traffic: traffic.new"))
}

#[test]
fn the_first_cluster_of_the_lab_answers_both_streams() {
    let (eu, us) = (Served::cluster("eu"), Served::cluster("us"));
    let test = two(&eu, &us)
        .run(["traffic", "--rate", "50/s", "--duration", "1s", "--output", "json"])
        .code(0)
        .stderr_has("eu: echo is there already")
        .stderr_has("traffic: traffic.new, traffic.keep-alive through 127.0.0.1:")
        .stderr_has("  bad 0  ")
        .stderr_has("  up eu, us");
    let streams = summary(&test);
    assert_eq!(streams.len(), 2);
    for stream in streams {
        assert_eq!(stream["bad"], 0, "{stream}");
        assert_eq!(stream["ok"], stream["scheduled"], "{stream}");
        assert_eq!(stream["answered_by"]["eu"], stream["scheduled"], "{stream}");
        // On a busy host the end comes late, and the last answers later.
        let scheduled = stream["scheduled"].as_u64().expect("a number");
        assert!((48..=75).contains(&scheduled), "50 in a second: {stream}");
        assert!(stream["p50_ms"].is_f64() && stream["p99_ms"].is_f64(), "{stream}");
    }
    assert_eq!([eu.changes(), us.changes()], [[""; 0]; 2], "what is there is left alone");
}

#[test]
fn order_and_connections_say_who_is_asked_and_how() {
    let (eu, us) = (Served::cluster("eu"), Served::cluster("us"));
    two(&eu, &us)
        .run(["traffic", "pond", "--order", "us", "--connections", "new", "--duration", "480ms"])
        .code(0)
        .stdout_has("STREAM       REQUESTS  OK  BAD  UNSENT  RATE")
        .stdout_has("traffic.new  10        10  0    0       ")
        .stdout_has("  us 10\n")
        .stderr_has("us: echo is there already")
        .stderr_has_not("eu");
}

#[rstest]
fn an_interrupt_is_the_normal_end(#[values(SIGINT, SIGTERM)] signal: nix::sys::signal::Signal) {
    let (eu, us) = (Served::cluster("eu"), Served::cluster("us"));
    flowing(two(&eu, &us).start(["traffic", "pond"]))
        .signal(signal)
        .ends()
        .code(0)
        .stdout_has("traffic.keep-alive  ")
        .stderr_has("ending: waiting for the last answers; once more to end at once")
        .stderr_has("traffic ended");
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let (eu, us) = (Served::cluster("eu"), Served::cluster("us"));
    flowing(two(&eu, &us).start(["traffic", "pond", "--rate", "10/s", "--timeout", "60s"]))
        .and(|_| eu.becomes(Mood::Hangs))
        .until("a request has no answer", |_| eu.keeps_somebody_waiting())
        .signal(SIGINT)
        .until("it ends", |test| test.has_said("ending: "))
        .signal(SIGINT)
        .ends()
        .code(130)
        .stdout_is("")
        .stderr_has("interrupted again: there is no summary");
}

#[test]
fn a_server_that_goes_is_shown_and_the_next_one_answers() {
    let (eu, us) = (Served::cluster("eu"), Served::cluster("us"));
    let test = flowing(two(&eu, &us).start(["traffic", "--output", "json"]))
        .and(|_| eu.becomes(Mood::Cuts))
        .until("it is down", |test| test.has_said("front door: eu down ("))
        .until("that is seen", |test| test.has_said("  up us  down eu"))
        .and(|_| eu.becomes(Mood::Answers))
        .until("it is up", |test| test.has_said("front door: eu up (status 200)"))
        .signal(SIGINT)
        .ends()
        .code(0)
        .stderr_has("(http ");
    for stream in summary(&test) {
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        assert!(count(&stream["answered_by"]["us"]) > 0, "{stream}");
        assert!(count(&stream["bad"]) > 0, "{stream}");
        let classes = stream["classes"].as_object().expect("a map");
        let all: u64 = classes.values().map(count).sum();
        assert_eq!(all, count(&stream["scheduled"]), "every request has one class: {stream}");
    }
}

#[test]
fn the_lab_is_held_meanwhile() {
    let (eu, us) = (Served::cluster("eu"), Served::cluster("us"));
    let test = flowing(two(&eu, &us).start(["traffic"]));
    for command in [&["down"][..], &["traffic", "pond"]] {
        let beside = test.beside(command);
        beside.code(3);
        beside.stderr_has("lab `pond` is held by another seatrial (pid ");
    }
    test.signal(SIGINT).ends().code(0);
}

#[test]
fn out_keeps_every_request_and_every_event() {
    let (eu, us) = (Served::cluster("eu"), Served::cluster("us"));
    let test = two(&eu, &us)
        .run(["traffic", "--duration", "500ms", "--out", "kept", "--output", "json"])
        .code(0);
    let kept = |name: &str| fs::read_to_string(test.path("kept").join(name)).expect("readable");
    let scheduled: u64 =
        summary(&test).iter().map(|stream| stream["scheduled"].as_u64().expect("one")).sum();
    assert_eq!(kept("requests.ndjson").lines().count() as u64, scheduled);
    for event in ["workload-ready", "traffic-started", "glance", "traffic-ended"] {
        let line = format!(r#""event":"{event}""#);
        assert!(kept("events.ndjson").contains(&line), "{line} in {}", kept("events.ndjson"));
    }
    test.run(["traffic", "--duration", "500ms", "--out", "kept"])
        .code(3)
        .stderr_has("kept: File exists");
}

#[test]
fn a_workload_that_is_not_there_is_installed() {
    let (eu, us) = (Served::empty("eu"), Served::cluster("us"));
    // The docker of this test cannot fetch its image.
    two(&eu, &us)
        .run(["traffic"])
        .code(3)
        .stdout_is("")
        .stderr_has("eu: deploying echo")
        .stderr_has("no such host")
        .and(|test| assert!(test.world().was_asked("docker", "pull --quiet")));
    assert_eq!([eu.changes(), us.changes()], [[""; 0]; 2]);
}

#[test]
fn an_interrupt_before_traffic_flows_is_no_result() {
    let (eu, us) = (Served::empty("eu"), Served::cluster("us"));
    two(&eu, &us)
        .given(|world| world.hold("pull"))
        .start(["traffic"])
        .until("the image is fetched", |test| test.world().was_asked("docker", "pull "))
        .signal(SIGINT)
        .ends()
        .code(130)
        .stdout_is("")
        .stderr_has("error: interrupted");
}

#[test]
fn a_cluster_that_never_came_up_is_named() {
    let eu = Served::cluster("eu");
    Test::new()
        .pond_is(&[&eu], "failed", 30080)
        .run(["traffic"])
        .code(3)
        .stderr_has("eu: it did not come up");
}

#[test]
fn a_lab_that_does_not_publish_the_port_is_refused() {
    let eu = Served::cluster("eu");
    Test::new()
        .pond_is(&[&eu], "ready", 31000)
        .run(["traffic"])
        .code(2)
        .stderr_has("eu: the lab publishes no node port 30080");
}

#[rstest]
#[case(&["traffic", "lake"], "there is no lab `lake`; there is pond")]
#[case(&["traffic", "--order", "ue"], "lab `pond` has no cluster `ue`; did you mean `eu`?")]
#[case(&["traffic", "--order", "eu,us,eu"], "`eu` is named twice in --order")]
#[case(&["traffic", "--connections", "new,new"], "`new` is named twice in --connections")]
#[case(&["traffic", "--connections", "nwe"], "did you mean `new`?")]
#[case(&["traffic", "--rate", "20"], "`20` has no unit; write a rate such as `20/s`")]
#[case(&["traffic", "--timeout", "0s"], "it must be longer than nothing")]
#[case(&["traffic", "--timeout", "61s"], "at most 1m is possible")]
#[case(&["traffic", "--duration", "5"], "`5` has no unit; write a duration such as")]
#[case(&["traffic", "--rate", "5000/s", "--timeout", "2s"], "20000 requests may be in flight")]
fn what_is_typed_wrongly_starts_nothing(#[case] args: &[&'static str], #[case] said: &str) {
    let (eu, us) = (Served::cluster("eu"), Served::cluster("us"));
    two(&eu, &us).run(args).code(2).stdout_is("").stderr_has(said).docker_was_not_called();
}

#[test]
fn without_a_lab_there_is_no_traffic() {
    Test::new().run(["traffic"]).code(2).stderr_has("there is no lab; bring one up");
}
