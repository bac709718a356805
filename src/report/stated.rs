//! Where a scenario's file states what is expected of a run: a line for each expectation, and none
//! rather than one that only looks like it.

use super::run_dir::RunRecord;
use crate::{
    model::{
        source::SourceFile,
        tree::{self, Node, Value},
    },
    verdict::judgement::Check,
};

/// A list of expectations in a scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum List {
    Expect,
    Steady,
}

/// The expectations of a run that were not found among its checks yet, in the order of both.
pub(super) struct Stated<'a> {
    run: &'a RunRecord,
    text: &'a str,
    root: Option<Node>,
    /// Each as its check shows it, and as it is written.
    rest: Vec<(List, String, String)>,
}

impl<'a> Stated<'a> {
    /// Those of a run whose scenario's file holds `text`.
    pub(super) fn of(run: &'a RunRecord, text: &'a str) -> Self {
        // It was good when it was run.
        let root = tree::parse(&SourceFile::new("", text), 0..text.len(), &mut Vec::new());
        let steady = run
            .case
            .steady
            .iter()
            .map(|one| (List::Steady, one.clone().of_the_gate().to_string(), one.to_string()));
        let expect = run.case.expect.iter();
        let expect = expect.map(|one| (List::Expect, one.to_string(), one.to_string()));
        Self { run, text, root, rest: steady.chain(expect).collect() }
    }

    /// The line that states what the next check is about, from 1.
    pub(super) fn line_of(&mut self, check: &Check) -> Option<usize> {
        let found = self.rest.iter().position(|(_, shown, _)| *shown == check.expectation)?;
        let (list, _, text) = self.rest.remove(found);
        let Value::Seq(entries) = &self.list(list)?.value else { return None };
        let entry = entries.iter().find(|entry| states(entry, &text))?;
        Some(self.text.get(..entry.at.start)?.matches('\n').count() + 1)
    }

    /// The list as the run had it: a variant may give it anew, and so may the command line.
    fn list(&self, list: List) -> Option<&Node> {
        let mut set = self.run.set.iter().filter_map(|setting| setting.split_once('='));
        if set.any(|(path, _)| list.paths().contains(&path)) {
            return None;
        }
        let root = self.root.as_ref()?;
        let changes =
            self.run.variant.as_ref().and_then(|variant| root.get("variants")?.get(variant));
        let anew = changes.and_then(|changes| {
            list.paths().iter().find_map(|path| Some((*path, changes.get(path)?)))
        });
        match anew {
            Some(("steady", steady)) => steady.get("expect"),
            Some((_, entries)) => Some(entries),
            None if list == List::Steady => root.get("steady")?.get("expect"),
            None => root.get("expect"),
        }
    }
}

impl List {
    /// What a difference can be called that replaces it.
    const fn paths(self) -> &'static [&'static str] {
        match self {
            Self::Expect => &["expect"],
            Self::Steady => &["steady.expect", "steady"],
        }
    }
}

/// Whether an entry is this expectation, however it is spaced.
fn states(entry: &Node, expectation: &str) -> bool {
    let Value::Scalar(scalar) = &entry.value else { return false };
    scalar.text.split_ascii_whitespace().eq(expectation.split(' '))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::report::account::example;

    const SCENARIO: &str = "\
name: calm
description: It proves that shop.lost == 0, and more
steady: {for: 20s, expect: [shop.lost == 0]}
expect:
- during(freeze) shop.lost == 0
- shop.lost  == 0
- shop.wrong == 0
variants:
  strict:
    expect: [shop.wrong == 0,
      shop.lost == 0]
  calm: {steady.expect: [shop.lost == 0]}
  calmer:
    steady:
      for: 5s
      expect:
      - shop.lost == 0
";

    /// The lines of `shop.lost == 0` of `steady` and of `expect`.
    fn lines(variant: Option<&str>, set: &[&str]) -> [Option<usize>; 2] {
        let mut run = example::record();
        let lost = || vec!["shop.lost == 0".parse().expect("an expectation")];
        (run.case.steady, run.case.expect) = (lost(), lost());
        run.variant = variant.map(str::to_owned);
        run.set = set.iter().map(|setting| (*setting).to_owned()).collect();
        let check = run.judgement.checks.iter().find(|check| check.expectation == "shop.lost == 0");
        let check = check.expect("it is one of them").clone();
        let mut stated = Stated::of(&run, SCENARIO);
        let gate = Check { expectation: "steady shop.lost == 0".to_owned(), ..check.clone() };
        [gate, check].map(|check| stated.line_of(&check))
    }

    #[rstest]
    #[case::as_written(None, [Some(3), Some(6)])]
    #[case::lists_given_anew(Some("strict"), [Some(3), Some(11)])]
    #[case::a_path_into_the_gate(Some("calm"), [Some(12), Some(6)])]
    #[case::another_gate(Some("calmer"), [Some(17), Some(6)])]
    fn an_expectation_is_found_where_the_run_had_it_from(
        #[case] variant: Option<&str>,
        #[case] expected: [Option<usize>; 2],
    ) {
        assert_eq!(lines(variant, &[]), expected);
    }

    #[test]
    fn what_the_command_line_says_is_on_no_line() {
        assert_eq!(lines(None, &["expect=[shop.lost == 0]"]), [Some(3), None]);
        assert_eq!(lines(None, &["steady={for: 1s}"]), [None, Some(6)]);
        assert_eq!(lines(None, &["steady.for=1s"]), [Some(3), Some(6)]);
    }

    #[test]
    fn what_is_no_entry_of_a_list_is_on_no_line() {
        let mut run = example::record();
        let check = run.judgement.checks[1].clone();
        assert_eq!(check.expectation, "shop.wrong == 0");
        run.case.expect.clear();
        assert_eq!(Stated::of(&run, SCENARIO).line_of(&check), None, "it was not judged");
        run.case.expect = vec!["shop.wrong == 0".parse().expect("an expectation")];
        assert_eq!(Stated::of(&run, SCENARIO).line_of(&check), Some(7));
        let text = SCENARIO.replace("- shop.wrong == 0\n", "");
        assert_eq!(Stated::of(&run, &text).line_of(&check), None, "a variant's is another one");
    }
}
