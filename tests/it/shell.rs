//! Completions and manual pages: everything that can be typed is in them.

use std::{collections::BTreeSet, sync::LazyLock};

use rstest::rstest;

use crate::harness::Test;

/// Every command with its subcommands, as `--help` lists them: `fleet`, `fleet list`.
pub fn commands() -> &'static BTreeSet<String> {
    static COMMANDS: LazyLock<BTreeSet<String>> = LazyLock::new(look_up);
    &COMMANDS
}

fn look_up() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for command in listed(&[]) {
        let below = listed(&[command.as_str()]);
        found.extend(below.into_iter().map(|sub| format!("{command} {sub}")));
        found.insert(command);
    }
    assert!(found.contains("up") && found.contains("fleet list"), "{found:?}");
    found
}

fn listed(command: &[&str]) -> Vec<String> {
    let help = Test::new().beside([command, &["--help"]].concat());
    let commands = help.stdout.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[rstest]
fn every_command_is_completed(
    #[values("bash", "elvish", "fish", "powershell", "zsh")] shell: &str,
) {
    let script = Test::new().beside(["completions", shell]);
    script.code(0);
    for command in commands() {
        let last = command.rsplit(' ').next().unwrap_or_default();
        script.stdout_has(last);
    }
    script.stdout_has("verbose");
    assert!(!script.stdout.contains("__launch"), "that is not for people");
}

#[test]
fn every_command_has_a_page() {
    let test = Test::new().run(["man", "--dir", "pages"]).code(0).stdout_is("");
    let pages: BTreeSet<String> = test.files_in("pages").into_iter().collect();
    let named = commands().iter().map(|it| format!("seatrial-{}.1", it.replace(' ', "-")));
    let expected: BTreeSet<String> = named.chain(["seatrial.1".to_owned()]).collect();
    assert_eq!(pages, expected);
}

#[test]
fn the_first_page_is_printed() {
    let page = Test::new().run(["man"]).code(0);
    for command in commands().iter().filter(|command| !command.contains(' ')) {
        page.ended().stdout_has(&format!("seatrial\\-{command}(1)"));
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    Test::new().run(["man", "--dir", "pond.yaml"]).code(3).stderr_has("error: pond.yaml: ");
}
