//! What a scan sees, gathered page by page. Every list is bounded, and the scan
//! looks at open tasks only, so it costs what is going on and not what ever was.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::document::Listed;
use super::finding;
use crate::tasks::command::Maintenance;
use crate::tasks::error::TaskError;
use crate::tasks::graph::{MAX_SUBTREE, too_many_below};
use crate::tasks::id::{SessionId, TaskId};
use crate::tasks::kinds::{MaintenanceAction, MaintenanceScope, ValidationLevel};
use crate::tasks::lifecycle;
use crate::tasks::outcome::ScanResults;
use crate::tasks::page::{Cursor, Resting};
use crate::tasks::repository::Repository;
use crate::tasks::status::Status;
use crate::tasks::task::{StatusCounts, Task};
use crate::tasks::walk::{WALK_PAGE, Walk};

/// Most entries of each list.
const LISTED: usize = 100;
/// Most open tasks of each status that are looked at, those first that rest longest.
const LOOKED_AT: u64 = 20_000;
/// Most questions for tasks in one page.
const ROUNDS: usize = 2 * WALK_PAGE;

/// Where a scan goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// At the begin.
    Begin { target: Option<TaskId> },
    /// Among the open tasks: the statuses that are left, the first one from here on.
    Open { statuses: VecDeque<Status>, after: Option<Resting>, looked: u64 },
    /// Below a task: the plans that are left, the first one from here on.
    Below { plans: VecDeque<TaskId>, after: Option<Cursor> },
    /// At the end.
    End,
}

/// A task that something can be done about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Candidate {
    pub(super) task_id: TaskId,
    pub(super) status: Status,
    pub(super) updated_at: Timestamp,
}

/// What was seen so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scan {
    now: Timestamp,
    level: ValidationLevel,
    pub(super) action: MaintenanceAction,
    pub(super) scope: MaintenanceScope,
    /// The session that is looked at, where it is one.
    pub(super) session: Option<SessionId>,
    place: Place,
    looked: u64,
    expected: u64,
    pub(super) results: ScanResults,
    pub(super) issues: Vec<String>,
    pub(super) listed: Vec<Listed>,
    pub(super) stale: Vec<Candidate>,
    pub(super) orphaned: Vec<Candidate>,
}

impl Scan {
    /// A scan that has not begun.
    ///
    /// # Errors
    ///
    /// A scope of one task without a task.
    pub fn new(command: &Maintenance, now: Timestamp) -> Result<Self, TaskError> {
        let target =
            command.target_task_id.clone().filter(|_| command.scope == MaintenanceScope::SpecificSubtask);
        if command.scope == MaintenanceScope::SpecificSubtask && target.is_none() {
            return Err(TaskError::invalid("target_task_id", "is needed when the scope is specific_subtask"));
        }
        let session =
            command.session_id.clone().filter(|_| command.scope == MaintenanceScope::CurrentSession);
        Ok(Self {
            now,
            level: command.validation_level,
            action: command.action,
            scope: command.scope,
            session,
            place: Place::Begin { target },
            looked: 0,
            expected: 0,
            results: ScanResults {
                total: 0,
                status_distribution: StatusCounts::default(),
                stale_tasks: Vec::new(),
                orphaned_tasks: Vec::new(),
                incomplete_workflows: Vec::new(),
            },
            issues: Vec::new(),
            listed: Vec::new(),
            stale: Vec::new(),
            orphaned: Vec::new(),
        })
    }

    fn begin(&mut self, repository: &dyn Repository, target: Option<TaskId>) -> Result<Place, TaskError> {
        // A clock that has gone back must not make what was just planned look strange.
        if let Some(newest) = repository.newest(None, &[], 1)?.first() {
            self.now = self.now.max(newest.created_at);
        }
        if let Some(id) = target {
            let task = lifecycle::existing(repository, &id)?;
            self.see_below(repository, &task, &mut BTreeMap::new())?;
            return Ok(Place::Below { plans: VecDeque::from([id]), after: None });
        }
        // A session that was put away since it was opened is no scope any more.
        if let Some(id) = &self.session
            && repository.session(id)?.is_none()
        {
            self.session = None;
        }
        let counts = repository.counts(self.session.as_ref())?;
        self.expected = Status::OPEN.iter().map(|status| counts.get(*status).min(LOOKED_AT)).sum();
        self.results.total = counts.total();
        self.results.status_distribution = counts;
        Ok(Place::Open { statuses: Status::OPEN.into_iter().collect(), after: None, looked: 0 })
    }

    /// One round within the room that the page has left. The place after it.
    fn round(
        &mut self,
        repository: &dyn Repository,
        place: Place,
        room: &mut usize,
        parents: &mut BTreeMap<TaskId, bool>,
    ) -> Result<Place, TaskError> {
        match place {
            Place::Begin { target } => self.begin(repository, target),
            Place::End => Ok(Place::End),
            Place::Open { statuses, after, looked } => {
                self.open_round(repository, (statuses, after, looked), room, parents)
            }
            Place::Below { plans, after } => self.below_round(repository, (plans, after), room, parents),
        }
    }

    fn open_round(
        &mut self,
        repository: &dyn Repository,
        (mut statuses, after, looked): (VecDeque<Status>, Option<Resting>, u64),
        room: &mut usize,
        parents: &mut BTreeMap<TaskId, bool>,
    ) -> Result<Place, TaskError> {
        let Some(status) = statuses.front().copied() else { return Ok(Place::End) };
        let (tasks, after) = repository.resting(self.session.as_ref(), status, after, *room)?;
        for task in &tasks {
            self.see(repository, task, parents)?;
        }
        *room = room.saturating_sub(tasks.len());
        let looked = looked + tasks.len() as u64;
        if after.is_some() && looked < LOOKED_AT {
            return Ok(Place::Open { statuses, after, looked });
        }
        statuses.pop_front();
        Ok(Place::Open { statuses, after: None, looked: 0 })
    }

    fn below_round(
        &mut self,
        repository: &dyn Repository,
        (mut plans, after): (VecDeque<TaskId>, Option<Cursor>),
        room: &mut usize,
        parents: &mut BTreeMap<TaskId, bool>,
    ) -> Result<Place, TaskError> {
        let Some(plan) = plans.front().cloned() else { return Ok(Place::End) };
        let (tasks, after) = repository.children_after(&plan, after, *room)?;
        for task in &tasks {
            self.see_below(repository, task, parents)?;
            plans.push_back(task.task_id.clone());
        }
        // The task itself is not below it.
        if self.looked > MAX_SUBTREE as u64 + 1 {
            return Err(too_many_below());
        }
        *room = room.saturating_sub(tasks.len());
        if after.is_none() {
            plans.pop_front();
        }
        Ok(Place::Below { plans, after })
    }

    /// A task of a subtree, open or not.
    fn see_below(
        &mut self,
        repository: &dyn Repository,
        task: &Task,
        parents: &mut BTreeMap<TaskId, bool>,
    ) -> Result<(), TaskError> {
        *self.results.status_distribution.get_mut(task.status) += 1;
        self.results.total += 1;
        if task.status.is_open() {
            return self.see(repository, task, parents);
        }
        self.looked += 1;
        Ok(())
    }

    /// An open task. One that moved while the scan went on may come twice: it is listed once.
    fn see(
        &mut self,
        repository: &dyn Repository,
        task: &Task,
        parents: &mut BTreeMap<TaskId, bool>,
    ) -> Result<(), TaskError> {
        self.looked += 1;
        let id = &task.task_id;
        let candidate =
            || Candidate { task_id: id.clone(), status: task.status, updated_at: task.updated_at };
        let known = |list: &[Candidate]| list.iter().any(|other| other.task_id == *id);
        if self.stale.len() < LISTED
            && let Some(entry) = finding::staleness(task, self.now).filter(|_| !known(&self.stale))
        {
            self.results.stale_tasks.push(entry);
            self.stale.push(candidate());
        }
        if self.orphaned.len() < LISTED
            && finding::given_up_above(repository, task, parents)?
            && !known(&self.orphaned)
        {
            self.results.orphaned_tasks.push(task.brief());
            self.orphaned.push(candidate());
        }
        let plans = &mut self.results.incomplete_workflows;
        if plans.len() < LISTED && !plans.iter().any(|plan| plan.task_id == *id) {
            plans.extend(finding::incomplete(repository, task)?);
        }
        self.check(repository, task)?;
        if Listed::is_wanted(self.action, task.status, &self.listed) {
            self.listed.push(Listed::of(repository, task)?);
        }
        Ok(())
    }

    fn check(&mut self, repository: &dyn Repository, task: &Task) -> Result<(), TaskError> {
        let mut found = Vec::new();
        if self.level != ValidationLevel::Basic && self.issues.len() < LISTED {
            found.extend(finding::never_to_be_met(repository, task)?);
        }
        if self.level == ValidationLevel::FullAudit && self.issues.len() + found.len() < LISTED {
            found.extend(finding::overdue(task, self.now));
        }
        found.retain(|issue| !self.issues.contains(issue));
        self.issues.extend(found);
        Ok(())
    }

    /// What can be done without a person: which task goes where, and why.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&Candidate, Status, &'static str)> {
        let stale =
            self.stale.iter().filter(|task| task.status == Status::Active).map(|task| {
                (task, Status::Suspended, "nothing happened for longer than its role is allowed")
            });
        let orphaned =
            self.orphaned.iter().map(|task| (task, Status::Cancelled, "the plan it belongs to was given up"));
        stale.chain(orphaned)
    }

    /// What a person should do.
    pub(super) fn recommendations(&self) -> Vec<String> {
        let mut list = Vec::new();
        let resting = self.stale.iter().filter(|task| task.status != Status::Active).count();
        if resting > 0 {
            list.push(format!(
                "Look at {resting} tasks that wait or are blocked for long: go on or cancel them."
            ));
        }
        for plan in self.results.incomplete_workflows.iter().take(10) {
            list.push(format!("{} ({}): {}", plan.title, plan.task_id, plan.reason));
        }
        if !self.issues.is_empty() {
            list.push("Correct the issues with orchestrator_update_task.".to_owned());
        }
        if list.is_empty() && self.steps().next().is_none() {
            list.push("Nothing needs attention.".to_owned());
        }
        list
    }
}

impl Walk for Scan {
    const KIND: &'static str = "maintenance";

    fn page(&mut self, repository: &dyn Repository) -> Result<bool, TaskError> {
        let mut room = WALK_PAGE;
        // Siblings share a plan, so within a page each plan is asked for once.
        let mut parents = BTreeMap::new();
        // A task without subtasks takes a round and no room: the page must end all the same.
        for _ in 0..ROUNDS {
            if room == 0 || matches!(self.place, Place::End) {
                break;
            }
            let place = std::mem::replace(&mut self.place, Place::End);
            self.place = self.round(repository, place, &mut room, &mut parents)?;
        }
        Ok(!matches!(self.place, Place::End))
    }

    fn looked(&self) -> u64 {
        self.looked
    }

    fn expected(&self) -> u64 {
        match &self.place {
            Place::Below { plans, .. } => self.looked + plans.len() as u64,
            _ => self.expected,
        }
    }
}
