//! The README as tests see it: files that its readers write, and commands with what they print.

use std::fmt::Write as _;

use regex::Regex;

const README: &str = include_str!("../../../README.md");

/// A fenced block.
pub struct Block {
    /// What stands behind the opening fence: `yaml`, `console`, `console real`.
    pub info: &'static str,
    pub text: &'static str,
    /// Of its opening fence, from 1.
    pub line: usize,
}

/// A command and what it prints, on stdout and stderr.
pub struct Shown {
    pub command: &'static str,
    pub prints: String,
    pub line: usize,
}

/// Commands that are run one after the other in one shell.
pub struct Session {
    shown: Vec<Shown>,
    printed: tempfile::TempDir,
}

pub fn blocks() -> Vec<Block> {
    let (mut blocks, mut open, mut start, mut line) = (Vec::new(), None, 0, 0);
    for raw in README.split_inclusive('\n') {
        line += 1;
        match (open, raw.trim_end().strip_prefix("```")) {
            (None, Some(info)) => open = Some((info, start + raw.len(), line)),
            (Some((info, from, line)), Some("")) => {
                blocks.push(Block { info, text: &README[from..start], line });
                open = None;
            }
            _ => {}
        }
        start += raw.len();
    }
    assert!(open.is_none(), "a block that does not end");
    blocks
}

/// Everything in the README that is code: lines of blocks, and words between backticks.
pub fn code() -> Vec<String> {
    let (mut code, mut prose, mut in_block) = (Vec::new(), String::new(), false);
    for line in README.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            code.push(line.to_owned());
        } else {
            // What stands between backticks may be broken into two lines.
            prose = format!("{prose}{line} ");
        }
    }
    code.extend(prose.split('`').skip(1).step_by(2).map(str::to_owned));
    code
}

/// YAML blocks, as files; each begins with its name in a comment, if need be behind the `---` that
/// a template begins with.
pub fn files() -> Vec<(&'static str, &'static str)> {
    let yaml = blocks().into_iter().filter(|block| block.info == "yaml");
    yaml.map(|block| {
        let first = block.text.lines().find(|line| *line != "---").unwrap_or_default();
        let name = first.strip_prefix("# ");
        let line = block.line;
        (name.unwrap_or_else(|| panic!("README.md:{line}: no `# FILE` on top")), block.text)
    })
    .collect()
}

impl Session {
    /// The commands of all blocks of this kind.
    pub fn of(info: &str) -> Self {
        let blocks = blocks().into_iter().filter(|block| block.info == info);
        let shown: Vec<Shown> = blocks.flat_map(|block| commands(&block)).collect();
        assert!(!shown.is_empty(), "there is no block of `{info}`");
        Self { shown, printed: tempfile::tempdir().expect("a directory") }
    }

    /// A script for a shell that runs all of it; what commands set stays set for later ones.
    pub fn script(&self) -> String {
        let mut script = "set -u\n".to_owned();
        for (index, shown) in self.shown.iter().enumerate() {
            let path = self.printed.path().join(index.to_string());
            let _ = writeln!(script, "{{ {}\n}} >{} 2>&1", shown.command, path.display());
        }
        script
    }

    /// Every command printed what the README shows, as far as that is the same each time.
    pub fn is_as_shown(&self) {
        let mut differences = String::new();
        for (index, shown) in self.shown.iter().enumerate() {
            let path = self.printed.path().join(index.to_string());
            let printed = std::fs::read_to_string(path).unwrap_or_default();
            let compared = snapbox::Assert::new().try_eq(
                None,
                steady(&printed).into(),
                steady(&shown.prints).into(),
            );
            if let Err(difference) = compared {
                let Shown { command, line, .. } = shown;
                let _ = writeln!(
                    differences,
                    "README.md:{line}: $ {command}\n{printed}--- differs\n{difference}"
                );
            }
        }
        assert!(differences.is_empty(), "{differences}");
    }
}

fn commands(block: &Block) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for (line, text) in (block.line + 1..).zip(block.text.lines()) {
        match (text.strip_prefix("$ "), shown.last_mut()) {
            (Some(command), _) => shown.push(Shown { command, prints: String::new(), line }),
            (None, Some(shown)) => shown.prints = format!("{}{text}\n", shown.prints),
            (None, None) => panic!("README.md:{line}: a console begins with `$ `"),
        }
    }
    shown
}

/// The same without what differs from one run or host to another: numbers but small counts, names
/// that runs make up, and the widths of columns.
fn steady(text: &str) -> String {
    let replaced = [
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UID"),
        (r"\b(\d{8}-\d{6}-)?regional-failover-[a-z0-9]{4}\b", "RUN"),
        (r"\brun [a-z0-9]{4} of\b", "run RUN of"),
        // Which stream is worst off.
        (r"\bshop\.(new|keep-alive)\b", "shop.STREAM"),
        (r"  waiting \d+", ""),
        (r"\d+([.:]\d+)+|\d{2,}", "N"),
        (r"\b\d( ?m?s|/s)\b", "N$1"),
        (r"\bN m?s\b", "N s"),
        (r"(?m)[ \t]+", " "),
        (r"(?m) $", ""),
    ];
    replaced.into_iter().fold(text.to_owned(), |text, (what, with)| {
        let what = Regex::new(what).expect("a pattern");
        what.replace_all(&text, with).into_owned()
    })
}

#[test]
fn figures_may_differ_but_neither_words_nor_small_counts() {
    let one = "   12.0s  ok 200  bad 0  p50 900 ms  by eu 200\n";
    assert_eq!(steady(one), steady("  9s  ok 73  bad 0  waiting 3  p50 1.05 s  by eu 12\n"));
    assert_ne!(steady(one), steady(&one.replace("eu", "us")));
    assert_ne!(steady(one), steady(&one.replace("bad 0", "bad 1")));
    assert_ne!(steady("exit code 2\n"), steady("exit code 3\n"));
    assert_eq!(steady("seatrial-runs/20261122-202507-regional-failover-a1b2"), "seatrial-runs/RUN");
    assert_eq!(steady("regional-failover: PASS (7 pass)\n"), "regional-failover: PASS (7 pass)\n");
}
