//! What the audit is told of wrong tokens: that there was one, from where, and what was
//! asked for. Must never see a token.
//!
//! They come at whatever speed somebody likes, so they are counted here and not in the
//! audit's queue: of an address the first is told at once, and those that follow within
//! ten minutes as one number. So an address has at most two records in ten minutes, and
//! all of them together at most 130.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{Method, Uri};
use task_orchestrator_shared::admin::audit::{Actor, Attempt};
use task_orchestrator_shared::role::Operation;

use crate::audit::Audit;

/// How long wrong tokens are counted before the number is told.
const WINDOW: Duration = Duration::from_secs(600);

/// Addresses that are told apart at once. All others count as one, under the address of
/// the first of them.
const MAX_APART: usize = 64;

const WHY: &str = "a token was shown that is none, or has expired or been revoked";

#[derive(Debug)]
struct Window {
    until: Instant,
    first: Attempt,
    /// Those after the first.
    more: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Refused {
    audit: Audit,
    /// By address; under none those of all that are too many.
    open: Mutex<HashMap<Option<IpAddr>, Window>>,
}

impl Refused {
    pub(super) fn new(audit: Audit) -> Self {
        Self { audit, open: Mutex::default() }
    }

    /// A wrong token from this address, which is one of `network`.
    pub(super) fn note(&self, network: IpAddr, source: IpAddr, asked: (&Method, &Uri), now: Instant) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let is_apart = open.contains_key(&Some(network)) || open.len() < MAX_APART;
        let key = Some(network).filter(|_| is_apart);
        if let Some(window) = open.get_mut(&key) {
            window.more += 1;
            return;
        }
        let first = attempt(source, asked);
        self.audit.denied(first.clone(), WHY);
        open.insert(key, Window { until: now + WINDOW, first, more: 0 });
    }

    /// Tells the numbers whose time is over; at the end all of them.
    pub(super) fn tell(&self, now: Option<Instant>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, window) in open.extract_if(|_, window| now.is_none_or(|now| window.until <= now)) {
            if window.more > 0 {
                self.audit.denied_often(window.first, WHY, window.more);
            }
        }
    }
}

/// The path has no secret in it, as only those of the server come this far; what is
/// behind it may have one.
fn attempt(source: IpAddr, (method, uri): (&Method, &Uri)) -> Attempt {
    Attempt {
        actor: Actor {
            transport: "http".to_owned(),
            uid: rustix::process::geteuid().as_raw(),
            user: None,
            gid: rustix::process::getegid().as_raw(),
            pid: None,
            source_ip: Some(source.to_string()),
            token: None,
            client: None,
            role: None,
        },
        // Who it is for the server was all that was looked at.
        operation: Operation::WhoAmI,
        method: format!("{method} {}", uri.path()),
        target: None,
        parameters: serde_json::Value::Null,
        reason: None,
        idempotency_key: None,
    }
}

#[cfg(test)]
mod tests;
