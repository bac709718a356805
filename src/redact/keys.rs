//! Keys and certificates from their `-----BEGIN` to their `-----END`, on lines of their own or in a
//! string with `\n` in it; also those of which a text has only a part.

use std::borrow::Cow;

use super::REDACTED;

/// More lines than any key has: what goes on for longer is none.
pub(super) const LINES: usize = 256;
/// No line of a key is shorter, but the last.
const WHOLE_LINE: usize = 48;
/// How long a word behind other words is that belongs to a key.
const WORD_BEHIND_WORDS: std::ops::RangeInclusive<usize> = 60..=80;
/// How long a word behind `BEGIN` on its own line is that belongs to a key.
const WORD: usize = 16;
const DASHES: &str = "-----";
/// What may stand before a key's own lines, each followed by a colon.
const HEADERS: [&str; 8] =
    ["Charset", "Comment", "DEK-Info", "Hash", "Key-Info", "MessageID", "Proc-Type", "Version"];

/// Where a key begins or ends.
struct Mark {
    begins: bool,
    start: usize,
    end: usize,
}

/// The text without its keys. One without an end goes on, and one without a beginning came before,
/// only over lines that look like a key's.
pub(super) fn without(text: &str) -> Cow<'_, str> {
    let mut marks = marks(text).into_iter().peekable();
    let (mut left, mut done) = (String::new(), 0);
    while let Some(mark) = marks.next() {
        let (start, end) = if mark.begins {
            let next = marks.peek().map_or(text.len(), |next| next.start);
            let inner = &text[mark.end..next];
            match marks.next_if(|next| !next.begins && is_short(inner)) {
                Some(end) => (mark.start, end.end),
                None => (mark.start, mark.end + goes_on(inner)),
            }
        } else {
            (done + came_before(&text[done..mark.start]), mark.end)
        };
        left.push_str(&text[done..start]);
        left.push_str(REDACTED);
        done = end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    left.push_str(&text[done..]);
    Cow::Owned(left)
}

/// Where a line has the end of a key that began before it.
pub(super) fn end_in(line: &str) -> Option<usize> {
    marks(line).first().filter(|mark| !mark.begins).map(|mark| mark.start)
}

/// Whether a key begins in the line and may go on in the next.
pub(super) fn is_open_after(line: &str) -> bool {
    let marks = marks(line);
    let Some(last) = marks.last().filter(|mark| mark.begins) else { return false };
    let rest = &line[last.end..];
    rest[goes_on(rest)..].trim().is_empty()
}

/// How many bytes of the line belong to a key that began before it; none when it looks like
/// something else.
pub(super) fn part_of(line: &str) -> Option<usize> {
    let body = line.trim_start();
    let rest = body.trim_start_matches(is_base64);
    let is_whole = without_end(rest).is_empty() || is_header(body) || ends_in_word(body);
    if is_whole {
        return Some(line.len());
    }
    let ends_in_quote = rest.trim_start_matches('\\').starts_with(['"', '\'']);
    (rest.len() < body.len() && ends_in_quote).then(|| line.len() - rest.len())
}

fn marks(text: &str) -> Vec<Mark> {
    let (mut marks, mut at) = (Vec::new(), 0);
    while let Some(found) = text[at..].find(DASHES) {
        let start = at + found;
        match label(&text[start + DASHES.len()..]) {
            Some((begins, length)) => {
                at = start + DASHES.len() + length;
                marks.push(Mark { begins, start, end: at });
            }
            None => at = start + 1,
        }
    }
    marks
}

/// Whether what follows the dashes begins a key, and how long it is with the other dashes.
fn label(text: &str) -> Option<(bool, usize)> {
    let (begins, name) = match text.strip_prefix("BEGIN ") {
        Some(name) => (true, name),
        None => (false, text.strip_prefix("END ")?),
    };
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
    let rest = name.trim_start_matches(is_of_name);
    let rest = rest.strip_prefix(DASHES).filter(|_| !name.starts_with('-'))?;
    Some((begins, text.len() - rest.len()))
}

fn is_short(text: &str) -> bool {
    std::iter::successors(Some(text), |text| first_line(text).1).nth(LINES).is_none()
}

/// How many bytes behind a `BEGIN` belong to its key.
fn goes_on(text: &str) -> usize {
    let (first, mut rest) = first_line(text);
    let mut end = words_of(first);
    if end < without_end(first).len() {
        return end;
    }
    for _ in 0..LINES {
        let Some(from) = rest else { break };
        let (line, next) = first_line(from);
        let Some(part) = part_of(line) else { break };
        if !line.trim().is_empty() {
            end = text.len() - from.len() + part;
        }
        if part < line.len() {
            break;
        }
        rest = next;
    }
    end
}

/// How many bytes behind a `BEGIN`, on its own line, belong to the key.
fn words_of(line: &str) -> usize {
    let mut end = 0;
    for word in line.split_ascii_whitespace() {
        let start = word.as_ptr() as usize - line.as_ptr() as usize;
        let run = word.len() - word.trim_start_matches(is_base64).len();
        let is_last = start + word.len() == line.trim_end().len();
        if run < WORD && !(end > 0 && is_last) {
            break;
        }
        end = start + run;
        if run < word.len() {
            break;
        }
    }
    end
}

/// Where the key begins whose `END` follows the text.
fn came_before(text: &str) -> usize {
    let mut lines = Vec::new();
    let mut rest = Some(text);
    while let Some(from) = rest {
        let (line, next) = first_line(from);
        lines.push((text.len() - from.len(), line));
        rest = next;
    }
    let mut start = text.len();
    let Some((own, before)) = lines.split_last() else { return start };
    if let Some(from) = ends_in_words(own.1) {
        return own.0 + from;
    }
    // A log puts the same before each line; a key on lines of its own has nothing there.
    let prefix = own.1;
    let is_bare = prefix.trim().is_empty();
    for (index, (at, line)) in before.iter().enumerate().rev() {
        let (is_first, is_last) = (index == 0, index + 1 == before.len());
        let intact = behind(prefix, line);
        // A text may begin anywhere, also in what is put before its first line.
        let is_cut = is_first && intact.is_none_or(|from| from == line.len());
        let from = if is_cut { last_word(line) } else { intact.unwrap_or_default() };
        let body = without_end(line[from..].trim_start());
        let may_be_short = is_first || is_last;
        let is_line = (may_be_short || body.len() >= WHOLE_LINE)
            && !body.is_empty()
            && body.chars().all(is_base64);
        if is_line && may_be_short && !is_bare && !is_cut && is_of_sentence(body) {
            // If it is of the key after all, what is above it tells.
            continue;
        }
        let is_below_header = || {
            let above = before[index - 1].1;
            behind(prefix, above).is_some_and(|from| is_header(&above[from..]))
        };
        let is_gap = body.is_empty() && index > 0 && is_below_header();
        if is_line || is_gap || is_header(body) {
            start = at + if is_bare { 0 } else { from };
            continue;
        }
        let body = without_end(line.trim_start());
        if ends_in_word(body) {
            start = *at;
            continue;
        }
        let head = body.trim_end_matches(is_base64);
        if head.ends_with(['"', '\'']) && head.len() < body.len() {
            start =
                at + line.trim_end_matches(char::is_whitespace).len() - (body.len() - head.len());
        }
        break;
    }
    start
}

/// Where, on the line of an `END`, the key begins that stands on this one line; none when it does
/// not.
fn ends_in_words(line: &str) -> Option<usize> {
    let mut from = None;
    let mut rest = line.trim_end();
    let is_key = |word: &str| !word.is_empty() && word.chars().all(is_base64);
    let last = &rest[last_word(rest)..];
    if last.len() < WORD && is_key(last) {
        rest = rest[..rest.len() - last.len()].trim_end();
    }
    loop {
        let at = last_word(rest);
        if rest.len() - at < WORD || !is_key(&rest[at..]) {
            return from;
        }
        from = Some(at);
        rest = rest[..at].trim_end();
    }
}

/// Where a line goes on behind as many words as are before another one; none when it has fewer.
fn behind(prefix: &str, line: &str) -> Option<usize> {
    let mut words = prefix.split_whitespace().count();
    // Its last word may go on without a blank, such as behind `eu|`.
    let glue = prefix.chars().next_back().filter(|last| !last.is_whitespace());
    words -= usize::from(glue.is_some());
    let mut rest = line.trim_start();
    for _ in 0..words {
        if rest.is_empty() {
            return None;
        }
        rest = rest.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
    }
    if let Some(glue) = glue {
        let times = prefix[last_word(prefix)..].matches(glue).count();
        let (at, _) = rest.match_indices(glue).nth(times - 1)?;
        rest = &rest[at + glue.len_utf8()..];
    }
    Some(line.len() - rest.len())
}

/// Where the last word of a line begins.
fn last_word(line: &str) -> usize {
    line.trim_end()
        .rfind(char::is_whitespace)
        .map_or(0, |blank| blank + line[blank..].chars().next().map_or(0, char::len_utf8))
}

/// Whether it looks like a word of somebody's language: no secret is as regular.
fn is_of_sentence(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_lowercase())
}

/// The text up to its first line break, and what follows that. In a string, it is `\n`.
fn first_line(text: &str) -> (&str, Option<&str>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while bytes.get(at) == Some(&b'\\') {
            at += 1;
        }
        let breaks = match bytes.get(at) {
            Some(b'\n') => at == start,
            Some(b'n') => at > start,
            _ => false,
        };
        if breaks {
            return (&text[..start], Some(&text[at + 1..]));
        }
        at += usize::from(at == start);
    }
    (text, None)
}

/// A key's line without what may follow it before its break.
fn without_end(line: &str) -> &str {
    let line = line.trim_end();
    line.strip_suffix("\\r").unwrap_or(line).trim_end_matches('\\')
}

fn is_header(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, _)| HEADERS.contains(&name))
}

/// Whether it may be a key's line behind what a log puts before each.
fn ends_in_word(line: &str) -> bool {
    let word = without_end(line).rsplit([' ', '\t', '"', '\'', '|']).next().unwrap_or_default();
    WORD_BEHIND_WORDS.contains(&word.len()) && word.chars().all(is_base64)
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}
