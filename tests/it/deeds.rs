//! Programs that scenarios run: only when somebody allowed it.

use nix::sys::signal::Signal::SIGKILL;
use rstest::rstest;

use crate::harness::{Kind, ONE_CLUSTER, Test};

const SETUP: &str = "setup:\n- wait: {apiVersion: v1, kind: Pod, name: a, condition: Ready, within: 1s}\n- exec: {command: [mkdir, ran]}";

fn scenario(setup: &str, step: &str) -> String {
    format!(
        "apiVersion: seatrial/v1
kind: Scenario
name: pond
lab: {{clusters: {{eu: {{kubernetes: \"1.36\"}}}}}}
roles: {{all: {{labels: {{}}}}}}
traffic: {{shop: {{through: all, rate: 20/s, timeout: 1s}}}}
{setup}
steps:
- id: freeze
  fault: {{kind: cluster-pause, target: all, for: 60s}}
  until: {{recovered: shop, within: 30s}}
{step}
expect: [shop.lost == 0]
"
    )
}

const STEP: &str = "- {id: migrate, exec: {command: [mkdir, ran]}, hold: 1s}";

#[rstest]
#[case::setup(SETUP, "", "pond.yaml: entry 2 of `setup` runs a program on this host")]
#[case::step("", STEP, "pond.yaml: step `migrate` runs a program on this host")]
#[case::both(SETUP, STEP, "pond.yaml: entry 2 of `setup`, step `migrate` run a program")]
fn a_program_is_refused_before_anything_starts(
    #[case] setup: &str,
    #[case] step: &str,
    #[case] said: &str,
) {
    Test::new()
        .kind(&Kind::fails())
        .file("pond.yaml", &scenario(setup, step))
        .run(["run", "pond.yaml"])
        .code(2)
        .stdout_is("")
        .stderr_has(said)
        .stderr_has("allow it by --allow-exec")
        .docker_was_not_called()
        .leaves_nothing();
}

#[test]
fn a_program_that_is_allowed_does_not_run_in_a_lab_that_did_not_come_up() {
    Test::new()
        .kind(&Kind::fails())
        .file("pond.yaml", &scenario(SETUP, STEP))
        .run(["run", "--allow-exec", "pond.yaml"])
        .code(3)
        .stderr_has("the lab did not come up whole")
        .and(|test| assert!(!test.files().contains(&"ran".to_owned()), "{:?}", test.files()))
        .leaves_nothing();
}

/// A scenario whose program makes a directory where it runs.
const MAKES_A_DIRECTORY: &str = "setup:\n- exec: {command: [mkdir, ran]}";

#[test]
fn a_program_runs_where_its_scenario_lies() {
    let test = Test::new();
    std::fs::create_dir(test.path("shop")).expect("it is new");
    test.file("shop/pond.yaml", &scenario(MAKES_A_DIRECTORY, ""))
        .kind(&Kind::stands())
        .run(["run", "--allow-exec", "shop/pond.yaml"])
        .code(3)
        .stderr_has("setup 1: mkdir ended well")
        .and(|test| assert_eq!(test.files_in("shop"), ["pond.yaml", "ran"]))
        .leaves_nothing();
}

#[rstest]
#[case::program(
    "exec: {command: [rm, gone]}",
    "error: setup 2: `rm gone` failed (exit status: 1):"
)]
#[case::no_program("exec: {command: [./gone]}", "error: setup 2: there is no program `./gone`")]
#[case::wait(
    "wait: {apiVersion: v1, kind: Pod, name: gone, condition: Ready, within: 1s}",
    "error: setup 2: "
)]
fn an_entry_of_setup_that_fails_is_an_error_as_a_step_would_be(
    #[case] entry: &str,
    #[case] said: &str,
) {
    let setup = format!("{MAKES_A_DIRECTORY}\n- {entry}");
    Test::new()
        .file("pond.yaml", &scenario(&setup, ""))
        .kind(&Kind::stands())
        .run(["run", "--allow-exec", "pond.yaml"])
        .code(4)
        .stdout_has("NOT JUDGED")
        .stderr_has(said)
        .leaves_nothing();
}

#[test]
fn a_program_that_takes_too_long_ends_with_all_that_it_started_and_says_why() {
    let script = "echo $$ >group; echo no carts yet >&2; sleep 600 & wait";
    let setup = format!("setup:\n- exec: {{command: [sh, -c, {script:?}], within: 4s}}");
    Test::new()
        .file("pond.yaml", &scenario(&setup, ""))
        .kind(&Kind::stands())
        .run(["run", "--allow-exec", "pond.yaml"])
        .code(4)
        .stderr_has("error: setup 1: `sh -c echo")
        .stderr_has("was ended: it took longer than 4 s:\n  no carts yet\n")
        .programs_end()
        .leaves_nothing();
}

/// A scenario whose program goes on in the background.
const GOES_ON: &str =
    "setup:\n- exec: {command: [sh, -c, 'echo $$ >group; sleep 600 >/dev/null 2>&1 &']}";

#[test]
fn what_a_program_leaves_in_the_background_ends_with_the_lab() {
    Test::new()
        .file("pond.yaml", &scenario(GOES_ON, ""))
        .kind(&Kind::stands())
        .run(["run", "--allow-exec", "pond.yaml"])
        .code(3)
        .stderr_has("setup 1: sh ended well")
        .programs_end()
        .leaves_nothing();
}

#[test]
fn what_a_program_leaves_in_the_background_of_a_lab_of_others_ends_with_the_run() {
    Test::new()
        .file("lab.yaml", ONE_CLUSTER)
        .file("pond.yaml", &scenario(GOES_ON, "").replace("{eu:", "{a:"))
        .kind(&Kind::stands())
        .run(["up", "lab.yaml"])
        .run(["run", "--allow-exec", "pond.yaml", "--lab", "pond"])
        .code(3)
        .stderr_has("setup 1: sh ended well")
        .programs_end()
        .labs_are(["pond"]);
}

#[test]
fn what_a_program_leaves_in_the_background_of_a_lab_that_is_kept_goes_on_until_the_lab_goes() {
    Test::new()
        .file("pond.yaml", &scenario(GOES_ON, ""))
        .kind(&Kind::stands())
        .run(["run", "--keep", "--allow-exec", "pond.yaml"])
        .stderr_has("setup 1: sh ended well")
        .and(|test| assert!(test.programs_run(), "it ended with the run"))
        .run(["repair"])
        .code(0)
        .and(|test| assert!(test.programs_run(), "it was taken for a tool"))
        .run(["down"])
        .code(0)
        .stderr_has("a program that was left at work is ended")
        .programs_end()
        .leaves_nothing();
}

#[test]
fn a_program_that_outlives_its_seatrial_is_ended_by_down() {
    let setup = GOES_ON.replace(" 2>&1 &", "");
    Test::new()
        .file("pond.yaml", &scenario(&setup, ""))
        .kind(&Kind::stands())
        .start(["run", "--allow-exec", "pond.yaml"])
        .until("the program runs", Test::programs_run)
        .signal(SIGKILL)
        .ends()
        .and(|test| assert!(test.programs_run(), "it went with its seatrial"))
        .run(["down", "--all"])
        .code(0)
        .programs_end()
        .leaves_nothing();
}

#[test]
fn a_program_that_fails_shows_all_that_it_printed() {
    let script = "echo using pond >&2; echo 1 of 2; echo FAIL carts; exit 7";
    let setup = format!("setup:\n- exec: {{command: [sh, -c, {script:?}]}}");
    Test::new()
        .file("pond.yaml", &scenario(&setup, ""))
        .kind(&Kind::stands())
        .run(["run", "--allow-exec", "pond.yaml"])
        .code(4)
        .stderr_has("failed (exit status: 7):\n  using pond\nit printed:\n  1 of 2\n  FAIL carts")
        .and(|test| {
            let run = &test.files_in("seatrial-runs")[0];
            let events = test.path(&format!("seatrial-runs/{run}/events.ndjson"));
            let events = std::fs::read_to_string(events).expect("events");
            let executed = events.lines().find(|line| line.contains(r#""event":"executed""#));
            let executed = executed.expect("it is on record");
            for part in [
                r#""status":"exit status: 7""#,
                r#""stdout":"1 of 2\nFAIL carts\n""#,
                r#""stderr":"using pond\n""#,
            ] {
                assert!(executed.contains(part), "no {part} in {executed}");
            }
        })
        .leaves_nothing();
}

#[rstest]
#[case::succeeds("exit 0", 3)]
#[case::fails("exit 1", 4)]
fn what_programs_are_told_and_say_is_shown_to_nobody(#[case] ends: &str, #[case] code: i32) {
    let setup = format!(
        "setup:\n- exec: {{command: [sh, -c, 'echo \"password: $1\"; echo \"token: $1\" >&2; \
         {ends}', --token, s3cret]}}"
    );
    let test = Test::new();
    let page = test.path("page.md");
    test.env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &page.display().to_string())
        .file("pond.yaml", &scenario(&setup, ""))
        .kind(&Kind::stands())
        .run(["run", "-v", "--allow-exec", "pond.yaml"])
        .code(code)
        .stderr_has("--token [redacted]")
        .stderr_has_not("s3cret")
        .stdout_has_not("s3cret")
        .and(|test| {
            let runs = test.files_in("seatrial-runs");
            let run = format!("seatrial-runs/{}", runs[0]);
            let files = test.files_in(&run).into_iter().map(|name| format!("{run}/{name}"));
            // The scenario itself is kept as it was written.
            let files = files.filter(|name| !name.ends_with("scenario.yaml"));
            let files =
                files.filter(|name| test.path(name).is_file()).chain(["page.md".to_owned()]);
            let mut seen = 0;
            for file in files {
                let text = std::fs::read_to_string(test.path(&file)).expect("text");
                assert!(!text.contains("s3cret"), "{file}: {text}");
                seen += text.matches("--token [redacted]").count();
            }
            assert!(seen > 0, "nothing is told of it");
        })
        .leaves_nothing();
}

#[test]
fn only_the_programs_of_what_is_run_must_be_allowed() {
    let variants = "variants: {ran: {setup: [{exec: {command: [mkdir, ran]}}]}}";
    Test::new()
        .kind(&Kind::fails())
        .file("pond.yaml", &scenario(variants, ""))
        .run(["run", "pond.yaml"])
        .code(2)
        .stderr_has("pond.yaml: entry 1 of `setup` runs a program on this host")
        .docker_was_not_called()
        .run(["run", "pond.yaml", "--variant", "base"])
        .code(3);
}
