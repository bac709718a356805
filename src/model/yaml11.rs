//! What other readers make of a text without quotes. YAML 1.1 is still around, so a text that one
//! of them reads as something else must be quoted.

/// How a text without quotes is read by some reader, in words; nothing when all see a text.
pub(crate) fn reading(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "~" | "null" => return Some("nothing".to_owned()),
        "y" | "yes" | "true" | "on" => return Some("the boolean true".to_owned()),
        "n" | "no" | "false" | "off" => return Some("the boolean false".to_owned()),
        _ => {}
    }
    if is_date(text) {
        return Some("a date".to_owned());
    }
    number(text).map(|number| format!("the number {number}"))
}

/// The number that a text is to some reader, as it would be printed.
fn number(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (if text.starts_with('-') { "-" } else { "" }, digits),
        None => ("", text),
    };
    let bare = digits.replace('_', "");
    let lower = bare.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan") {
        return Some(format!("{sign}{}", &lower[1..]));
    }
    let radix = |prefix: &str, radix| {
        let digits = lower.strip_prefix(prefix)?;
        u64::from_str_radix(digits, radix).ok()
    };
    let whole = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2));
    if let Some(number) = whole {
        return Some(format!("{sign}{number}"));
    }
    if !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Some(number) = sexagesimal(&bare) {
        return Some(format!("{sign}{number}"));
    }
    if bare.len() > 1 && bare.starts_with('0') && bare.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
        return u64::from_str_radix(&bare, 8).ok().map(|number| format!("{sign}{number}"));
    }
    let number: f64 = bare.parse().ok()?;
    Some(format!("{sign}{number}"))
}

/// `12:30` is 750 to YAML 1.1.
fn sexagesimal(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() < 2 || parts[1..].iter().any(|part| part.len() > 2) {
        return None;
    }
    parts.iter().try_fold(0u64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))
}

/// `2026-11-22`, with or without a time.
fn is_date(text: &str) -> bool {
    let Some(date) = text.get(..10) else { return false };
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00" && (text.len() == 10 || text[10..].starts_with(['T', 't', ' ']))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.30", "the number 1.3")]
    #[case("1.36", "the number 1.36")]
    #[case("0777", "the number 511")]
    #[case("1_000", "the number 1000")]
    #[case("1e3", "the number 1000")]
    #[case("-5", "the number -5")]
    #[case("0x1F", "the number 31")]
    #[case("12:30", "the number 750")]
    #[case("No", "the boolean false")]
    #[case("on", "the boolean true")]
    #[case("~", "nothing")]
    #[case("2026-11-22", "a date")]
    fn readers_see_more_than_a_text(#[case] text: &str, #[case] what: &str) {
        assert_eq!(reading(text).as_deref(), Some(what));
    }

    #[rstest]
    #[case("1.36.3")]
    #[case("eu")]
    #[case("norway")]
    #[case("e3")]
    #[case(".")]
    #[case("kindest/node:v1.36.3")]
    #[case("ä1")]
    fn a_text_is_a_text(#[case] text: &str) {
        assert_eq!(reading(text), None);
    }
}
