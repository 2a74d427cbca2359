//! What must be true of a task once some of its calls have been acknowledged.

use super::{Action, Answer, Call, Row};

/// Subtasks of each plan.
pub const SUBTASKS: usize = 2;

/// The name of the subtask that is executed and completed.
pub fn worked_subtask(marker: &str) -> String {
    format!("{marker}/0")
}

/// The name of the subtask that is cancelled.
pub fn open_subtask(marker: &str) -> String {
    format!("{marker}/1")
}

/// The least that one task must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The first word of its title.
    pub name: String,
    /// Whether its plan has been acknowledged.
    pub must_exist: bool,
    /// Whether its new title has been acknowledged.
    retitled: bool,
    /// The status it must have reached, as far as acknowledged.
    status: Option<&'static str>,
    /// Whether its artifact has been acknowledged.
    artifact: bool,
}

impl Expected {
    /// The tasks of one plan.
    pub fn of(marker: &str, calls: &[&Call]) -> [Self; 3] {
        let done = |action| {
            calls.iter().any(|call| call.action == action && call.answers.first() == Some(&Answer::Done))
        };
        let plain = |name: String| Self {
            name,
            must_exist: done(Action::Plan),
            retitled: false,
            status: None,
            artifact: false,
        };
        let worked = Self {
            retitled: done(Action::Retitle),
            status: match (done(Action::Execute), done(Action::Complete)) {
                (_, true) => Some("completed"),
                (true, false) => Some("active"),
                (false, false) => None,
            },
            artifact: done(Action::Complete),
            ..plain(worked_subtask(marker))
        };
        let open =
            Self { status: done(Action::Cancel).then_some("cancelled"), ..plain(open_subtask(marker)) };
        [plain(marker.to_owned()), worked, open]
    }

    /// Which acknowledged effects the row does not show.
    pub(super) fn missing_in(&self, row: &Row) -> Vec<String> {
        let mut missing = Vec::new();
        if self.retitled && !row.title.contains(' ') {
            missing.push("the new title".to_owned());
        }
        if let Some(status) = self.status.filter(|status| !has_reached(&row.status, status)) {
            missing.push(format!("status {status}, shown is {}", row.status));
        }
        if self.artifact && row.artifacts == 0 {
            missing.push("the artifact".to_owned());
        }
        missing
    }
}

/// Whether a task with this status has been through the other: a later call of
/// the same plan may have been carried out without its answer being recorded.
fn has_reached(shown: &str, wanted: &str) -> bool {
    shown == wanted || (wanted == "active" && shown == "completed")
}
