//! Lengths of time: seconds as a number, or text such as "5 min".

use std::time::Duration;

use jiff::fmt::friendly::SpanParser;

use super::{Raw, Setting};

const UNITS: [(u128, &str); 5] =
    [(86_400_000, "days"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")];

impl Setting for Duration {
    const ACCEPTS: &'static str =
        "seconds as a whole number, or text such as \"500 ms\", \"30 s\", \"5 min\", \"24 h\"";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        if let Some(seconds) = raw.whole_number() {
            return Ok(Self::from_secs(seconds));
        }
        let text = raw.text().ok_or_else(|| raw.not(Self::ACCEPTS))?;
        SpanParser::new()
            .parse_unsigned_duration(in_hours(text).as_deref().unwrap_or(text.trim()))
            .map_err(|_| raw.not(Self::ACCEPTS))
    }

    /// In the largest unit that divides it, to the millisecond. A single day is 24 h.
    fn show(&self) -> toml::Value {
        let millis = self.as_millis();
        let (length, unit) = UNITS
            .into_iter()
            .find(|(length, unit)| {
                let least = if *unit == "days" { 2 * length } else { *length };
                millis >= least && millis.is_multiple_of(*length)
            })
            .unwrap_or((1_000, "s"));
        toml::Value::String(format!("{} {unit}", millis / length))
    }
}

/// A day of a time span can have 23 hours, so the parser refuses days; as a
/// limit it has 24.
fn in_hours(text: &str) -> Option<String> {
    let digits = text.trim().trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.trim().strip_prefix(digits)?;
    let days: u64 = digits.trim().parse().ok()?;
    matches!(unit, "d" | "day" | "days").then(|| days.checked_mul(24).map(|hours| format!("{hours} h")))?
}

/// Zero stands for never.
impl Setting for Option<Duration> {
    const ACCEPTS: &'static str = "seconds as a whole number, text such as \"5 min\", or 0 for never";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        if raw.text().is_some_and(|text| text.trim().eq_ignore_ascii_case("never")) {
            return Ok(None);
        }
        let length = Duration::read(raw).map_err(|_| raw.not(Self::ACCEPTS))?;
        Ok((!length.is_zero()).then_some(length))
    }

    fn show(&self) -> toml::Value {
        self.map_or(toml::Value::Integer(0), |length| length.show())
    }
}
