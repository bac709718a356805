//! The README: its files are sound, its commands do what it shows, its options exist. What needs
//! clusters is run by `real::readme`.

pub mod document;

use std::collections::{BTreeMap, BTreeSet};

use self::document::{Session, blocks, code, files};
use crate::{
    harness::{Kind, Test},
    shell::commands,
};

/// Where a reader would be: docker and kind, and the files that the README writes.
fn reader() -> Test {
    files()
        .into_iter()
        .fold(Test::new().kind(&Kind::fails()), |test, (name, text)| test.file(name, text))
}

#[test]
fn every_console_is_run_by_some_test() {
    for block in blocks() {
        let commands = block.text.lines().filter(|line| line.starts_with("$ "));
        match block.info {
            "console" | "console real" => assert!(commands.count() > 0, "line {}", block.line),
            "sh" | "text" | "yaml" => assert_eq!(commands.count(), 0, "line {}", block.line),
            info => panic!("README.md:{}: no test knows blocks of `{info}`", block.line),
        }
    }
}

#[test]
fn what_needs_no_cluster_does_what_is_shown() {
    let session = Session::of("console");
    let test = reader();
    test.shell(&session.script());
    session.is_as_shown();
    assert_eq!(test.labs(), [""; 0]);
}

#[test]
fn its_files_are_sound() {
    let files = files();
    assert!(!files.is_empty());
    let test = reader();
    for &(name, text) in &files {
        let kind = text.lines().find_map(|line| line.strip_prefix("kind: "));
        match kind {
            Some("Lab") => {
                test.beside(["render", name]).code(0);
            }
            Some("Scenario") => {
                test.beside(["scenario", "lint", name]).code(0);
            }
            Some("Cluster") => {
                test.beside(["template", "validate", name]).code(0);
            }
            // What a workload is made of.
            Some(_) => {
                let lists = |text: &str| text.contains(&format!("manifests: [{name}]"));
                assert!(files.iter().any(|(_, text)| lists(text)), "nothing applies {name}");
            }
            None if name == "versions.yaml" => {
                // What is on the host goes before it.
                let test = reader().given(|world| world.holds_images(""));
                let render = test.beside(["--versions", name, "render", "shop-lab.yaml"]);
                render.code(0);
                render.stdout_has("image: \"registry.example/node:v1.36.4\"");
            }
            None => panic!("{name} has no kind"),
        }
    }
}

#[test]
fn every_command_and_option_in_it_exists() {
    let mut helps: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let code = code();
    for Use { command, options } in code.iter().flat_map(|code| uses(code)) {
        let is_known = command.is_empty() || commands().contains(&command);
        assert!(is_known, "there is no `seatrial {command}`, which README.md shows");
        let help = helps.entry(command.clone()).or_insert_with(|| options_of(&command));
        for option in options {
            assert!(help.contains(&option), "`seatrial {command}` has no {option}: {help:?}");
        }
    }
    assert!(helps.len() > 10, "{:?}", helps.keys());
}

#[test]
fn every_command_is_in_it() {
    let shown: BTreeSet<String> =
        code().iter().flat_map(|code| uses(code)).map(|used| used.command).collect();
    let has_below =
        |command: &str| commands().iter().any(|it| it.starts_with(&format!("{command} ")));
    let missing: Vec<_> =
        commands().iter().filter(|it| !shown.contains(*it) && !has_below(it)).collect();
    assert!(missing.is_empty(), "add to the table of commands in README.md: {missing:?}");
}

/// One `seatrial COMMAND --OPTION…` in some code.
struct Use {
    command: String,
    options: Vec<String>,
}

fn uses(code: &str) -> Vec<Use> {
    let parts = code.split(['|', ';', '(', ')', '"', '>']).flat_map(|part| part.split("&&"));
    let typed = parts.filter_map(|part| part.split_once("seatrial ").map(|(_, typed)| typed));
    typed
        .map(|typed| {
            let words = || typed.split_whitespace();
            let named: Vec<&str> = words().take_while(|word| !word.starts_with('-')).collect();
            let below = named.first().map(|first| format!("{first} "));
            let has_below =
                below.is_some_and(|it| commands().iter().any(|all| all.starts_with(&it)));
            let options = words().filter(|word| word.starts_with("--")).map(str::to_owned);
            let command = named[..named.len().min(1 + usize::from(has_below))].join(" ");
            Use { command, options: options.collect() }
        })
        .collect()
}

/// The long options that the help of a command names.
fn options_of(command: &str) -> BTreeSet<String> {
    let args: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
    let help = Test::new().beside(args);
    help.code(0);
    let words = help.stdout.split(|c: char| !c.is_ascii_lowercase() && c != '-');
    words.filter(|word| word.starts_with("--")).map(str::to_owned).collect()
}
