//! The clients of a server as far as it tells of them: all there is to know from one
//! that has a view, less from one that only knows `status`.

use std::collections::BTreeMap;

use serde::Serialize;
use task_orchestrator_shared::admin::view::SessionView;
use task_orchestrator_shared::admin::{Reply, Request, SessionStatus};
use task_orchestrator_shared::client::CallError;
use task_orchestrator_shared::error_code::ErrorCode;

use crate::cli::GlobalArgs;
use crate::cli::ask::{Refused, WrongReply, ask};
use crate::cli::render::text::{clean, count};
use crate::cli::screen::Screen;

/// Letters of a short id. The end of an id is drawn at random, its begin is a time.
const SHORT: usize = 8;

/// The clients.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(in crate::cli) enum Clients {
    /// Of a server that has a view.
    Viewed(Vec<SessionView>),
    /// Of one that has none; at most a thousand of them.
    Listed(Vec<SessionStatus>),
}

/// One that somebody means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Named {
    /// Its id.
    pub(in crate::cli) client: String,
    /// In words.
    pub(in crate::cli) described: String,
    /// Requests that are not answered.
    unanswered: u64,
}

impl Clients {
    /// Asks the server.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(in crate::cli) fn of_server(
        global: &GlobalArgs,
        json: bool,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<Self> {
        if let Some(viewed) = Self::viewed(global, screen)? {
            return Ok(viewed);
        }
        match ask(global, &Request::Status, json, screen)? {
            Reply::Status(status) => Ok(Self::Listed(status.sessions)),
            _ => Err(WrongReply.into()),
        }
    }

    /// Asks for the view, where the server has one. The connection ends with the
    /// answer, and with it the subscription.
    fn viewed(global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Option<Self>> {
        match ask(global, &Request::Subscribe, false, screen) {
            Ok(Reply::View(view)) => Ok(Some(Self::Viewed(view.sessions))),
            Err(error) if !is_unknown(&error) => Err(error),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// What they call themselves, and how often each. Without an answer there are no names.
    pub(in crate::cli) fn names(global: &GlobalArgs, screen: &mut Screen<'_>) -> BTreeMap<String, u64> {
        let mut names = BTreeMap::new();
        if let Ok(Some(Self::Viewed(sessions))) = Self::viewed(global, screen) {
            let known = sessions.into_iter().filter_map(|session| session.name);
            known.for_each(|name| *names.entry(name).or_default() += 1);
        }
        names
    }

    /// The one of this number, short id or whole id.
    pub(in crate::cli) fn named(&self, typed: &str) -> Option<Named> {
        match self {
            Self::Viewed(sessions) => {
                let is_meant = |session: &&SessionView| {
                    session.number.to_string() == typed || is_id(&session.client, typed)
                };
                only(sessions.iter().filter(is_meant)).map(Named::from)
            }
            Self::Listed(sessions) => {
                only(sessions.iter().filter(|session| is_id(&session.client, typed))).map(Named::from)
            }
        }
    }

    /// Requests of all of them that are not answered.
    pub(in crate::cli) fn unanswered(&self) -> u64 {
        match self {
            Self::Viewed(sessions) => sessions.iter().map(unanswered).sum(),
            Self::Listed(sessions) => sessions.iter().map(|session| session.unanswered).sum(),
        }
    }
}

/// Whether the server does not know views, so that it is worth asking otherwise.
fn is_unknown(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<Refused>();
    refused.is_some_and(|refused| refused.0.error_code != ErrorCode::PermissionDenied)
        || matches!(error.downcast_ref(), Some(CallError::Refused { .. }))
}

/// Who is meant must be certain: two of them are nobody.
fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    found.next().filter(|_| found.next().is_none())
}

fn is_id(client: &str, typed: &str) -> bool {
    client == typed || short(client) == typed
}

/// The end of an id, which is enough for people.
pub(in crate::cli) fn short(client: &str) -> String {
    let over = client.chars().count().saturating_sub(SHORT);
    client.chars().skip(over).collect()
}

fn unanswered(session: &SessionView) -> u64 {
    session.figures.in_flight.saturating_add(session.figures.buffered)
}

/// What a client calls itself, with its version.
pub(in crate::cli) fn name(session: &SessionView) -> Option<String> {
    let version = session.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    session.name.as_deref().map(|name| clean(&format!("{name}{version}")))
}

impl Named {
    /// Its short id.
    pub(in crate::cli) fn short(&self) -> String {
        clean(&short(&self.client))
    }

    /// What it waits for.
    pub(in crate::cli) fn unanswered(&self) -> String {
        count(self.unanswered, "request", "requests")
    }
}

impl From<&SessionView> for Named {
    fn from(session: &SessionView) -> Self {
        let name = name(session).map(|name| format!("{name}, ")).unwrap_or_default();
        Self {
            client: session.client.clone(),
            described: format!("session {} ({name}{})", session.number, session.place()),
            unanswered: unanswered(session),
        }
    }
}

impl From<&SessionStatus> for Named {
    fn from(session: &SessionStatus) -> Self {
        Self {
            client: session.client.clone(),
            described: format!(
                "session {} ({})",
                clean(&short(&session.client)),
                session.pid.map_or_else(|| "over HTTP".to_owned(), |pid| format!("pid {pid}"))
            ),
            unanswered: session.unanswered,
        }
    }
}
