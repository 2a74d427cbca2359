//! The status of a task and the only table of its allowed moves. Nothing else
//! may decide whether a task can go from one status to another.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::TaskError;
use super::kinds::vocabulary;

vocabulary! {
    /// Where a task stands.
    #[derive(Default)]
    Status, "status" {
        /// Not begun.
        #[default]
        Pending = "pending",
        /// Being worked on.
        Active = "active",
        /// Something stands in the way.
        Blocked = "blocked",
        /// Set aside, to be gone on with.
        Suspended = "suspended",
        /// Done.
        Completed = "completed",
        /// Tried and not achieved.
        Failed = "failed",
        /// No longer wanted.
        Cancelled = "cancelled",
        /// Out of sight, kept.
        Archived = "archived",
    }
}

impl Status {
    /// The statuses that this one may move to, the same one not among them.
    pub const fn moves(self) -> &'static [Self] {
        use Status::{Active, Archived, Blocked, Cancelled, Completed, Failed, Pending, Suspended};
        match self {
            Pending => &[Active, Blocked, Cancelled, Archived],
            Active => &[Completed, Failed, Blocked, Suspended, Cancelled, Pending],
            Blocked => &[Pending, Active, Cancelled],
            Suspended => &[Active, Pending, Cancelled],
            Failed => &[Archived, Pending],
            Completed | Cancelled => &[Archived],
            Archived => &[],
        }
    }

    /// Whether the table has this move.
    pub fn may_become(self, to: Self) -> bool {
        self.moves().contains(&to)
    }

    /// Whether somebody still has to do something about the task.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Active | Self::Blocked | Self::Suspended)
    }

    /// The open statuses, in the order in which a reader wants them.
    pub const OPEN: [Self; 4] = [Self::Active, Self::Blocked, Self::Suspended, Self::Pending];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's table, written out a second time and as text on purpose.
    const TABLE: &str = "pending→active|blocked|cancelled|archived; \
        active→completed|failed|blocked|suspended|cancelled|pending; blocked→pending|active|cancelled; \
        suspended→active|pending|cancelled; completed→archived; failed→archived|pending; cancelled→archived; \
        archived→";

    #[test]
    fn exactly_the_moves_of_the_contract_are_allowed() {
        let mut seen = 0;
        for row in TABLE.split(';') {
            let (from, allowed) = row.trim().split_once('→').unwrap();
            let from: Status = from.parse().unwrap();
            let allowed: Vec<&str> = allowed.split('|').collect();
            for to in Status::ALL {
                assert_eq!(from.may_become(*to), allowed.contains(&to.as_str()), "{from} to {to}");
                seen += 1;
            }
        }
        assert_eq!(seen, 64);
    }

    #[test]
    fn json_and_text_are_spelled_alike() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(status.as_str().parse::<Status>().unwrap(), *status);
        }
        assert!("Pending".parse::<Status>().is_err());
    }
}
