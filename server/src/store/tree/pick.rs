//! Which sessions and tasks are shown where there are more than fit: open tasks, the
//! latest change first; the latest sessions; ended tasks, the newest first; and with
//! each the plans and the session that it is part of. Each question goes by an index
//! that has the answer's order, and is asked for no more rows than fit.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use super::{Node, SessionNode};
use crate::store::fetch::{bound, many, one};
use crate::tasks::Status;
use crate::tasks::repository::Stored;

/// Sessions that are shown before ended tasks, also those in which nothing is listed.
const RECENT_SESSIONS: usize = 100;

/// So far upwards is looked: deeper than plans can be nested.
const MAX_CLIMB: usize = 64;

const NODE: &str = "SELECT seq, id, parent, session, title, status, specialist, updated_at \
    FROM tasks WHERE seq = ?1";

const SESSION: &str = "SELECT seq, id, name, archived, last_activity FROM sessions";

/// What is shown, by its place in creation order.
pub(super) struct Picked {
    pub(super) tasks: HashMap<i64, Node>,
    pub(super) sessions: HashMap<i64, SessionNode>,
    has_unowned: bool,
    most: usize,
}

/// Picks at most so many rows.
pub(super) fn pick(connection: &Connection, most: usize) -> Stored<Picked> {
    let mut picked = Picked { tasks: HashMap::new(), sessions: HashMap::new(), has_unowned: false, most };
    picked.add_tasks(connection, open(connection, most)?)?;
    picked.add_sessions(connection, RECENT_SESSIONS)?;
    for statuses in [&[Status::Completed, Status::Failed, Status::Cancelled][..], &[Status::Archived]] {
        if picked.room() > 0 {
            picked.add_tasks(connection, ended(connection, statuses, most)?)?;
        }
    }
    picked.add_sessions(connection, most)?;
    Ok(picked)
}

/// The open tasks, the latest change first.
fn open(connection: &Connection, most: usize) -> Stored<Vec<i64>> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    for status in Status::OPEN {
        found.extend(many(connection, &open_sql(status), [bound(most)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?);
    }
    Ok(latest(found, most))
}

/// A partial index is used only where its own condition stands in the statement word by word.
pub(in crate::store) fn open_sql(status: Status) -> String {
    format!(
        "SELECT updated_at, seq FROM tasks WHERE status IN ('pending', 'active', 'blocked', 'suspended') \
         AND status = '{status}' ORDER BY updated_at DESC, seq DESC LIMIT ?1"
    )
}

/// The newest tasks in these statuses.
fn ended(connection: &Connection, statuses: &[Status], most: usize) -> Stored<Vec<i64>> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    for status in statuses {
        found.extend(many(connection, &ended_sql(*status), [bound(most)], |row| {
            row.get(0).map(|seq| (seq, seq))
        })?);
    }
    Ok(latest(found, most))
}

pub(in crate::store) fn ended_sql(status: Status) -> String {
    format!("SELECT seq FROM tasks WHERE status = '{status}' ORDER BY seq DESC LIMIT ?1")
}

fn latest(mut found: Vec<(i64, i64)>, most: usize) -> Vec<i64> {
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, seq)| seq).take(most).collect()
}

impl Picked {
    fn room(&self) -> usize {
        let rows = self.tasks.len() + self.sessions.len() + usize::from(self.has_unowned);
        self.most.saturating_sub(rows)
    }

    /// Adds these with all that they are part of, for as long as there is room.
    fn add_tasks(&mut self, connection: &Connection, seqs: Vec<i64>) -> Stored<()> {
        for seq in seqs {
            if self.room() == 0 || !self.add_task(connection, seq)? {
                break;
            }
        }
        Ok(())
    }

    /// Nothing of it where not all of it fits: `false` then. The few rows that are left
    /// are not worth looking at all others.
    fn add_task(&mut self, connection: &Connection, seq: i64) -> Stored<bool> {
        let mut path: Vec<Node> = Vec::new();
        let mut next = Some(seq);
        while let Some(seq) = next.filter(|seq| path.len() < MAX_CLIMB && !self.tasks.contains_key(seq)) {
            let Some(found) = one(connection, NODE, [seq], node)? else { break };
            next = found.parent;
            path.push(found);
        }
        let top = path.last().filter(|top| top.parent.is_none());
        let new_session = top.and_then(|top| top.session).filter(|seq| !self.sessions.contains_key(seq));
        let is_unowned = top.is_some_and(|top| top.session.is_none()) && !self.has_unowned;
        if path.len() + usize::from(new_session.is_some() || is_unowned) > self.room() {
            return Ok(false);
        }
        if let Some(seq) = new_session
            && let Some(found) = one(connection, &format!("{SESSION} WHERE seq = ?1"), [seq], session)?
        {
            self.sessions.insert(seq, found);
        }
        self.has_unowned |= is_unowned;
        self.tasks.extend(path.into_iter().map(|node| (node.seq, node)));
        Ok(true)
    }

    /// Adds sessions, the latest activity first, of which at most so many are looked at.
    fn add_sessions(&mut self, connection: &Connection, most: usize) -> Stored<()> {
        if self.room() == 0 {
            return Ok(());
        }
        for found in many(connection, &sessions_sql(), params![bound(most.min(self.most))], session)? {
            if self.room() == 0 {
                break;
            }
            self.sessions.entry(found.seq).or_insert(found);
        }
        Ok(())
    }
}

pub(in crate::store) fn sessions_sql() -> String {
    format!("{SESSION} ORDER BY last_activity DESC, seq DESC LIMIT ?1")
}

fn node(row: &Row<'_>) -> rusqlite::Result<Node> {
    Ok(Node {
        seq: row.get(0)?,
        id: row.get(1)?,
        parent: row.get(2)?,
        session: row.get(3)?,
        title: row.get(4)?,
        status: row.get(5)?,
        specialist: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionNode> {
    Ok(SessionNode {
        seq: row.get(0)?,
        id: row.get(1)?,
        name: row.get(2)?,
        archived: row.get(3)?,
        last_activity: row.get(4)?,
    })
}
