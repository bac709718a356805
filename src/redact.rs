//! What must not be in logs that people pass on: credentials, whatever they are wrapped in.

mod keys;

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// How the names of secrets end, in files and environments.
const NAME: &str = r"(?:token|passw(?:or)?d|passphrase|secret|(?:api|access|secret|private|signing|encryption)[_-]?key)";
/// What tools are told, such as `--discovery-token`.
const FLAG: &str = r"--?(?:[\w-]+-)?(?:token|password|passphrase|secret|(?:certificate|api|access|secret|private)-key)";
/// A value in quotes, or in what is left of them at the end of a line.
const QUOTED: &str = r#""(?:[^"\\\n]|\\.)+(?:"|$)|'(?:[^'\n]|'')+(?:'|$)"#;
/// A value in the quotes of a string that is in a string.
const ESCAPED: &str = r#"\\"(?:[^"\\\n]|\\\\(?:\\["\\]|[^"\\\n]))+\\"|\\+"[^"\n]+""#;

/// Each finds a secret; what is in its first group and in its second, if it has them, is kept.
static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // The fields of a kubeconfig or a secret.
        format!(
            r#"(?im)(\b(?:client-key-data|client-certificate-data|certificate-authority-data|token-id|[\w.-]*{NAME})\\*["']?[ \t]*(?::=|=>|[:=])[ \t]*(?:[|>][+-]?[ \t]*\n[ \t]+)?)(?:{ESCAPED}|{QUOTED}|(?:[^\s"',}}\\]|\\[^"n\s])(?:[^\s",}}\\]|\\[^"n\s]){{5,}})"#
        ),
        r#"(?i)(\b[\w.-]+\.key\\*["']?\s*[:=]\s*\\*["']?)[a-z0-9+][a-z0-9+/]{23,}={0,2}"#.to_owned(),
        // What kubeadm and others are told, as a line and as a list.
        format!(r#"(?m)((?:^|[\s"'=(\[`]){FLAG}[ =])(?:{QUOTED}|[^\s"]+)"#),
        format!(r#"(\\*"{FLAG}\\*"\s*,\s*\\*")(?:[^"\\]|\\\\.)+"#),
        r#"(?i)(\bauthorization\\*["']?\s*[:=]\s*\\*["']?\w+\s+|\bbearer\s+)[\w.~+/=-]{8,}"#.to_owned(),
        // In the address of a server.
        r#"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@?#"']*:)[^\s/?#"']+(@)"#.to_owned(),
        // A key as Kubernetes writes it: what begins with `-----` in base64.
        r"\bLS0t[A-Za-z0-9+/]{8,}={0,2}".to_owned(),
        // A service account's token, and a bootstrap token.
        r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*".to_owned(),
        r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b".to_owned(),
        // A token of k3s.
        r"\bK10[0-9a-f]{16,}::[\w-]+:\S+".to_owned(),
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// A word of a command that says what the next one is, and one that is both in one.
static ARGUMENTS: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
    let flag = Regex::new(&format!("(?i)^{FLAG}$"));
    let both = Regex::new(&format!(r"(?is)^(\S*?(?:{FLAG}|{NAME})=).+$"));
    Some([flag.ok()?, both.ok()?])
});

/// What errors say where a secret might stand, such as `token: required`.
const EXPLAINS: [&str; 31] = [
    "and",
    "cannot",
    "connection",
    "context",
    "denied",
    "disabled",
    "expected",
    "expired",
    "failed",
    "forbidden",
    "incorrect",
    "invalid",
    "is",
    "malformed",
    "mismatch",
    "missing",
    "must",
    "not",
    "or",
    "permission",
    "rejected",
    "required",
    "revoked",
    "secrets",
    "serviceaccounts",
    "string",
    "unable",
    "unauthorized",
    "unexpected",
    "unknown",
    "unsupported",
];

/// The text without the credentials in it.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut text = keys::without(text);
    for secret in SECRETS.iter() {
        if let Cow::Owned(replaced) = secret.replace_all(&text, without_value) {
            text = Cow::Owned(replaced);
        }
    }
    text.into_owned()
}

fn without_value(found: &Captures<'_>) -> String {
    let group = |index| found.get(index).map_or("", |group| group.as_str());
    let (all, before, after) = (group(0), group(1), group(2));
    let value = &all[before.len()..all.len() - after.len()];
    let word = value.trim_end_matches(|c: char| c.is_ascii_punctuation());
    if value.starts_with(REDACTED) || EXPLAINS.contains(&word) {
        return all.to_owned();
    }
    format!("{before}{REDACTED}{after}")
}

/// The words of a command as one line without the credentials in them: a word that is a secret is
/// left out whole, whatever is in it.
pub fn redacted_command<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    let Some([flag, both]) = &*ARGUMENTS else { return REDACTED.to_owned() };
    let mut is_secret = false;
    let mut shown = Vec::new();
    for word in words {
        let word = word.as_ref();
        if is_secret {
            shown.push(REDACTED.to_owned());
            is_secret = false;
            continue;
        }
        is_secret = flag.is_match(word);
        shown.push(both.replace(word, format!("${{1}}{REDACTED}")).into_owned());
    }
    redacted(&shown.join(" "))
}

/// Text that comes line by line, in which a key may begin in one line and end in another.
#[derive(Debug, Default)]
pub struct Lines {
    /// How many more lines the key may have that began before.
    of_key: usize,
}

impl Lines {
    /// The line without the credentials in it; none when it is in the middle of one.
    pub fn next(&mut self, line: &str) -> Option<String> {
        let of_key = std::mem::take(&mut self.of_key);
        let mut line = Cow::Borrowed(line);
        if of_key > 0 {
            match (keys::end_in(&line), keys::part_of(&line)) {
                (Some(end), _) => line = Cow::Owned(format!("{OPEN_KEY}{}", &line[end..])),
                (None, Some(part)) if part == line.len() => {
                    self.of_key = of_key - 1;
                    return None;
                }
                (None, Some(part)) => line = Cow::Owned(format!("{REDACTED}{}", &line[part..])),
                (None, None) => {}
            }
        }
        if keys::is_open_after(&line) {
            self.of_key = keys::LINES;
        }
        Some(redacted(&line))
    }
}

/// What stands for the lines of a key that were left out.
const OPEN_KEY: &str = "-----BEGIN KEY-----";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(SECRETS.len(), 10);
        assert!(ARGUMENTS.is_some());
    }

    #[rstest]
    #[case::key(
        "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb",
        "a\n[redacted]\nb"
    )]
    #[case::key_cut_short("a\n-----BEGIN PRIVATE KEY-----\nMIIE", "a\n[redacted]")]
    #[case::key_cut_short_and_more(
        "a\n-----BEGIN PRIVATE KEY-----\nMIIE\nabc=\n\nERROR: it is broken\nb",
        "a\n[redacted]\n\nERROR: it is broken\nb"
    )]
    #[case::encrypted_key_cut_short(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIE\nERROR: b",
        "[redacted]\nERROR: b"
    )]
    #[case::key_in_a_string_cut_short(
        r#"{"key":"-----BEGIN PRIVATE KEY-----\nMIIE\nabc=","error":"broken"}"#,
        r#"{"key":"[redacted]","error":"broken"}"#
    )]
    #[case::key_in_a_string_before_an_error(
        r"-----BEGIN PRIVATE KEY-----\r\nMIIE\r\nabc=\r\nERROR: it is broken",
        r"[redacted]\nERROR: it is broken"
    )]
    #[case::two_keys_of_which_one_is_cut_short(
        "-----BEGIN X-----\nMIIE\nERROR: b\n-----BEGIN Y-----\nMIIE\n-----END Y-----",
        "[redacted]\nERROR: b\n[redacted]"
    )]
    #[case::key_behind_what_a_log_writes(
        "x: -----BEGIN X-----\nx: 0123456789012345678901234567890123456789012345678901234567890123\nx: ab=\nx: -----END X-----",
        "x: [redacted]"
    )]
    #[case::mentioned("expected -----BEGIN CERTIFICATE----- first", "expected [redacted] first")]
    #[case::end_of_a_key("MIIE\nabc=\n-----END PRIVATE KEY-----\nb", "[redacted]\nb")]
    #[case::end_of_a_key_in_its_headers(
        "DEK-Info: AES-256-CBC,00\n\nMIIE\n-----END RSA PRIVATE KEY-----",
        "[redacted]"
    )]
    #[case::end_of_a_key_in_a_string(
        r#"abc=\n-----END PRIVATE KEY-----\n","x":1}"#,
        r#"[redacted]\n","x":1}"#
    )]
    #[case::key_without_a_beginning_in_a_string(
        r#"{"key":"MIIE\n-----END PRIVATE KEY-----\n"}"#,
        r#"{"key":"[redacted]\n"}"#
    )]
    #[case::end_of_a_key_on_one_line(
        "MIIEvQIBADANBgkqhkiG9w0B abc= -----END PRIVATE KEY-----",
        "[redacted]"
    )]
    #[case::end_of_a_key_behind_an_error(
        "ERROR: a\nready\n0123456789012345678901234567890123456789012345678901234567890123\nabc=\n-----END X-----",
        "ERROR: a\nready\n[redacted]"
    )]
    #[case::end_of_a_key_behind_what_a_log_writes(
        "x: ready\nx: 0123456789012345678901234567890123456789012345678901234567890123\nx: ab=\nx: -----END X-----\nx: b",
        "x: ready\nx: [redacted]\nx: b"
    )]
    #[case::end_of_a_key_behind_times(
        "2026-01-01T00:00:00Z stderr F ready: 1\n2026-01-01T00:00:01Z stderr F MIIE12\n2026-01-01T00:00:02Z stderr F -----END X-----",
        "2026-01-01T00:00:00Z stderr F ready: 1\n2026-01-01T00:00:01Z stderr F [redacted]"
    )]
    #[case::end_of_an_encrypted_key_behind_what_a_log_writes(
        "eu | DEK-Info: AES-256-CBC,00\neu |\neu | MIIE12\neu | -----END X-----",
        "eu | [redacted]"
    )]
    #[case::end_of_a_key_on_one_line_behind_what_a_log_writes(
        "x: MIIEvQIBADANBgkqhkiG9w0B abc= -----END PRIVATE KEY-----",
        "x: [redacted]"
    )]
    #[case::end_of_a_key_mentioned(
        "E1122 pem.go:3] cannot read it\nE1122 pem.go:3] no -----END X-----",
        "E1122 pem.go:3] cannot read it\nE1122 pem.go:3] no [redacted]"
    )]
    #[case::end_of_a_key_mentioned_below_a_word(
        "error: broken\nmissing -----END X-----",
        "error: broken\nmissing [redacted]"
    )]
    #[case::kubeconfig(
        "    client-key-data: LS0tLS1CRUdJTg==\n    server: https://127.0.0.1:20000\n",
        "    client-key-data: [redacted]\n    server: https://127.0.0.1:20000\n"
    )]
    #[case::authority(
        "certificate-authority-data: LS0tLS1CRUdJTg==",
        "certificate-authority-data: [redacted]"
    )]
    #[case::json(r#"{"token":"0123456789ab","x":1}"#, r#"{"token":[redacted],"x":1}"#)]
    #[case::json_in_json(
        r#"{"log":"got {\"token\":\"0123 \\\"45\\\" 6789ab\",\"x\":1}"}"#,
        r#"{"log":"got {\"token\":[redacted],\"x\":1}"}"#
    )]
    #[case::json_in_json_in_json(
        r#"\\\"password\\\":\\\"hunter2hunter2\\\",x"#,
        r#"\\\"password\\\":[redacted],x"#
    )]
    #[case::join(
        "kubeadm join eu:6443 --token abcdef.0123456789abcdef --certificate-key 0011aa",
        "kubeadm join eu:6443 --token [redacted] --certificate-key [redacted]"
    )]
    #[case::flags(
        "helm upgrade shop --token s3cret --registry-password=pw --set a=b",
        "helm upgrade shop --token [redacted] --registry-password=[redacted] --set a=b"
    )]
    #[case::more_flags(
        "shop --api-key k1 --aws-secret-access-key=k2 -password k3 --password \"two words\" up",
        "shop --api-key [redacted] --aws-secret-access-key=[redacted] -password [redacted] --password [redacted] up"
    )]
    #[case::flags_in_a_list(r#"["--token","two words","up"]"#, r#"["--token","[redacted]","up"]"#)]
    #[case::longer_names(
        "adminPassword=hunter2hunter2 DB_PASSWD: s3cret-s3cret x-api-key=0123456789",
        "adminPassword=[redacted] DB_PASSWD: [redacted] x-api-key=[redacted]"
    )]
    #[case::keys_of_a_cloud(
        "AWS_ACCESS_KEY_ID=AKIA0123 AWS_SECRET_ACCESS_KEY=wJalrXUt/nFEMI secretKey: wJalrXUtnFEMI",
        "AWS_ACCESS_KEY_ID=AKIA0123 AWS_SECRET_ACCESS_KEY=[redacted] secretKey: [redacted]"
    )]
    #[case::words_in_quotes(r#"password: "two words, and more""#, "password: [redacted]")]
    #[case::words_in_single_quotes("password: 'it''s two words' x", "password: [redacted] x")]
    #[case::quotes_cut_short("password: \"two words\nx", "password: [redacted]\nx")]
    #[case::on_a_line_of_its_own(
        "password: |-\n  hunter2hunter2\nx",
        "password: |-\n  [redacted]\nx"
    )]
    #[case::data_of_a_secret(
        "  tls.key: LS0tLS1CRUdJTiBQ\n  ca.key: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n  tls.crt: LS0tLS1CRUdJTiBD",
        "  tls.key: [redacted]\n  ca.key: [redacted]\n  tls.crt: [redacted]"
    )]
    #[case::in_an_address(
        "Get \"https://admin:hunter2@registry.example:5000/v2/\": EOF, redis://:pw@db",
        "Get \"https://admin:[redacted]@registry.example:5000/v2/\": EOF, redis://:[redacted]@db"
    )]
    #[case::k3s("K10a1b2c3d4e5f60718::server:0123456789abcdef joins", "[redacted] joins")]
    #[case::bootstrap(
        "[bootstrap-token] Using abcdef.0123456789abcdef",
        "[bootstrap-token] Using [redacted]"
    )]
    #[case::bearer("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]")]
    #[case::basic(r#""Authorization": "Basic dTpwdTpw""#, r#""Authorization": "Basic [redacted]""#)]
    #[case::service_account(
        "got eyJhbGciOiJSUzI1.eyJpc3MiOiJrdWJl.c2ln from it",
        "got [redacted] from it"
    )]
    fn credentials_are_taken_out(#[case] text: &str, #[case] left: &str) {
        assert_eq!(redacted(text), left);
    }

    fn by_lines(text: &str) -> Vec<String> {
        let mut lines = Lines::default();
        text.lines().filter_map(|line| lines.next(line)).collect()
    }

    #[test]
    fn a_key_of_many_lines_is_taken_out_line_by_line() {
        let text = "a\nx: -----BEGIN PRIVATE KEY-----\nMIIE\nabc=\n-----END PRIVATE KEY----- y\nb";
        assert_eq!(by_lines(text), ["a", "x: [redacted]", "[redacted] y", "b"]);
    }

    #[test]
    fn keys_in_one_line_do_not_hide_the_next() {
        let one = "-----BEGIN X-----a-----END X----- -----BEGIN Y-----b-----END Y-----\nafter";
        assert_eq!(by_lines(one), ["[redacted] [redacted]", "after"]);
    }

    #[test]
    fn a_key_without_an_end_hides_no_more_than_itself() {
        let text = "-----BEGIN PRIVATE KEY-----\nMIIE\nabc=\nERROR: it is broken\nabc";
        assert_eq!(by_lines(text), ["[redacted]", "ERROR: it is broken", "abc"]);
        let text = "-----BEGIN X-----\nMIIE\"} broken\nabc";
        assert_eq!(by_lines(text), ["[redacted]", "[redacted]\"} broken", "abc"]);
        assert_eq!(by_lines("no -----BEGIN X----- here\nabc"), ["no [redacted] here", "abc"]);
        let words = "-----BEGIN X-----\n".to_owned() + &"ready\n".repeat(1000);
        assert_eq!(by_lines(&words).len(), 1 + 1000 - keys::LINES);
    }

    #[rstest]
    #[case("E1122 kubelet.go:2432] node \"two-eu-control-plane\" not found")]
    #[case("Get \"https://10.199.0.2:6443/version\": dial tcp: connection refused")]
    #[case("kindest/node:v1.36.4@sha256:0123456789abcdef0123456789abcdef")]
    #[case("secrets \"shop-tls\" not found, tokens: 3")]
    #[case("MountVolume.SetUp failed for volume \"tls\": secret \"shop/tls\" not found")]
    #[case("token: required")]
    #[case("--token is required; password: invalid.")]
    #[case("failed to fetch anonymous token: unexpected status from GET request: 401")]
    #[case("unable to get token: context deadline exceeded")]
    #[case("token: \"\", password: ''")]
    #[case("https://registry.example:5000/v2/a@sha256:01 and mailto:a@b https://a/x:y@z")]
    #[case("kubeadm token create --token-ttl 24h --kubeconfig /etc/kubernetes/admin.conf")]
    #[case("open /etc/kubernetes/pki/apiserver.key: permission denied")]
    #[case("apiserver.key: /etc/kubernetes/pki/some/longer/path/to/it")]
    #[case("volumes:\n- secret:\n    secretName: shop-tls\n  keyRef: {key: token}")]
    #[case("\\n and \\\\n and -----\n----------\n")]
    #[case("[mark-control-plane] Marking the node two-eu as control-plane")]
    fn what_explains_a_failure_stays(#[case] text: &str) {
        assert_eq!(redacted(text), text);
        assert_eq!(by_lines(text), text.lines().collect::<Vec<_>>());
    }

    #[rstest]
    #[case::words(&["a", "--password", "correct horse battery", "up"], "a --password [redacted] up")]
    #[case::in_one(&["--registry-token=a b c", "up"], "--registry-token=[redacted] up")]
    #[case::like_a_flag(&["--token", "--secret", "up"], "--token [redacted] up")]
    #[case::environment(&["-e", "DB_PASSWORD=a b\nc", "up"], "-e DB_PASSWORD=[redacted] up")]
    #[case::values(&["--set=a=b,auth.password=a b", "up"], "--set=a=b,auth.password=[redacted] up")]
    #[case::inside(&["sh", "-c", "x --token a b"], "sh -c x --token [redacted] b")]
    #[case::nothing_after(&["--token"], "--token")]
    #[case::no_secret(&["--token-ttl", "24h", "a=b c"], "--token-ttl 24h a=b c")]
    fn a_word_that_is_a_secret_goes_whole(#[case] words: &[&str], #[case] left: &str) {
        assert_eq!(redacted_command(words), left);
    }

    /// What texts are made of, with and without something in it that is a secret.
    fn text() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            prop::sample::select(vec![
                "-----BEGIN X-----",
                "-----END X-----",
                "-----",
                "token",
                "--token",
                "-password",
                "password",
                "secret",
                "api_key",
                "tls.key",
                "Authorization:",
                "Bearer ",
                "https://",
                "LS0tLS1CRUdJ",
                "eyJhbGciOiJSUzI1.eyJpc3MiOiJrdWJl.",
                "abcdef.0123456789abcdef",
                "[redacted]",
                "Proc-Type: ",
                "required",
                "hunter2hunter2",
                "two words",
                "0123456789abcdef0123456789",
            ])
            .prop_map(str::to_owned),
            prop::sample::select(vec![
                ":", "=", " ", "\n", "\\n", "\"", "'", "\\\"", "\\", ",", "@", "/", "{", "}", ".",
                "-", "|",
            ])
            .prop_map(str::to_owned),
            "[a-zA-Z0-9]{1,20}",
        ];
        prop::collection::vec(word, 0..20).prop_map(|words| words.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn redacting_twice_is_the_same_as_once(text in text()) {
            let once = redacted(&text);
            prop_assert_eq!(redacted(&once), once);
        }

        #[test]
        fn a_text_without_any_of_the_words_is_unchanged(
            text in r#"([A-JL-OQ-SU-Z0-9:="' {}\\\n.,/|-]|----|://|sha256:|\\n){0,60}"#
        ) {
            prop_assert_eq!(redacted(&text), &*text);
            prop_assert_eq!(by_lines(&text), text.lines().collect::<Vec<_>>());
        }

        /// A tail of a log that begins anywhere in a key, whatever stands before each line.
        #[test]
        fn no_line_of_a_key_is_left_behind_what_a_log_writes(
            lines in prop::collection::vec("[A-Za-z0-9+/]{64}", 0..5),
            last in "[A-Za-z0-9+/]{0,63}[0-9]={0,2}",
            prefix in prop::sample::select(vec![
                "x: ",
                "eu|",
                "2026-01-01T00:00:00.000000000Z stderr F ",
                "I0101 00:00:00.000000    1234 pem.go:12] ",
                "Jan 01 00:00:00 eu kubelet[123]: ",
                "\u{e9}t\u{e9} ",
            ]),
            cut in 0..64_usize,
        ) {
            let lines: Vec<String> = lines.into_iter().chain([last]).collect();
            let body = format!("{prefix}{}\n", lines.join(&format!("\n{prefix}")));
            let before = format!("{prefix}that: is it\n");
            let end = format!("{prefix}-----END PRIVATE KEY-----\n{prefix}c: d");
            let cut = (0..=cut.min(body.len())).rev().find(|cut| body.is_char_boundary(*cut));
            let tail = &body[cut.unwrap_or_default()..];
            for text in [format!("{before}{body}{end}"), format!("{tail}{end}")] {
                let left = redacted(&text);
                prop_assert_eq!(left.contains(&before), text.contains(&before), "{}", left);
                let after = format!("\n{prefix}c: d");
                prop_assert!(left.ends_with(&after), "{}", left);
                let left = left.trim_end_matches(&after).trim_start_matches(&before);
                let secret = left.trim_end_matches(REDACTED).trim_start_matches('\n');
                prop_assert!(prefix.ends_with(secret), "{:?} of {:?}", left, text);
            }
        }

        /// Whatever part of it a text has, and whatever else.
        #[test]
        fn no_line_of_a_key_is_left(
            lines in prop::collection::vec("[A-Za-z0-9+/]{64}", 1..6),
            // What is before it and what is behind, and not nothing in both places.
            which in 1..9_usize,
        ) {
            let (before, after) = (which / 3, which % 3);
            let body = lines.join("\n");
            let begin = ["", "-----BEGIN PRIVATE KEY-----\n", "a: b\n-----BEGIN PRIVATE KEY-----\n"][before];
            let end = ["", "\n-----END PRIVATE KEY-----", "\n-----END PRIVATE KEY-----\nc: d"][after];
            let text = format!("{begin}{body}{end}");
            let escaped = text.replace('\n', "\\n");
            for text in [redacted(&text), redacted(&escaped)] {
                prop_assert!(lines.iter().all(|line| !text.contains(line)), "{}", text);
                prop_assert_eq!(text.contains("a: b"), before == 2);
                prop_assert_eq!(text.contains("c: d"), after == 2);
            }
        }
    }
}
