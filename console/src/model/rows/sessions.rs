//! Client sessions as rows. The key is the client's id.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use task_orchestrator_shared::admin::view::{SessionState, SessionView, View};

use super::{Column, Rows, Width};
use crate::model::value::Value;
use crate::theme::Tone;

const fn column(id: &'static str, title: &'static str, width: Width, priority: u8) -> Column {
    Column { id, title, width, priority }
}

/// What is told of a session.
pub const COLUMNS: &[Column] = &[
    column("name", "name", Width::Least(11), 0),
    column("version", "version", Width::Fixed(8), 8),
    column("client", "client", Width::Fixed(8), 3),
    column("pid", "pid", Width::Fixed(7), 7),
    column("transport", "transp", Width::Fixed(6), 14),
    column("protocol", "protocol", Width::Fixed(10), 11),
    column("state", "state", Width::Fixed(9), 1),
    column("in-flight", "flight", Width::Fixed(6), 4),
    column("buffered", "buf", Width::Fixed(5), 2),
    column("bytes", "bytes", Width::Fixed(9), 6),
    column("oldest", "oldest", Width::Fixed(8), 5),
    column("requests", "reqs", Width::Fixed(7), 9),
    column("reconnects", "back", Width::Fixed(4), 10),
    column("dropped", "drop", Width::Fixed(4), 12),
    column("connected", "since", Width::Fixed(8), 13),
    column("active", "active", Width::Fixed(8), 5),
];

/// Client sessions.
#[derive(Debug)]
pub struct Sessions<'a> {
    sessions: &'a [SessionView],
    started: Option<Timestamp>,
}

impl<'a> Sessions<'a> {
    /// Those of this server.
    pub fn of(view: &'a View) -> Self {
        Self { sessions: &view.sessions, started: view.server.started_at.parse().ok() }
    }

    /// One of them.
    pub fn get(&self, row: usize) -> Option<&'a SessionView> {
        self.sessions.get(row)
    }

    /// When its client was heard last: a moment, which stands still while nothing happens.
    pub fn active(&self, session: &SessionView) -> Option<Timestamp> {
        let millis = i64::try_from(session.figures.last_activity_ms).ok()?;
        self.started?.checked_add(SignedDuration::from_millis(millis)).ok()
    }
}

/// A state in a word, and how it is to be read.
pub fn state(state: SessionState) -> (&'static str, Tone) {
    match state {
        SessionState::Idle => ("idle", Tone::Dim),
        SessionState::Active => ("active", Tone::Busy),
        SessionState::Waiting => ("waiting", Tone::Warn),
        SessionState::Slow => ("slow", Tone::Bad),
    }
}

impl Rows for Sessions<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.sessions.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.get(row).map_or(Cow::Borrowed(""), |session| Cow::Borrowed(&session.client))
    }

    fn value(&self, row: usize, column: usize) -> Value<'_> {
        let (Some(session), Some(column)) = (self.get(row), COLUMNS.get(column)) else {
            return Value::NotApplicable;
        };
        let figures = &session.figures;
        match column.id {
            "name" => told(session.name.as_deref()),
            "version" => told(session.version.as_deref()),
            "client" => Value::Id(Cow::Borrowed(&session.client)),
            "pid" => session.pid.map_or(Value::NotApplicable, |pid| Value::Count(u64::from(pid))),
            "transport" => Value::text(&*session.transport),
            "protocol" => told(session.protocol.as_deref()),
            "state" => {
                let (word, tone) = state(figures.state);
                Value::State(Cow::Borrowed(word), tone)
            }
            "in-flight" => Value::Count(figures.in_flight),
            "buffered" => Value::Count(figures.buffered),
            "bytes" => Value::Bytes(figures.buffered_bytes),
            // Where nothing waits there is no oldest.
            "oldest" => figures.oldest_ms.map_or(Value::NotApplicable, |age| Value::Millis(age as f64)),
            "requests" => Value::Count(figures.requests),
            "reconnects" => Value::Count(session.reconnects),
            "dropped" => Value::Count(figures.dropped_notifications),
            "connected" => Value::time(&session.connected_at),
            _ => self.active(session).map_or(Value::Unknown, Value::Time),
        }
    }
}

/// What a client says of itself: unknown until it has.
fn told(words: Option<&str>) -> Value<'_> {
    words.map_or(Value::Unknown, Value::text)
}
