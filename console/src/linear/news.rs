//! What has changed since it was looked at last, in sentences: the link, restarts,
//! clients, what waits, and what somebody has to look at. What comes and goes within a
//! moment is said once it has settled, with its number.

mod restart;
mod speaker;

use std::time::Duration;

use task_orchestrator_shared::admin::Skew;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::report::{Alert, Level};

use super::overview::level;
use super::text::{moment, sentence, time};
use crate::heard::LostKind;
use crate::model::link_state::LinkState;
use crate::model::{Model, Purpose, words};
use restart::Told;
use speaker::Speaker;

/// How long clients that come and go are counted before it is said.
const CLIENTS: Duration = Duration::from_secs(1);

/// How long requests have to wait before it is said: during a restart some always do.
const WAITING: Duration = Duration::from_millis(500);

/// Whether something may be left out when there is too much to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// It may not.
    Matters,
    /// It may.
    Some,
}

/// Something to say.
#[derive(Debug)]
struct Piece(Weight, String);

impl Weight {
    fn piece(self, text: String) -> Piece {
        Piece(self, text)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct News {
    speaker: Speaker,
    /// What was said of the link.
    link: String,
    /// The server that was said to be there.
    server: Option<String>,
    /// The server that the rest is about.
    boot: Option<String>,
    restart: Told,
    clients: Settling<Clients>,
    waits: Settling<bool>,
    known: Known,
}

/// What is compared as it is.
#[derive(Debug, Default, Clone, PartialEq)]
struct Known {
    safe_mode: Option<String>,
    refusal: Option<String>,
    audit_failure: Option<String>,
    held: bool,
    crashes: u64,
    /// A client whose buffer is full.
    full: Option<String>,
    letter: u64,
    health: Option<Level>,
    alerts: Vec<Alert>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Clients {
    count: usize,
    /// The highest number: numbers are never used twice.
    last: u64,
}

/// Something that is said once it has been different for a while.
#[derive(Debug, Default)]
struct Settling<T> {
    told: T,
    since: Option<Duration>,
}

impl<T: PartialEq + Copy> Settling<T> {
    /// It is so without being news.
    fn begin(&mut self, value: T) {
        (self.told, self.since) = (value, None);
    }

    /// What was told before, once it is time to tell what is.
    fn take(&mut self, value: T, now: Duration, after: Duration) -> Option<T> {
        if value == self.told {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_sub(since) < after {
            return None;
        }
        self.since = None;
        Some(std::mem::replace(&mut self.told, value))
    }

    fn next(&self, now: Duration, after: Duration) -> Option<Duration> {
        self.since.map(|since| (since + after).saturating_sub(now))
    }
}

impl News {
    /// What is to be said now.
    pub(super) fn take(&mut self, model: &Model) -> Vec<String> {
        let now = model.now.running;
        let mut pieces = Vec::new();
        self.link(model, &mut pieces);
        if let Some(seen) = model.seen.as_deref() {
            if self.boot.as_ref() != Some(&seen.view.boot) {
                self.begin(&seen.view);
            }
            self.changes(model, &seen.view, &mut pieces);
            if let Some(restart) = &seen.view.restart {
                let is_ours = model.asked.values().any(|asked| orders_restart(&asked.purpose));
                pieces.extend(self.restart.take(restart, is_ours, now));
            }
        }
        let mut lines = Vec::new();
        for Piece(weight, text) in pieces {
            match weight {
                Weight::Matters => lines.extend(self.speaker.matters(text, now)),
                Weight::Some => self.speaker.say(text),
            }
        }
        lines.extend(self.speaker.due(now));
        lines
    }

    /// How long until there is something to say although nothing has happened.
    pub(super) fn next(&self, now: Duration) -> Option<Duration> {
        [
            self.speaker.next(now),
            self.clients.next(now, CLIENTS),
            self.waits.next(now, WAITING),
            self.restart.next(now),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn link(&mut self, model: &Model, pieces: &mut Vec<Piece>) {
        // Each attempt is the same news; only what is wrong may be another thing.
        let key = match &model.link {
            LinkState::Connecting { last: Some(_), .. } => return,
            LinkState::Connecting { .. } if !self.link.is_empty() => return,
            LinkState::Connecting { .. } => "connecting".to_owned(),
            LinkState::Waiting { lost, .. } => format!("waiting {}", lost.why),
            LinkState::Denied { why, .. } => format!("denied {why}"),
            LinkState::Live(welcome) => format!("live {} {}", welcome.boot, welcome.you.role),
            other => other.name().to_owned(),
        };
        if key == self.link {
            return;
        }
        self.link = key;
        let mut text = link_sentence(model);
        if let LinkState::Live(welcome) = &model.link {
            match self.server.replace(welcome.boot.clone()) {
                Some(before) if before == welcome.boot => {
                    text = format!("Live again: the same server. You are {}.", welcome.you.role);
                }
                Some(_) => text.insert_str(0, "Another server than before runs. "),
                None => {}
            }
        }
        pieces.push(Weight::Matters.piece(text));
    }

    /// Another server: what has happened there before is no news, but what somebody has
    /// to look at now is.
    fn begin(&mut self, view: &View) {
        self.boot = Some(view.boot.clone());
        self.restart.begin(view.restart.as_ref());
        self.clients.begin(Clients::of(view));
        self.waits.begin(false);
        self.known = Known { crashes: view.server.crashes, letter: newest_letter(view), ..Known::default() };
    }

    fn changes(&mut self, model: &Model, view: &View, pieces: &mut Vec<Piece>) {
        let now = model.now.running;
        let known = Known::of(view);
        if known != self.known {
            let before = std::mem::replace(&mut self.known, known);
            self.known.said(&before, model, view, pieces);
        }
        let clients = Clients::of(view);
        if let Some(before) = self.clients.take(clients, now, CLIENTS) {
            pieces.push(Weight::Some.piece(clients.said(before, view)));
        }
        let waiting = view.buffers.as_ref().map_or(0, |buffers| buffers.total_buffered_requests);
        if self.waits.take(waiting > 0, now, WAITING).is_some() {
            pieces.push(Weight::Some.piece(if waiting > 0 {
                format!("{} for a worker.", words::counted(waiting, "request waits", "requests wait"))
            } else {
                "No request waits any more.".to_owned()
            }));
        }
    }
}

impl Clients {
    fn of(view: &View) -> Self {
        Self { count: view.sessions.len(), last: view.sessions.last().map_or(0, |session| session.number) }
    }

    fn said(self, before: Self, view: &View) -> String {
        let new = view.sessions.partition_point(|session| session.number <= before.last);
        let new = view.sessions.get(new..).unwrap_or_default();
        let left = (before.count + new.len()).saturating_sub(self.count);
        let mut parts = Vec::new();
        match new {
            [] => {}
            [one] => {
                let name = one.name.as_deref().unwrap_or("which has not said its name yet");
                parts.push(format!("a client has come, {name}"));
            }
            more => parts.push(format!("{} clients have come", more.len())),
        }
        match left {
            0 => {}
            1 => parts.push("a client has gone".to_owned()),
            more => parts.push(format!("{more} clients have gone")),
        }
        format!("Clients: {}; {} now.", parts.join(", "), self.count)
    }
}

impl Known {
    fn of(view: &View) -> Self {
        let server = &view.server;
        Self {
            safe_mode: server.safe_mode.clone(),
            refusal: server.refusal.clone(),
            audit_failure: server.audit_failure.clone(),
            held: server.held_by_operator,
            crashes: server.crashes,
            full: full(view),
            letter: newest_letter(view),
            health: view.health.as_ref().map(|health| health.status),
            alerts: view.health.as_ref().map(|health| health.alerts.clone()).unwrap_or_default(),
        }
    }

    fn said(&self, before: &Self, model: &Model, view: &View, pieces: &mut Vec<Piece>) {
        let mut matters = |text: String| pieces.push(Weight::Matters.piece(text));
        for (label, was, is) in [
            ("SAFE MODE", &before.safe_mode, &self.safe_mode),
            ("Requests are refused", &before.refusal, &self.refusal),
            ("The audit cannot be written", &before.audit_failure, &self.audit_failure),
        ] {
            match is {
                _ if was == is => {}
                Some(why) => matters(format!("{label}: {}", sentence(why))),
                None => matters(format!("Over: {}.", label.to_lowercase())),
            }
        }
        match (before.held, self.held) {
            (false, true) => matters("Maintenance is on: new requests are held back.".to_owned()),
            (true, false) => matters("Maintenance is off.".to_owned()),
            _ => {}
        }
        if self.crashes > before.crashes {
            let crashes = words::counted(self.crashes, "crash", "crashes");
            matters(format!("The worker ended without being asked to: {crashes} since the server started."));
        }
        for alert in self.alerts.iter().filter(|alert| !before.alerts.iter().any(|was| same(was, alert))) {
            matters(format!("Alert: {}", self::alert(model, alert)));
        }
        for alert in before.alerts.iter().filter(|was| !self.alerts.iter().any(|alert| same(was, alert))) {
            matters(format!("Alert is over: {}.", alert.kind.replace('_', " ")));
        }
        if self.full != before.full {
            matters(match &self.full {
                Some(client) => format!("A buffer is full: {client}."),
                None => "No buffer is full any more.".to_owned(),
            });
        }
        self.said_of_lists(before, view, pieces);
    }

    fn said_of_lists(&self, before: &Self, view: &View, pieces: &mut Vec<Piece>) {
        if let (Some(was), Some(is)) = (before.health, self.health)
            && was != is
        {
            pieces.push(Weight::Some.piece(format!("Health is {} now.", level(is))));
        }
        let new = view.dead_letters.iter().flatten().filter(|letter| letter.id > before.letter);
        let count = new.clone().count() as u64;
        if let (Some(newest), true) = (new.clone().next(), count > 0) {
            let given_up = words::counted(count, "request was given up", "requests were given up");
            pieces.push(
                Weight::Some.piece(format!(
                    "{given_up}, the newest is dead letter {}: {}.",
                    newest.id, newest.method
                )),
            );
        }
    }
}

fn same(one: &Alert, other: &Alert) -> bool {
    (&one.kind, &one.raised_at) == (&other.kind, &other.raised_at)
}

fn newest_letter(view: &View) -> u64 {
    view.dead_letters.iter().flatten().map(|letter| letter.id).max().unwrap_or(0)
}

/// A client whose buffer takes no more.
fn full(view: &View) -> Option<String> {
    let buffers = view.buffers.as_ref()?;
    let capacity = buffers.capacity_per_session;
    // Only then one of a thousand can be: so they are not looked at all the time.
    if capacity == 0 || buffers.total_buffered_requests < capacity {
        return None;
    }
    let session = view.sessions.iter().find(|session| session.figures.buffered >= capacity)?;
    let name = session.name.as_deref().unwrap_or(&session.client);
    Some(format!("{capacity} requests of {name} wait, and no more are taken"))
}

/// Whether the answer to this tells how a restart ended.
fn orders_restart(purpose: &Purpose) -> bool {
    use crate::model::dialog::Ask;
    matches!(
        purpose,
        Purpose::Order(Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Emergency | Ask::Rollback)
    )
}

/// An alert in a sentence.
pub(super) fn alert(model: &Model, alert: &Alert) -> String {
    let times = if alert.times > 1 { format!(", {} times", alert.times) } else { String::new() };
    format!(
        "{}: {} (since {}{times})",
        alert.kind.replace('_', " "),
        alert.detail,
        time(&alert.raised_at, model)
    )
}

/// How the console stands with the server, in a sentence.
pub(super) fn link_sentence(model: &Model) -> String {
    let (state, name) = (model.link.name(), &model.target.name);
    match &model.link {
        LinkState::Live(welcome) => format!(
            "{state}: {name}, server {}, process {}, generation {}. You are {}, by {}.",
            welcome.version, welcome.pid, welcome.generation, welcome.you.role, welcome.you.granted_by
        ),
        LinkState::Stale { since, .. } => {
            format!("{state}: the server is silent; nothing was heard since {}.", moment(*since, model))
        }
        LinkState::Connecting { last: None, .. } => format!("{state}: {name}."),
        LinkState::Connecting { attempt, last: Some(lost) } => {
            format!("{state}, attempt {attempt}: {}", sentence(&lost.why))
        }
        LinkState::Waiting { attempt, lost, next } => {
            let start = if lost.kind == LostKind::NoServer { " start-server starts one." } else { "" };
            format!("{state}, attempt {attempt} in {}: {}{start}", left(model, *next), sentence(&lost.why))
        }
        LinkState::Incompatible { welcome, skew } => {
            let which = match skew {
                Skew::UpgradeClient => "upgrade the console",
                Skew::UpgradeServer => "upgrade the server",
            };
            format!("{state}: {which}. The server is version {}; here one may only look.", welcome.version)
        }
        LinkState::Denied { why, next } => {
            format!("{state}, tried again in {}: {}", left(model, *next), sentence(why))
        }
    }
}

/// How long until then, in whole seconds that are not over yet.
fn left(model: &Model, next: Duration) -> String {
    words::age(model.now.until(next) + Duration::from_millis(999))
}
