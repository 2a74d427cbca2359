//! The history checker: was every acknowledged call carried out, and each exactly once?
//!
//! A pure function over what clients recorded and what is in the database at
//! the end. It knows no process and no SQL, so that each kind of violation can
//! be planted in a test.

mod expected;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

pub use expected::{Expected, SUBTASKS, open_subtask, worked_subtask};

/// What a call does to the plan that its marker names. A client makes them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Creates a parent with [`SUBTASKS`] subtasks, every title beginning with the marker.
    Plan,
    /// Gives the first subtask another title.
    Retitle,
    /// Makes the first subtask active: refused by the server when it is already.
    Execute,
    /// Completes the first subtask with one artifact: refused by the server when it is already.
    Complete,
    /// Cancels the second subtask: refused by the server when it is already.
    Cancel,
}

/// How one answer looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The call succeeded.
    Done,
    /// The tool or the protocol refused it.
    Failed(String),
}

/// One call, from one client, with everything that came back under its id.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which client.
    pub client: usize,
    /// The request's id in that client.
    pub id: u64,
    /// The plan it is about; no two plans have the same.
    pub marker: String,
    /// What it does.
    pub action: Action,
    /// Its answers: exactly one, when all is well.
    pub answers: Vec<Answer>,
    /// Until the first answer.
    pub waited: Duration,
}

/// One task as something outside sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The title, which begins with the name of the plan or subtask.
    pub title: String,
    /// The status, by its name on the wire.
    pub status: String,
    /// How many artifacts it has.
    pub artifacts: u64,
}

/// Everything that was recorded.
#[derive(Debug, Default)]
pub struct History {
    /// Every call of every client.
    pub calls: Vec<Call>,
    /// Sessions whose stream ended, or carried what is no message.
    pub disconnects: Vec<String>,
}

/// What is wrong, by kind; all empty when nothing is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Acknowledged, and not there.
    pub lost: Vec<String>,
    /// Carried out more than once.
    pub doubled: Vec<String>,
    /// Answered with an error.
    pub errors: Vec<String>,
    /// Never answered.
    pub unanswered: Vec<String>,
    /// Answered more than once.
    pub answered_twice: Vec<String>,
    /// Sessions that broke.
    pub disconnects: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another view found.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.kinds_mut().into_iter().zip(other.kinds()) {
            mine.extend(theirs.1.iter().filter(|item| !mine.contains(item)).cloned().collect::<Vec<_>>());
        }
    }

    fn kinds(&self) -> [(&'static str, &Vec<String>); 6] {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("errors", &self.errors),
            ("unanswered", &self.unanswered),
            ("answered twice", &self.answered_twice),
            ("disconnects", &self.disconnects),
        ]
    }

    fn kinds_mut(&mut self) -> [&mut Vec<String>; 6] {
        [
            &mut self.lost,
            &mut self.doubled,
            &mut self.errors,
            &mut self.unanswered,
            &mut self.answered_twice,
            &mut self.disconnects,
        ]
    }
}

impl fmt::Display for Verdict {
    /// The counts, then the first few of each kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> =
            self.kinds().iter().map(|(kind, found)| format!("{} {kind}", found.len())).collect();
        f.write_str(&counts.join(", "))?;
        for (kind, found) in self.kinds() {
            for item in found.iter().take(5) {
                write!(f, "\n  {kind}: {item}")?;
            }
        }
        Ok(())
    }
}

/// Compares what was recorded with what is there. `view` names the eye in the findings.
pub fn check(history: &History, view: &str, rows: &[Row]) -> Verdict {
    let mut verdict = Verdict { disconnects: history.disconnects.clone(), ..Verdict::default() };
    for call in &history.calls {
        check_answers(call, &mut verdict);
    }
    let mut by_name: HashMap<&str, Vec<&Row>> = HashMap::new();
    for row in rows {
        by_name.entry(name_of(&row.title)).or_default().push(row);
    }
    for (marker, calls) in plans(history) {
        for expected in Expected::of(marker, &calls) {
            let found = by_name.remove(expected.name.as_str()).unwrap_or_default();
            check_task(&expected, &found, view, &mut verdict);
        }
    }
    for (name, found) in by_name {
        verdict.doubled.push(format!("{view}: {} rows named {name}, which nobody asked for", found.len()));
    }
    verdict
}

fn check_answers(call: &Call, verdict: &mut Verdict) {
    let who = || format!("client {} id {} {:?} of {}", call.client, call.id, call.action, call.marker);
    match call.answers.as_slice() {
        [] => verdict.unanswered.push(who()),
        [_] => {}
        more => verdict.answered_twice.push(format!("{}: {} times", who(), more.len())),
    }
    for answer in &call.answers {
        if let Answer::Failed(why) = answer {
            verdict.errors.push(format!("{}: {why}", who()));
        }
    }
}

fn check_task(expected: &Expected, found: &[&Row], view: &str, verdict: &mut Verdict) {
    let name = &expected.name;
    let row = match found {
        [] if expected.must_exist => return verdict.lost.push(format!("{view}: {name} is not there")),
        [] => return,
        [row] => row,
        more => return verdict.doubled.push(format!("{view}: {name} is there {} times", more.len())),
    };
    for missing in expected.missing_in(row) {
        verdict.lost.push(format!("{view}: {name}: {missing}"));
    }
    if row.artifacts > 1 {
        verdict.doubled.push(format!("{view}: {name} has {} artifacts of one completion", row.artifacts));
    }
}

fn plans(history: &History) -> BTreeMap<&str, Vec<&Call>> {
    let mut plans: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in &history.calls {
        plans.entry(&call.marker).or_default().push(call);
    }
    plans
}

/// The first word of a title: what stays when the title changes.
fn name_of(title: &str) -> &str {
    title.split(' ').next().unwrap_or(title)
}

#[cfg(test)]
mod tests;
