//! What a container runs, as far as it matters to anybody outside of it.

use std::time::Duration;

use serde_json::Value;

/// A program and how it behaves. Of agnhost's: `test/images/agnhost` of Kubernetes 1.36.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Program {
    /// Takes connections and says nothing on them, as a DNS server does to who asks nothing.
    Accepts { port: u16 },
    /// Ends by itself.
    Ends { after: Option<Duration>, code: i64 },
    /// agnhost netexec. Asked to end, it goes on for a while, then exits at once.
    Netexec { port: u16, lingers: Duration },
    /// agnhost pause, which calls it an error to be asked to end.
    Pause { lingers: Duration },
    /// Runs until it is asked to end. Nobody knows what it does: it does not listen.
    Runs,
}

impl Program {
    /// The program of a container. One that nothing is known of ends by itself only where it is
    /// expected to.
    pub(super) fn of(container: &Value, restart_policy: &str) -> Self {
        let image = container["image"].as_str().unwrap_or_default();
        let name = image.rsplit('/').next().unwrap_or_default();
        let name = name.split([':', '@']).next().unwrap_or_default();
        let words = |field: &str| {
            let words = container[field].as_array().into_iter().flatten();
            words.filter_map(Value::as_str).collect::<Vec<_>>()
        };
        let (command, args) = (words("command"), words("args"));
        match (name, command.first()) {
            ("agnhost", None | Some(&"/agnhost" | &"agnhost")) => {
                let words: Vec<_> = command.iter().skip(1).chain(&args).copied().collect();
                Self::agnhost(&words)
            }
            ("coredns", _) => Self::Accepts { port: 53 },
            _ => {
                let words: Vec<_> = command.iter().chain(&args).copied().collect();
                Self::other(&words, restart_policy)
            }
        }
    }

    fn agnhost(words: &[&str]) -> Self {
        let number = |flag: &str| option(words, flag).and_then(|text| text.parse().ok());
        let lingers = Duration::from_secs(number("--delay-shutdown").unwrap_or_default());
        match words.first() {
            Some(&"netexec") => {
                let port = number("--http-port").and_then(|port| u16::try_from(port).ok());
                Self::Netexec { port: port.unwrap_or(8080), lingers }
            }
            Some(&"pause") | None => Self::Pause { lingers },
            Some(_) => Self::Runs,
        }
    }

    fn other(words: &[&str], restart_policy: &str) -> Self {
        let text = words.join(" ");
        let ends = |after, code| Self::Ends { after, code };
        let number = |word: &str| {
            let (_, rest) = text.split_once(word)?;
            let rest = rest.trim_start();
            let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            rest[..digits].parse::<u64>().ok()
        };
        let code = number("exit ").and_then(|code| i64::try_from(code).ok());
        match (words, number("sleep "), code) {
            (["true"], ..) => ends(None, 0),
            (["false"], ..) => ends(None, 1),
            (_, Some(after), code) => ends(Some(Duration::from_secs(after)), code.unwrap_or(0)),
            (_, None, Some(code)) => ends(None, code),
            _ if restart_policy == "Always" => Self::Runs,
            _ => ends(None, 0),
        }
    }

    /// Where it listens.
    pub(super) const fn port(self) -> Option<u16> {
        match self {
            Self::Accepts { port } | Self::Netexec { port, .. } => Some(port),
            _ => None,
        }
    }

    /// How long it goes on after it was asked to end, and its exit code then.
    pub(super) const fn end(self) -> (Duration, i64) {
        match self {
            Self::Netexec { lingers, .. } => (lingers, 0),
            Self::Pause { lingers } => (lingers, 2),
            // By the signal, 15.
            Self::Ends { .. } => (Duration::ZERO, 143),
            Self::Accepts { .. } | Self::Runs => (Duration::ZERO, 0),
        }
    }
}

/// The value of an option, written `--a=b` or `--a b`.
fn option<'a>(words: &[&'a str], flag: &str) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(index, word)| {
        let rest = word.strip_prefix(flag)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => words.get(index + 1).copied(),
            None => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const NONE: Duration = Duration::ZERO;
    const AGNHOST: &str = "registry.k8s.io/e2e-test-images/agnhost:2.53";

    #[rstest]
    #[case(&[], &["netexec", "--http-port=80"], Program::Netexec { port: 80, lingers: NONE })]
    #[case(&[], &["netexec", "--http-port", "80"], Program::Netexec { port: 80, lingers: NONE })]
    #[case(
        &["/agnhost", "netexec"], &["--delay-shutdown=5"],
        Program::Netexec { port: 8080, lingers: Duration::from_secs(5) }
    )]
    #[case(&[], &["pause"], Program::Pause { lingers: NONE })]
    #[case(&[], &["porter"], Program::Runs)]
    #[case(&["sleep", "5"], &[], Program::Ends { after: Some(Duration::from_secs(5)), code: 0 })]
    fn agnhost_runs_what_it_is_told(
        #[case] command: &[&str],
        #[case] args: &[&str],
        #[case] program: Program,
    ) {
        let container = json!({"image": AGNHOST, "command": command, "args": args});
        assert_eq!(Program::of(&container, "Always"), program);
    }

    #[rstest]
    #[case("nginx:1", &[], "Always", Program::Runs)]
    #[case("migrate:1", &[], "Never", Program::Ends { after: None, code: 0 })]
    #[case("busybox", &["sh", "-c", "echo no; exit 3"], "Never", Program::Ends { after: None, code: 3 })]
    #[case("busybox", &["false"], "Always", Program::Ends { after: None, code: 1 })]
    #[case("registry.k8s.io/coredns/coredns:v1.12", &[], "Always", Program::Accepts { port: 53 })]
    fn others_are_guessed(
        #[case] image: &str,
        #[case] command: &[&str],
        #[case] policy: &str,
        #[case] program: Program,
    ) {
        assert_eq!(Program::of(&json!({"image": image, "command": command}), policy), program);
    }
}
