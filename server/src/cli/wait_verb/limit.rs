//! How long to wait, as it is typed.

use std::time::Duration;

use jiff::fmt::friendly::SpanParser;

/// Longest time that may be asked for: 30 days.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// Seconds as a number, or text such as `5min`.
pub(super) fn limit(text: &str) -> Result<Duration, String> {
    let read = match text.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => SpanParser::new().parse_unsigned_duration(text.trim()).ok(),
    };
    let expected = "expected a time such as 500ms, 30s, 5min or 2h, or seconds as a number";
    let limit = read.ok_or(expected)?;
    if limit.is_zero() || limit > LONGEST {
        return Err("at least 1 ms and at most 30 days (720h)".to_owned());
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them_and_have_bounds() {
        for (text, millis) in
            [("500ms", 500), ("30s", 30_000), ("30", 30_000), ("5 min", 300_000), ("2h", 7_200_000)]
        {
            assert_eq!(limit(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "0", "0s", "-1s", "soon", "721h", "99999999999999999999"] {
            assert!(limit(text).is_err(), "{text}: {:?}", limit(text));
        }
    }
}
