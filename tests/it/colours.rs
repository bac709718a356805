//! Colours: on terminals, unless the environment says otherwise.

use rstest::rstest;
use serde_json::json;

use crate::{
    evidence::Run,
    harness::{Kind, Test},
};

const COLOUR: &str = "\u{1b}[";

fn with(variables: &[(&'static str, &str)]) -> Test {
    let test = Test::new().kind(&Kind::fails()).file("bad.yaml", "kind: Scenario\n");
    variables.iter().fold(test, |test, (name, value)| test.env(name, value))
}

/// Errors of a file, and logs beside an error.
const TO_STDERR: [&[&str]; 2] = [&["scenario", "lint", "bad.yaml"], &["-v", "up", "pond.yaml"]];

#[rstest]
#[case::terminal(&[("TERM", "xterm")], true)]
#[case::dumb(&[("TERM", "dumb")], false)]
#[case::no_color(&[("TERM", "xterm"), ("NO_COLOR", "1")], false)]
#[case::empty_no_color(&[("TERM", "xterm"), ("NO_COLOR", "")], true)]
#[case::no_color_before_force(&[("TERM", "xterm"), ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false)]
fn on_a_terminal_errors_and_logs_have_colours(
    #[case] variables: &[(&'static str, &str)],
    #[case] coloured: bool,
) {
    for args in TO_STDERR {
        let test = with(variables).start_on_terminal(args).ends();
        assert_eq!(test.ended().stderr.contains(COLOUR), coloured, "{}", test.ended());
    }
}

#[rstest]
#[case::plain(&[("TERM", "xterm")], false)]
#[case::force(&[("CLICOLOR_FORCE", "1")], true)]
#[case::no_color_before_force(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false)]
fn in_files_nothing_has_colours_unless_forced(
    #[case] variables: &[(&'static str, &str)],
    #[case] coloured: bool,
) {
    for args in TO_STDERR {
        let test = with(variables).start(args).ends();
        assert_eq!(test.ended().stderr.contains(COLOUR), coloured, "{}", test.ended());
    }
    let mut run = Run::new();
    run.requests[3]["class"] = json!("timeout");
    let test = run.lies_in("calm", with(variables)).run(["check", "calm"]).code(1);
    assert_eq!(test.ended().stdout.contains(COLOUR), coloured, "{}", test.ended());
}
