//! What holds for every text: loading never panics, and one mistake is reported once.

use std::ops::Range;

use proptest::{prelude::*, sample::Index};

use super::{Loader, Shelf, template_front_matter};
use crate::model::{
    nearest::Nearest,
    problem::Problem,
    problems::{Located, Problems},
    source::SourceFile,
    template::FrontMatter,
    tree::{self, Node, Value},
};

const SCENARIO: &str = include_str!("../../../tests/good/regional-failover.yaml");

const TEMPLATE: &str = "---
provider: kind
description: One control plane.
parameters:
  workers: {type: integer, default: 0, minimum: 0, maximum: 9, description: Besides it.}
---
kind: Cluster
";

/// Maps whose keys are users' own.
const FREE: [&str; 6] = ["allowed", "clusters", "labels", "parameters", "roles", "traffic"];

struct OneTemplate;

impl Shelf for OneTemplate {
    fn template(&self, _: &str) -> Option<FrontMatter> {
        let file = SourceFile::new("template", TEMPLATE);
        template_front_matter(&file).ok().map(|(front_matter, _)| front_matter)
    }

    fn template_names(&self) -> Vec<String> {
        vec!["kind-basic".to_owned()]
    }

    fn shipped_lab(&self, _: &str) -> Option<SourceFile> {
        None
    }

    fn shipped_lab_names(&self) -> Vec<String> {
        Vec::new()
    }
}

fn scenario(text: &str) -> Result<(), Problems> {
    Loader::new(&OneTemplate).scenario(&SourceFile::new("s.yaml", text), None).map(drop)
}

/// The places of all keys whose names the program chose.
fn known_keys(text: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let mut problems: Vec<Located> = Vec::new();
    let root =
        tree::parse(&SourceFile::new("good", text), part, &mut problems).expect("it is good");
    let mut keys = Vec::new();
    gather(&root, false, &mut keys);
    keys
}

fn gather(node: &Node, free: bool, keys: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, node) in entries {
                if !free {
                    keys.push(key.at.clone());
                }
                gather(node, !free && FREE.contains(&key.text.as_str()), keys);
            }
        }
        Value::Seq(items) => items.iter().for_each(|node| gather(node, false, keys)),
        Value::Null | Value::Scalar(_) => {}
    }
}

/// One slip of the finger.
fn misspell(key: &str, slip: usize, at: usize) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    let at = at % letters.len();
    match slip {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 => letters[at] = 'x',
        _ => letters.swap(at.saturating_sub(1), at),
    }
    letters.into_iter().collect()
}

/// The text with one of its keys misspelt, and the right name.
fn with_a_slip(
    text: &str,
    part: Range<usize>,
    which: Index,
    slip: usize,
    at: usize,
) -> (String, String) {
    let keys = known_keys(text, part);
    let place = which.get(&keys).clone();
    let right = text[place.clone()].to_owned();
    let mut text = text.to_owned();
    text.replace_range(place, &misspell(&right, slip, at));
    (text, right)
}

fn only_says(problems: &Problems, right: &str) -> bool {
    let found: Vec<&Problem> = problems.iter().map(|located| &located.problem).collect();
    let meant = Nearest::DidYouMean(right.to_owned());
    matches!(found.as_slice(), [Problem::UnknownKey { nearest, .. }] if *nearest == meant)
}

/// A text that looks like one of our files here and there.
fn mangled() -> impl Strategy<Value = String> {
    let (bytes, scrap) = (any::<(Index, Index)>(), "[\\PC\n\t]{0,12}");
    (bytes, scrap).prop_map(|((from, length), scrap)| {
        let from = SCENARIO.floor_char_boundary(from.index(SCENARIO.len()));
        let to = SCENARIO.floor_char_boundary(SCENARIO.len().min(from + length.index(40)));
        format!("{}{scrap}{}", &SCENARIO[..from], &SCENARIO[to..])
    })
}

proptest! {
    #[test]
    fn a_misspelt_key_is_the_only_problem_and_has_its_right_name(
        which: Index, slip in 0usize..4, at in 0usize..16,
    ) {
        let (text, right) = with_a_slip(SCENARIO, 0..SCENARIO.len(), which, slip, at);
        prop_assume!(text != SCENARIO);
        let problems = scenario(&text).expect_err("a key is misspelt");
        prop_assert!(only_says(&problems, &right), "{}", problems.render(false, 100));
    }

    #[test]
    fn so_it_is_in_front_matter(which: Index, slip in 0usize..4, at in 0usize..16) {
        let end = TEMPLATE.rfind("---").unwrap_or_default();
        let (text, right) = with_a_slip(TEMPLATE, 4..end, which, slip, at);
        prop_assume!(text != TEMPLATE);
        let file = SourceFile::new("t.yaml", text);
        let problems = template_front_matter(&file).expect_err("a key is misspelt");
        prop_assert!(only_says(&problems, &right), "{}", problems.render(false, 100));
    }

    #[test]
    fn loading_and_rendering_never_panic(text in "[\\PC\n\t ]{0,200}") {
        let file = SourceFile::new("f.yaml", text.as_str());
        if let Err(problems) = Loader::new(&OneTemplate).lab(&file) {
            let _ = problems.render(true, 80);
        }
        if let Err(problems) = template_front_matter(&SourceFile::new("t", format!("---\n{text}\n---\n"))) {
            let _ = problems.render(false, 40);
        }
    }

    #[test]
    fn nor_do_they_on_what_almost_is_a_scenario(text in mangled()) {
        if let Err(problems) = scenario(&text) {
            let _ = problems.render(false, 100);
        }
    }
}

#[test]
fn the_good_files_are_good() {
    let problems = scenario(SCENARIO).err().map(|problems| problems.render(false, 100));
    assert_eq!(problems, None);
    let file = SourceFile::new("template", TEMPLATE);
    let (front_matter, body) = template_front_matter(&file).expect("it is good");
    assert_eq!(front_matter.provider.to_string(), "kind");
    assert_eq!(&TEMPLATE[body..], "kind: Cluster\n");
}
