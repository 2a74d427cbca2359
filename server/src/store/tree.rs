//! The work as administrators see it: sessions, plans and tasks as a tree, read at
//! one moment. What is read is bounded like what is told: it costs what is shown and
//! not what there is. Changes nothing, and decides nothing about tasks.
//!
//! - `pick`: which tasks are shown.  - `figures`: how far each is, what it waits for.

mod figures;
mod pick;

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::Connection;
use task_orchestrator_shared::admin::tasks::{
    MAX_TASK_ROWS, MAX_TITLE, TaskCounts, TaskRow, TaskRowKind, TaskTree,
};

use super::Store;
use super::error::ExecuteError;
use super::transaction::Connected as _;
use crate::tasks::repository::Stored;
use crate::tasks::{Repository, Status, StatusCounts};
use figures::Figures;
use pick::Picked;
#[cfg(test)]
pub(in crate::store) use pick::{ended_sql, open_sql, sessions_sql};

impl Store {
    /// The work as a tree, without the generation and the calls at a checkpoint, which
    /// others know. At most [`MAX_TASK_ROWS`] rows.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn task_tree(&self) -> Result<TaskTree, ExecuteError> {
        self.read(|tx| {
            let totals = tx.counts(None)?;
            Ok(read(tx.connection(), &totals)?)
        })
        .await
    }
}

/// Whose something is: a session's by its place, or nobody's.
type Whose = Option<i64>;

/// A task as the tree needs it.
#[derive(Debug)]
struct Node {
    seq: i64,
    id: String,
    parent: Option<i64>,
    session: Whose,
    title: String,
    status: String,
    specialist: String,
    updated_at: i64,
}

impl Node {
    fn is_open(&self) -> bool {
        self.status.parse::<Status>().is_ok_and(Status::is_open)
    }
}

/// A session as the tree needs it.
#[derive(Debug)]
struct SessionNode {
    seq: i64,
    id: String,
    name: String,
    archived: bool,
    last_activity: i64,
}

fn read(connection: &Connection, totals: &StatusCounts) -> Stored<TaskTree> {
    let picked = pick::pick(connection, MAX_TASK_ROWS)?;
    let sessions = figures::sessions(connection)?;
    let mut listing = Listing::new(connection, &picked);
    let groups = listing.groups(totals, &sessions)?;
    for (group, roots) in groups {
        listing.rows.push(group);
        listing.below(roots)?;
    }
    let there_are = totals.total() + sessions.known;
    let listed = (picked.tasks.len() + picked.sessions.len()) as u64;
    Ok(TaskTree {
        at: clock(Timestamp::now()),
        generation: 0,
        rows: listing.rows,
        left_out: there_are.saturating_sub(listed),
        counts: counts(totals),
        suspended: Vec::new(),
    })
}

/// What is shown, put in its order.
struct Listing<'a> {
    figures: Figures<'a>,
    picked: &'a Picked,
    /// The tasks directly below a plan, first those that are open, the latest change first.
    children: HashMap<i64, Vec<&'a Node>>,
    /// The tasks at the top of a session.
    roots: HashMap<Whose, Vec<&'a Node>>,
    rows: Vec<TaskRow>,
}

/// Open before ended, the latest change before others.
fn rank(node: &Node) -> (bool, i64, i64) {
    (node.is_open(), node.updated_at, node.seq)
}

impl<'a> Listing<'a> {
    fn new(connection: &'a Connection, picked: &'a Picked) -> Self {
        let mut children: HashMap<i64, Vec<&Node>> = HashMap::new();
        let mut roots: HashMap<Whose, Vec<&Node>> = HashMap::new();
        for node in picked.tasks.values() {
            match node.parent.filter(|parent| picked.tasks.contains_key(parent)) {
                Some(parent) => children.entry(parent).or_default().push(node),
                None => roots.entry(node.session).or_default().push(node),
            }
        }
        for nodes in children.values_mut().chain(roots.values_mut()) {
            nodes.sort_by_key(|node| std::cmp::Reverse(rank(node)));
        }
        Self { figures: Figures::new(connection), picked, children, roots, rows: Vec::new() }
    }

    /// The sessions with what is at their top, in the order in which they are shown.
    fn groups(
        &mut self,
        totals: &StatusCounts,
        sessions: &figures::Sessions,
    ) -> Stored<Vec<(TaskRow, Vec<&'a Node>)>> {
        let mut groups = Vec::new();
        for session in self.picked.sessions.values() {
            let counts = self.figures.of_session(session.seq)?;
            let roots = self.roots.remove(&Some(session.seq)).unwrap_or_default();
            let place = (counts.open() > 0, session.last_activity);
            groups.push((place, (session_row(session, &counts), roots)));
        }
        // What is left has no session, or one that is gone, which the schema forbids.
        let mut rest: Vec<&Node> = std::mem::take(&mut self.roots).into_values().flatten().collect();
        rest.sort_by_key(|node| std::cmp::Reverse(rank(node)));
        if let Some(first) = rest.first() {
            let changed = rest.iter().map(|node| node.updated_at).max().unwrap_or(first.updated_at);
            let row = unowned_row(sessions.rest_of(totals), changed);
            groups.push(((first.is_open(), changed), (row, rest)));
        }
        groups.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        Ok(groups.into_iter().map(|(_, group)| group).collect())
    }

    /// Everything below a session, each task behind its plan.
    fn below(&mut self, roots: Vec<&'a Node>) -> Stored<()> {
        // The last one is next: those below a task come before its neighbours.
        let mut waiting: Vec<(&Node, u8)> = roots.into_iter().rev().map(|node| (node, 1)).collect();
        while let Some((node, depth)) = waiting.pop() {
            let row = self.row(node, depth)?;
            self.rows.push(row);
            // Taken out, so that not even a damaged database makes this endless.
            let children = self.children.remove(&node.seq).unwrap_or_default();
            waiting.extend(children.into_iter().rev().map(|child| (child, depth.saturating_add(1))));
        }
        Ok(())
    }

    fn row(&mut self, node: &Node, depth: u8) -> Stored<TaskRow> {
        let counts = self.figures.of_plan(node.seq)?;
        let waits_for = if node.is_open() { self.figures.waits_for(node.seq)? } else { Vec::new() };
        let total = counts.total();
        Ok(TaskRow {
            kind: if total > 0 { TaskRowKind::Plan } else { TaskRowKind::Task },
            depth,
            id: node.id.clone(),
            title: short(&node.title, MAX_TITLE),
            status: node.status.clone(),
            specialist: Some(node.specialist.clone()),
            done: (total > 0).then_some(counts.completed),
            total: (total > 0).then_some(total),
            waits_for,
            updated_at: clock_of(node.updated_at),
        })
    }
}

fn session_row(session: &SessionNode, counts: &StatusCounts) -> TaskRow {
    let status = crate::tasks::session::state_of(session.archived, counts);
    let total = counts.total();
    TaskRow {
        kind: TaskRowKind::Session,
        depth: 0,
        id: session.id.clone(),
        title: short(&session.name, MAX_TITLE),
        status: status.to_string(),
        specialist: None,
        done: (total > 0).then_some(counts.completed),
        total: (total > 0).then_some(total),
        waits_for: Vec::new(),
        updated_at: clock_of(session.last_activity),
    }
}

/// What belongs to no session.
fn unowned_row(counts: Option<StatusCounts>, changed: i64) -> TaskRow {
    TaskRow {
        kind: TaskRowKind::Session,
        depth: 0,
        id: String::new(),
        title: "in no session".to_owned(),
        status: String::new(),
        specialist: None,
        done: counts.map(|counts| counts.completed),
        total: counts.map(|counts| counts.total()),
        waits_for: Vec::new(),
        updated_at: clock_of(changed),
    }
}

fn counts(totals: &StatusCounts) -> TaskCounts {
    let StatusCounts { pending, active, blocked, suspended, completed, failed, cancelled, archived } =
        *totals;
    TaskCounts { pending, active, blocked, suspended, completed, failed, cancelled, archived }
}

/// What is shown to people must not steer their terminals, nor be endless.
fn short(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

fn clock_of(nanoseconds: i64) -> String {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).map(clock).unwrap_or_default()
}

/// To the millisecond: nobody reads more.
fn clock(time: Timestamp) -> String {
    time.round(jiff::Unit::Millisecond).unwrap_or(time).to_string()
}
