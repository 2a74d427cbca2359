//! Paging by key: a cursor is the place of the last task seen, so pages stay
//! complete and stable while tasks come and go.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::TaskError;
use super::task::Task;

/// Tasks in a page when nothing is said.
pub const DEFAULT_PAGE: u32 = 100;
/// Most tasks in a page.
pub const MAX_PAGE: u32 = 1000;
/// Matches are counted up to here where no counter is kept for the question.
pub const COUNT_LIMIT: u64 = 10_000;
/// Text in a page, in bytes, after which it ends early and names a cursor.
pub const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Where a page ended. Opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Cursor(i64);

impl Cursor {
    /// The place of a task in creation order, from 1.
    pub const fn after(place: i64) -> Self {
        Self(place)
    }

    /// That place.
    pub const fn place(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{:x}", self.0)
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

impl TryFrom<String> for Cursor {
    type Error = TaskError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Cursor {
    type Err = TaskError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('t')
            .filter(|digits| !digits.starts_with('+'))
            .and_then(|digits| i64::from_str_radix(digits, 16).ok())
            .filter(|place| *place > 0)
            .map(Self)
            .ok_or_else(|| TaskError::invalid("cursor", "is not one that a page has named as next_cursor"))
    }
}

/// Where a walk through tasks by their last change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// The last change of the last task seen.
    pub updated_at: Timestamp,
    /// Its place in creation order.
    pub place: i64,
}

/// One page of whole tasks, as the repository finds it.
#[derive(Debug, Clone)]
pub struct Page {
    /// Newest first.
    pub tasks: Vec<Task>,
    /// How many match, the cursor disregarded.
    pub total_count: u64,
    /// Whether that is the true number or the bound at which counting ended.
    pub total_count_is_exact: bool,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cursors_that_were_given_out_come_back() {
        let cursor = Cursor::after(1_000_000);
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for bad in ["", "t", "t0", "t-1", "t+1", "1", "tffffffffffffffff1", "t1 "] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
