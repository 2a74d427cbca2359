//! Pages of tasks by key. One filter drives: an index (or the word index)
//! whose entries come newest first, one branch per value, so that a page costs
//! what is on it. The other filters are looked at row by row.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::fetch::{bound, many, one};
use super::rows::{self, TASK, Time};
use super::text;
use crate::tasks::command::QueryTasks;
use crate::tasks::page::{COUNT_LIMIT, PAGE_BYTES};
use crate::tasks::repository::Stored;
use crate::tasks::{Cursor, Page, SessionId, Status, Task};

/// A page of what matches.
pub(super) fn page(connection: &Connection, query: &QueryTasks) -> Stored<Page> {
    let Some(search) = Search::of(connection, query)? else { return Ok(Page::empty()) };
    let limit = query.limit as usize;
    let places = search.places(connection, query.cursor, limit + 1)?;
    let mut page = Page::empty();
    let mut bytes = 0;
    let mut statement = connection.prepare_cached(&format!("SELECT {TASK} FROM tasks t WHERE t.seq = ?1"))?;
    for (index, place) in places.iter().enumerate() {
        if index == limit || bytes > PAGE_BYTES {
            page.next_cursor =
                index.checked_sub(1).and_then(|last| places.get(last)).map(|seq| Cursor::after(*seq));
            break;
        }
        let (_, task) = statement.query_row([place], rows::task)?;
        bytes += size(&task);
        page.tasks.push(task);
    }
    (page.total_count, page.total_count_is_exact) = search.count(connection)?;
    Ok(page)
}

/// The newest tasks in any of these statuses; none means all.
pub(super) fn newest(
    connection: &Connection,
    session: Option<&SessionId>,
    statuses: &[Status],
    limit: usize,
) -> Stored<Vec<Task>> {
    let query =
        QueryTasks { status: statuses.to_vec(), session_id: session.cloned(), ..QueryTasks::default() };
    let Some(search) = Search::of(connection, &query)? else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(&format!("SELECT {TASK} FROM tasks t WHERE t.seq = ?1"))?;
    let mut tasks = Vec::new();
    for place in search.places(connection, None, limit)? {
        tasks.push(statement.query_row([place], rows::task)?.1);
    }
    Ok(tasks)
}

impl Page {
    fn empty() -> Self {
        Self { tasks: Vec::new(), total_count: 0, total_count_is_exact: true, next_cursor: None }
    }
}

/// Roughly the bytes of a task in an answer.
fn size(task: &Task) -> usize {
    let summary = task.summary.as_ref().map_or(0, |text| text.as_str().len());
    let notes: usize = task.notes.iter().map(|note| note.text.as_str().len()).sum();
    let context = task.context.as_ref().map_or(0, |value| value.to_string().len());
    512 + task.description.as_str().len() + summary + notes + context
}

/// A filter on one column: any of these values.
#[derive(Clone)]
struct Filter {
    column: &'static str,
    facet: &'static str,
    values: Vec<String>,
}

/// What brings the candidates, newest first.
enum Driver {
    /// All tasks.
    All,
    /// Tasks with these words.
    Words(String),
    /// One index range for each of these statuses: of a parent or a session.
    Part { column: &'static str, facet: &'static str, part: i64, statuses: Vec<String> },
    /// One index range for each value.
    Values(Filter),
}

/// A query, made ready.
struct Search {
    driver: Driver,
    filters: Vec<Filter>,
    /// Conditions on whose a task is, beyond the driver's.
    parts: Vec<(&'static str, i64)>,
    /// Places before the first and after the last that match.
    range: (i64, i64),
}

impl Search {
    /// `None` when nothing can match.
    fn of(connection: &Connection, query: &QueryTasks) -> Stored<Option<Self>> {
        let mut filters = filters(query);
        let Some(mut parts) = parts(connection, query)? else { return Ok(None) };
        let words = query.search_text.as_deref().filter(|text| !text.trim().is_empty());
        let driver = if let Some(words) = words {
            let Some(expression) = text::expression(words) else { return Ok(None) };
            Driver::Words(expression)
        } else if let Some((facet, column, part)) = pop_front(&mut parts) {
            // Without a wish for statuses, all of them: each is a range of the same index.
            let statuses = take(&mut filters, "status").map_or_else(
                || Status::ALL.iter().map(ToString::to_string).collect(),
                |filter| filter.values,
            );
            Driver::Part { column, facet, part, statuses }
        } else {
            match rarest(connection, &filters)? {
                Some(column) => take(&mut filters, column).map_or(Driver::All, Driver::Values),
                None => Driver::All,
            }
        };
        let parts = parts.into_iter().map(|(_, column, part)| (column, part)).collect();
        Ok(Some(Self { driver, filters, parts, range: range(connection, query)? }))
    }

    /// The places of the newest matches before the cursor. The branches are put
    /// together here: a UNION would make SQLite build a table for each of them.
    fn places(&self, connection: &Connection, cursor: Option<Cursor>, limit: usize) -> Stored<Vec<i64>> {
        let before = cursor.map_or(self.range.1, |cursor| cursor.place().min(self.range.1));
        let mut places = Vec::new();
        for branch in self.branches((self.range.0, before)) {
            let Branch { key, from, wheres, values } = branch;
            let sql =
                format!("SELECT {key} FROM {from} WHERE {wheres} ORDER BY {key} DESC LIMIT {}", bound(limit));
            places.extend(many::<i64>(connection, &sql, params_from_iter(values), |row| row.get(0))?);
        }
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.truncate(limit);
        Ok(places)
    }

    /// How many match, and whether that is exact.
    fn count(&self, connection: &Connection) -> Stored<(u64, bool)> {
        if let Some(kept) = self.kept_count(connection)? {
            return Ok((kept, true));
        }
        let mut found = 0;
        for branch in self.branches(self.range) {
            let Branch { from, wheres, values, .. } = branch;
            let left = (COUNT_LIMIT + 1).saturating_sub(found);
            let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {from} WHERE {wheres} LIMIT {left})");
            let counted: i64 =
                one(connection, &sql, params_from_iter(values), |row| row.get(0))?.unwrap_or(0);
            found += counted.cast_unsigned();
        }
        Ok((found.min(COUNT_LIMIT), found <= COUNT_LIMIT))
    }

    /// The count where the counters have it already.
    fn kept_count(&self, connection: &Connection) -> Stored<Option<u64>> {
        let whole = self.range == (0, i64::MAX) && self.filters.is_empty() && self.parts.is_empty();
        let (facet, part, values) = match &self.driver {
            Driver::All if whole => ("status", 0, Status::ALL.iter().map(ToString::to_string).collect()),
            Driver::Values(filter) if whole => (filter.facet, 0, filter.values.clone()),
            Driver::Part { facet, part, statuses, .. } if whole => (*facet, *part, statuses.clone()),
            _ => return Ok(None),
        };
        kept(connection, facet, part, &values).map(Some)
    }

    /// One for each range of the driver.
    fn branches(&self, range: (i64, i64)) -> Vec<Branch> {
        let mut branches = Vec::new();
        let mut branch = |from: &'static str, key: &'static str, conditions: &[(&str, Value)]| {
            let mut values = Vec::new();
            let mut add = |value: Value| {
                values.push(value);
                format!("?{}", values.len())
            };
            let mut wheres = Vec::new();
            for (condition, value) in conditions {
                wheres.push(format!("{condition} {}", add(value.clone())));
            }
            wheres.push(format!("{key} > {}", add(Value::Integer(range.0))));
            wheres.push(format!("{key} < {}", add(Value::Integer(range.1))));
            for (column, part) in &self.parts {
                // The plus keeps the planner from another index, which would have to sort.
                wheres.push(format!("+{column} = {}", add(Value::Integer(*part))));
            }
            for filter in &self.filters {
                let list: Vec<String> =
                    filter.values.iter().map(|value| add(Value::Text(value.clone()))).collect();
                wheres.push(format!("+{} IN ({})", filter.column, list.join(", ")));
            }
            branches.push(Branch { key, from, wheres: wheres.join(" AND "), values });
        };
        match &self.driver {
            Driver::All => branch("tasks t", "t.seq", &[]),
            Driver::Words(words) => {
                let from = if self.filters.is_empty() && self.parts.is_empty() {
                    "task_text"
                } else {
                    "task_text CROSS JOIN tasks t ON t.seq = task_text.rowid"
                };
                branch(from, "task_text.rowid", &[("task_text MATCH", Value::Text(words.clone()))]);
            }
            Driver::Part { column, part, statuses, .. } => {
                for status in statuses {
                    let part = (format!("{column} ="), Value::Integer(*part));
                    let conditions = [(part.0.as_str(), part.1), ("t.status =", Value::Text(status.clone()))];
                    branch("tasks t", "t.seq", &conditions);
                }
            }
            Driver::Values(filter) => {
                let column = format!("{} =", filter.column);
                for value in &filter.values {
                    branch("tasks t", "t.seq", &[(column.as_str(), Value::Text(value.clone()))]);
                }
            }
        }
        branches
    }
}

/// One range of an index, newest first, as SQL.
struct Branch {
    key: &'static str,
    from: &'static str,
    wheres: String,
    values: Vec<Value>,
}

fn filters(query: &QueryTasks) -> Vec<Filter> {
    fn filter<T: ToString>(column: &'static str, facet: &'static str, wanted: &[T]) -> Option<Filter> {
        let mut values: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        values.sort_unstable();
        // A value named twice must not bring its tasks twice.
        values.dedup();
        (!values.is_empty()).then_some(Filter { column, facet, values })
    }
    [
        filter("t.status", "status", &query.status),
        filter("t.task_type", "task_type", &query.task_type),
        filter("t.specialist", "specialist", &query.specialist_type),
        filter("t.complexity", "complexity", &query.complexity),
    ]
    .into_iter()
    .flatten()
    .collect()
}

type Part = (&'static str, &'static str, i64);

/// Whose the tasks have to be; `None` when there is no such parent or session.
fn parts(connection: &Connection, query: &QueryTasks) -> Stored<Option<Vec<Part>>> {
    let mut parts = Vec::new();
    let wanted = [
        (
            "parent",
            "t.parent",
            "SELECT seq FROM tasks WHERE id = ?1",
            query.parent_task_id.as_ref().map(AsRef::as_ref),
        ),
        (
            "session",
            "t.session",
            "SELECT seq FROM sessions WHERE id = ?1",
            query.session_id.as_ref().map(AsRef::as_ref),
        ),
    ];
    for (facet, column, sql, id) in wanted {
        let id: Option<&str> = id;
        let Some(id) = id else { continue };
        let Some(seq) = one(connection, sql, [id], |row| row.get(0))? else { return Ok(None) };
        parts.push((facet, column, seq));
    }
    Ok(Some(parts))
}

fn pop_front(parts: &mut Vec<Part>) -> Option<Part> {
    (!parts.is_empty()).then(|| parts.remove(0))
}

fn take(filters: &mut Vec<Filter>, column: &str) -> Option<Filter> {
    let index = filters.iter().position(|filter| filter.facet == column)?;
    Some(filters.remove(index))
}

/// The filter that the fewest tasks pass.
fn rarest(connection: &Connection, filters: &[Filter]) -> Stored<Option<&'static str>> {
    let mut best = None;
    for filter in filters {
        let count = kept(connection, filter.facet, 0, &filter.values)?;
        if best.is_none_or(|(fewest, _)| count < fewest) {
            best = Some((count, filter.facet));
        }
    }
    Ok(best.map(|(_, facet)| facet))
}

fn kept(connection: &Connection, facet: &str, part: i64, values: &[String]) -> Stored<u64> {
    let mut total = 0;
    let sql = "SELECT n FROM counts WHERE facet = ?1 AND part = ?2 AND value = ?3";
    for value in values {
        let n: i64 = one(connection, sql, params![facet, part, value], |row| row.get(0))?.unwrap_or(0);
        total += u64::try_from(n).unwrap_or(0);
    }
    Ok(total)
}

/// Creation times never decrease, so a range of times is a range of places.
fn range(connection: &Connection, query: &QueryTasks) -> Stored<(i64, i64)> {
    let first = |from: Timestamp| {
        let sql = "SELECT seq FROM tasks WHERE created_at >= ?1 ORDER BY created_at, seq LIMIT 1";
        one(connection, sql, params![Time(from)], |row| row.get::<_, i64>(0))
    };
    let after = match query.created_after {
        Some(from) => first(from)?.map_or(i64::MAX, |seq| seq - 1),
        None => 0,
    };
    let before = match query.created_before {
        Some(until) => first(until)?.unwrap_or(i64::MAX),
        None => i64::MAX,
    };
    Ok((after, before))
}
