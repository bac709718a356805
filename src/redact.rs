//! What must not be in logs that people pass on: credentials, whatever they are wrapped in.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// Each finds a secret; what is in its first group, if it has one, is kept.
static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // Keys and certificates, on lines of their own or in a string with `\n` in it.
        r"(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\z)",
        // The fields of a kubeconfig or a secret.
        r#"(?i)("?\b(?:client-key-data|client-certificate-data|certificate-authority-data|token-id|[\w.-]*(?:token|passw(?:or)?d|secret|api[_-]?key))"?\s*[:=]\s*)(?:"(?:[^"\\]|\\.){6,}"|[^\s",}]{6,})"#,
        // What kubeadm and others are told, such as `--discovery-token`.
        r"(--(?:[\w-]+-)?(?:token|password|secret|certificate-key)[ =])\S+",
        r"(?i)(\bauthorization:\s*\w+\s+|\bbearer\s+)[\w.~+/=-]{8,}",
        // A service account's token, and a bootstrap token.
        r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
        r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// The text without the credentials in it.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    for secret in SECRETS.iter() {
        let replaced = secret.replace_all(&text, |found: &regex::Captures<'_>| {
            found.get(1).map_or("", |kept| kept.as_str()).to_owned() + REDACTED
        });
        if let Cow::Owned(replaced) = replaced {
            text = Cow::Owned(replaced);
        }
    }
    text.into_owned()
}

/// Text that comes line by line, in which a key may begin in one line and end in another.
#[derive(Debug, Default)]
pub struct Lines {
    in_key: bool,
}

impl Lines {
    /// The line without the credentials in it; none when it is in the middle of one.
    pub fn next(&mut self, line: &str) -> Option<String> {
        let begins = line.rfind("-----BEGIN ");
        let ends = line.rfind("-----END ");
        let was_in_key = self.in_key;
        self.in_key = match (begins, ends) {
            (Some(begin), Some(end)) => begin > end,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => was_in_key,
        };
        match (was_in_key, ends) {
            (true, None) => None,
            (true, Some(end)) => Some(redacted(&format!("{OPEN_KEY}{}", &line[end..]))),
            (false, _) => Some(redacted(line)),
        }
    }
}

/// What stands for the lines of a key that were left out.
const OPEN_KEY: &str = "-----BEGIN KEY-----";

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(SECRETS.len(), 6);
    }

    #[rstest]
    #[case::key(
        "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb",
        "a\n[redacted]\nb"
    )]
    #[case::key_cut_short("a\n-----BEGIN PRIVATE KEY-----\nMIIE", "a\n[redacted]")]
    #[case::kubeconfig(
        "    client-key-data: LS0tLS1CRUdJTg==\n    server: https://127.0.0.1:20000\n",
        "    client-key-data: [redacted]\n    server: https://127.0.0.1:20000\n"
    )]
    #[case::authority(
        "certificate-authority-data: LS0tLS1CRUdJTg==",
        "certificate-authority-data: [redacted]"
    )]
    #[case::json(r#"{"token":"0123456789ab","x":1}"#, r#"{"token":[redacted],"x":1}"#)]
    #[case::join(
        "kubeadm join eu:6443 --token abcdef.0123456789abcdef --certificate-key 0011aa",
        "kubeadm join eu:6443 --token [redacted] --certificate-key [redacted]"
    )]
    #[case::flags(
        "helm upgrade shop --token s3cret --registry-password=pw --set a=b",
        "helm upgrade shop --token [redacted] --registry-password=[redacted] --set a=b"
    )]
    #[case::longer_names(
        "adminPassword=hunter2hunter2 DB_PASSWD: s3cret-s3cret x-api-key=0123456789",
        "adminPassword=[redacted] DB_PASSWD: [redacted] x-api-key=[redacted]"
    )]
    #[case::words_in_quotes(r#"password: "two words, and more""#, "password: [redacted]")]
    #[case::bootstrap(
        "[bootstrap-token] Using abcdef.0123456789abcdef",
        "[bootstrap-token] Using [redacted]"
    )]
    #[case::bearer("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]")]
    #[case::service_account(
        "got eyJhbGciOiJSUzI1.eyJpc3MiOiJrdWJl.c2ln from it",
        "got [redacted] from it"
    )]
    fn credentials_are_taken_out(#[case] text: &str, #[case] left: &str) {
        assert_eq!(redacted(text), left);
    }

    #[test]
    fn a_key_of_many_lines_is_taken_out_line_by_line() {
        let mut lines = Lines::default();
        let text = "a\nx: -----BEGIN PRIVATE KEY-----\nMIIE\nabc=\n-----END PRIVATE KEY----- y\nb";
        let left: Vec<String> = text.lines().filter_map(|line| lines.next(line)).collect();
        assert_eq!(left, ["a", "x: [redacted]", "[redacted] y", "b"]);
    }

    #[test]
    fn keys_in_one_line_do_not_hide_the_next() {
        let mut lines = Lines::default();
        let one = "-----BEGIN X-----a-----END X----- -----BEGIN Y-----b-----END Y-----";
        assert_eq!(lines.next(one).as_deref(), Some("[redacted] [redacted]"));
        assert_eq!(lines.next("after").as_deref(), Some("after"));
    }

    #[rstest]
    #[case("E1122 kubelet.go:2432] node \"two-eu-control-plane\" not found")]
    #[case("Get \"https://10.199.0.2:6443/version\": dial tcp: connection refused")]
    #[case("kindest/node:v1.36.4@sha256:0123456789abcdef0123456789abcdef")]
    #[case("secrets \"shop-tls\" not found, tokens: 3")]
    #[case("[mark-control-plane] Marking the node two-eu as control-plane")]
    fn what_explains_a_failure_stays(#[case] text: &str) {
        assert_eq!(redacted(text), text);
    }
}
