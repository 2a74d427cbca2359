//! What there is to know of the chosen session: facts, what it waits for, and what
//! happened to its connection.

use task_orchestrator_shared::admin::session_detail::{RequestPlace, SessionDetail, SessionRequest};
use task_orchestrator_shared::admin::view::{SessionView, View};
use task_orchestrator_shared::role::Operation;

use crate::model::known::{Fetched, Freshness, Held};
use crate::model::rows::sessions::{Sessions, state};
use crate::model::value::Value;
use crate::model::{Model, absent, words};
use crate::symbols::{Symbol, Symbols};
use crate::theme::Tone;
use crate::widgets::rich::{Fact, Line, bar, facts, line};
use crate::widgets::table::sign_of;

/// Cells of the gauge of a buffer.
const GAUGE: u16 = 10;

/// The chosen session.
pub(super) struct Detail<'a> {
    pub model: &'a Model,
    pub view: &'a View,
    pub session: &'a SessionView,
    pub symbols: Symbols,
}

impl Detail<'_> {
    /// What it is called: as it calls itself, or by the end of its id.
    pub(super) fn title(&self) -> String {
        let session = self.session;
        match (&session.name, &session.version) {
            (Some(name), Some(version)) => format!("{name} {version}"),
            (Some(name), None) => name.clone(),
            _ => format!("session {}", session.number),
        }
    }

    /// Everything that the view tells of it.
    pub(super) fn facts(&self) -> Vec<Line> {
        let (session, figures) = (self.session, &self.session.figures);
        let (word, tone) = state(figures.state);
        let sign = sign_of(tone).map_or("", |sign| self.symbols.of(sign));
        let time = |at| words::time(at, self.model.now.wall, &self.model.settings.zone);
        let connected = match Value::time(&session.connected_at) {
            Value::Time(at) => Some(time(at)),
            _ => None,
        };
        let dropped = figures.dropped_notifications;
        facts(&[
            Fact::of("state", format!("{sign} {word}")).toned(tone),
            self.buffer(),
            Fact::of("oldest wait", self.oldest()),
            Fact::of("in flight", figures.in_flight.to_string()),
            Fact::of("requests", figures.requests.to_string()),
            Fact::of("came back", words::counted(session.reconnects, "time", "times")),
            Fact::of("dropped", words::counted(dropped, "notification", "notifications"))
                .toned(if dropped > 0 { Tone::Warn } else { Tone::Plain }),
            Fact::known("last heard", Sessions::of(self.view).active(session).map(time), self.symbols),
            Fact::known("since", connected, self.symbols),
            Fact::of("client", session.client.clone()),
            Fact::of("process", format!("{} by {}", session.place(), session.transport)),
            Fact::known("protocol", session.protocol.clone(), self.symbols),
        ])
    }

    fn buffer(&self) -> Fact {
        let figures = &self.session.figures;
        let (count, most) = (figures.buffered, self.view.limits.max_requests_per_client);
        let bytes = words::bytes(figures.buffered_bytes);
        let gauge = bar(count, most, GAUGE, self.symbols);
        let (tone, word) = match count {
            count if most > 0 && count >= most => (Tone::Bad, ", full"),
            count if most > 0 && count.saturating_mul(5) >= most.saturating_mul(4) => {
                (Tone::Warn, ", almost full")
            }
            _ => (Tone::Plain, ""),
        };
        Fact::of("buffer", format!("{gauge} {count} of {most}{word}, {bytes}")).toned(tone)
    }

    fn oldest(&self) -> String {
        let none = self.symbols.of(Symbol::NotApplicable);
        self.session.figures.oldest_ms.map_or_else(|| none.to_owned(), |age| words::millis(age as f64))
    }

    /// The answer about this session, if it is about this one.
    fn held(&self) -> Option<&Held<SessionDetail>> {
        self.model.session.held().filter(|held| held.value.client == self.session.client)
    }

    /// When the answer was true, where that has to be said: ages do not run on by themselves.
    pub(super) fn stamp(&self) -> String {
        let Some(held) = self.held() else { return String::new() };
        if held.value.requests.is_empty() && self.freshness() == Some(Freshness::Live) {
            return String::new();
        }
        let time = words::time(held.at.wall, self.model.now.wall, &self.model.settings.zone);
        format!(" as of {time}")
    }

    /// How much the answer can be trusted.
    pub(super) fn freshness(&self) -> Option<Freshness> {
        self.held().map(|held| self.model.freshness_of(held))
    }

    /// What it waits for.
    pub(super) fn requests(&self) -> Vec<Line> {
        let Some(held) = self.held() else { return vec![self.why_not()] };
        let detail = &held.value;
        if detail.requests.is_empty() {
            return vec![line(Tone::Plain, "Nothing waits for an answer.")];
        }
        let mut lines: Vec<Line> = detail.requests.iter().map(|request| self.request(request)).collect();
        if detail.left_out > 0 {
            lines.push(line(Tone::Dim, format!("{} newer ones are not listed", detail.left_out)));
        }
        lines
    }

    fn why_not(&self) -> Line {
        let operation = Operation::ViewRequests;
        let may = self.model.link.welcome().is_some_and(|welcome| welcome.you.may.contains(&operation));
        match &self.model.session {
            _ if !may => line(Tone::Dim, absent::why(self.model, operation)),
            Fetched::Failed(why) => line(Tone::Bad, why.clone()),
            _ if self.model.link.is_live() => line(Tone::Dim, "Not known yet: asking the server."),
            _ => line(Tone::Dim, "Not known: there is no connection to the server."),
        }
    }

    fn request(&self, request: &SessionRequest) -> Line {
        let (sign, tone, place) = match (request.place, request.worker_pid) {
            (RequestPlace::Buffered, _) => (Symbol::Warn, Tone::Warn, "buffered".to_owned()),
            (RequestPlace::InFlight, Some(pid)) => (Symbol::Busy, Tone::Busy, format!("at {pid}")),
            (RequestPlace::InFlight, None) => (Symbol::Busy, Tone::Busy, "worker".to_owned()),
            (RequestPlace::Front, _) => (Symbol::ToCome, Tone::Plain, "front".to_owned()),
        };
        let age = words::millis(request.age_ms as f64);
        let bytes = words::bytes(request.bytes);
        let mut line = vec![
            (Tone::Dim, format!("{:>4} ", request.sequence)),
            (tone, format!("{} {place:<9}", self.symbols.of(sign))),
            (Tone::Plain, format!("{age:>8} {}", request.method)),
            (Tone::Dim, format!(" {bytes}")),
        ];
        if request.replayed {
            line.push((Tone::Warn, " replayed".to_owned()));
        }
        line
    }

    /// What happened to its connection, the newest first.
    pub(super) fn history(&self) -> Vec<Line> {
        let Some(held) = self.held() else { return Vec::new() };
        let moment = |at: &str| match Value::time(at) {
            Value::Time(at) => words::time(at, self.model.now.wall, &self.model.settings.zone),
            _ => self.symbols.of(Symbol::Unknown).to_owned(),
        };
        let line = |entry: &task_orchestrator_shared::admin::session_detail::SessionMoment| {
            let (what, tone) = happened(&entry.what);
            vec![
                (Tone::Dim, format!("{} ", moment(&entry.at))),
                (tone, what.to_owned()),
                (Tone::Plain, format!(": {}", entry.detail)),
            ]
        };
        held.value.history.iter().rev().map(line).collect()
    }
}

/// What happened, in words; one that is not known yet as the server names it.
fn happened(what: &str) -> (&str, Tone) {
    match what {
        "attached" => ("attached", Tone::Good),
        "came_back" => ("came back", Tone::Good),
        "reads_again" => ("reads again", Tone::Good),
        "went_away" => ("went away", Tone::Warn),
        "taken_over" => ("taken over", Tone::Warn),
        "slow" => ("slow", Tone::Bad),
        "buffer_cleared" => ("buffer cleared", Tone::Warn),
        other => (other, Tone::Plain),
    }
}
