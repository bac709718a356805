//! agnhost's `connect`, as it is called and what it says: exit code 0 for a connection that was
//! made, else one line on stderr that begins with the kind of failure.
//!
//! Source: `test/images/agnhost/connect/connect.go` of Kubernetes 1.36.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use super::Answer;

/// Tries several targets at once; prints a line for each: target, exit code, what was said. The
/// first argument bounds each connection, the others are targets.
const SCRIPT: &str = r#"set -f
limit=$1
shift
for target; do
  { said=$(/agnhost connect --timeout="$limit" "$target" 2>&1); echo "$target $?" $said; } &
done
wait"#;

/// What came of one target, and the client's own words where they tell more.
pub(super) type Said = (Answer, Option<String>);

/// The command that tries all targets.
pub(super) fn command(targets: &[SocketAddr], timeout: Duration) -> Vec<String> {
    let limit = format!("{}ms", timeout.as_millis());
    let fixed = ["sh", "-c", SCRIPT, "probe", &limit].map(str::to_owned);
    fixed.into_iter().chain(targets.iter().map(ToString::to_string)).collect()
}

/// What the command wrote, for each of its targets in their order.
pub(super) fn answers(targets: &[SocketAddr], written: &str) -> Vec<Said> {
    let line = |line: &str| {
        let (target, rest) = line.split_once(' ')?;
        let (code, said) = rest.split_once(' ').unwrap_or((rest, ""));
        Some((target.parse().ok()?, classify(code, said)))
    };
    let lines: BTreeMap<SocketAddr, Said> = written.lines().filter_map(line).collect();
    let silent = || (Answer::Error, Some("the client said nothing of it".to_owned()));
    targets.iter().map(|target| lines.get(target).cloned().unwrap_or_else(silent)).collect()
}

fn classify(code: &str, said: &str) -> Said {
    let words = || Some(said.to_owned());
    match (code, said.split([':', ' ']).next().unwrap_or_default()) {
        ("0", _) => (Answer::Allowed, None),
        ("1", "REFUSED") => (Answer::Refused, None),
        ("1", "TIMEOUT") => (Answer::Timeout, None),
        ("1", "OTHER") if is_unreachable(said) => (Answer::Unreachable, words()),
        ("1", _) if !said.is_empty() => (Answer::Error, words()),
        _ => (Answer::Error, Some(format!("exit code {code} {said}").trim_end().to_owned())),
    }
}

/// EHOSTUNREACH and ENETUNREACH in Go's words. Any other failure may be one of the source's own.
fn is_unreachable(said: &str) -> bool {
    said.ends_with("no route to host") || said.ends_with("network is unreachable")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NO_ROUTE: &str = "OTHER: dial tcp 10.1.2.3:80: connect: no route to host";
    const NO_NETWORK: &str = "OTHER: dial tcp 10.1.2.3:80: connect: network is unreachable";
    const NOT_PERMITTED: &str = "OTHER: dial tcp 10.1.2.3:80: connect: operation not permitted";
    const DNS: &str = "DNS: lookup nowhere: no such host";
    const BAD: &str = "UNKNOWN: address 10.1.2.3: missing port in address";

    #[rstest]
    #[case("0", "", Answer::Allowed, None)]
    #[case("1", "REFUSED", Answer::Refused, None)]
    #[case("1", "TIMEOUT", Answer::Timeout, None)]
    #[case("1", NO_ROUTE, Answer::Unreachable, Some(NO_ROUTE))]
    #[case("1", NO_NETWORK, Answer::Unreachable, Some(NO_NETWORK))]
    #[case("1", NOT_PERMITTED, Answer::Error, Some(NOT_PERMITTED))]
    #[case("1", DNS, Answer::Error, Some(DNS))]
    #[case("1", BAD, Answer::Error, Some(BAD))]
    #[case("1", "", Answer::Error, Some("exit code 1"))]
    #[case(
        "127",
        "sh: /agnhost: not found",
        Answer::Error,
        Some("exit code 127 sh: /agnhost: not found")
    )]
    #[case("137", "TIMEOUT", Answer::Error, Some("exit code 137 TIMEOUT"))]
    #[case("2", "REFUSED", Answer::Error, Some("exit code 2 REFUSED"))]
    fn only_known_denials_count_as_such(
        #[case] code: &str,
        #[case] said: &str,
        #[case] answer: Answer,
        #[case] words: Option<&str>,
    ) {
        assert_eq!(classify(code, said), (answer, words.map(str::to_owned)));
    }

    #[test]
    fn every_target_gets_its_own_answer_whatever_their_order() {
        let targets = ["10.0.0.1:80", "10.0.0.2:80", "[fd00::1]:80", "10.0.0.3:80"];
        let targets = targets.map(|target| target.parse().unwrap());
        let written = "10.0.0.2:80 1 REFUSED\nnoise\n[fd00::1]:80 1 TIMEOUT\n10.0.0.1:80 0\n";
        let answers: Vec<Answer> =
            answers(&targets, written).into_iter().map(|(answer, _)| answer).collect();
        assert_eq!(answers, [Answer::Allowed, Answer::Refused, Answer::Timeout, Answer::Error]);
    }

    /// Runs the script in this host's shell with another program in agnhost's place.
    #[test]
    fn the_script_tells_of_every_target_its_code_and_words() {
        let targets = ["10.0.0.1:80", "10.0.0.2:80"].map(|target| target.parse().unwrap());
        let command = command(&targets, Duration::from_secs(2));
        let stand_in = r#"agnhost() { case $3 in 10.0.0.2:80) echo "OTHER: * $2" >&2; return 1;; esac; }
"#;
        let script = stand_in.to_owned() + &command[2].replace("/agnhost", "agnhost");
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", &script])
            .args(&command[3..])
            .output()
            .unwrap();
        let written = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            answers(&targets, &written),
            [
                (Answer::Allowed, None),
                (Answer::Error, Some("OTHER: * --timeout=2000ms".to_owned()))
            ]
        );
    }
}
