//! Amounts of memory: bytes as a number, or text such as "16 MiB".

use super::{Raw, Setting};

const UNITS: [(u64, &str); 4] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")];

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// From a number of bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// As a number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// For comparison with lengths in memory; saturates where memory is smaller.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Setting for ByteSize {
    const ACCEPTS: &'static str = "bytes as a whole number, or text such as \"512 KiB\", \"16 MiB\"";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        if let Some(bytes) = raw.whole_number() {
            return Ok(Self(bytes));
        }
        raw.text().and_then(with_unit).map(Self).ok_or_else(|| raw.not(Self::ACCEPTS))
    }

    fn show(&self) -> toml::Value {
        let (size, unit) = UNITS
            .into_iter()
            .find(|(size, _)| self.0 >= *size && self.0.is_multiple_of(*size))
            .unwrap_or((1, "B"));
        toml::Value::String(format!("{} {unit}", self.0 / size))
    }
}

/// Powers of 1024 whether written "MiB", "MB" or "M": nobody who limits a buffer
/// means a million.
fn with_unit(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit_start = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(unit_start)?;
    let unit = unit.to_ascii_lowercase();
    let letter = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit);
    let size: u64 = match letter {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    number.trim().parse::<u64>().ok()?.checked_mul(size)
}
