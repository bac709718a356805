//! Bytes as people read them.

/// `1.5 GB`: decimal, as disks and Docker count.
#[expect(clippy::cast_precision_loss, reason = "it is shown with one decimal")]
pub(super) fn gigabytes(bytes: u64) -> String {
    let gigabytes = bytes as f64 / 1e9;
    if gigabytes < 1.0 { format!("{} MB", bytes / 1_000_000) } else { format!("{gigabytes:.1} GB") }
}

/// `2 clusters`.
pub(super) fn clusters(count: u64) -> String {
    if count == 1 { "1 cluster".to_owned() } else { format!("{count} clusters") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        assert_eq!(gigabytes(256_000_000), "256 MB");
        assert_eq!(gigabytes(8_000_000_000), "8.0 GB");
        assert_eq!(gigabytes(1 << 30), "1.1 GB");
        assert_eq!((clusters(1), clusters(2)), ("1 cluster".to_owned(), "2 clusters".to_owned()));
    }
}
