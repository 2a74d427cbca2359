//! Sessions that are one request: relayed like any other, and otherwise no clients. They
//! are not shown, not kept, not counted as connections and do not come back; what their
//! sender may do is limited by who that is, because each request is a session of its own.

use std::collections::HashMap;
use std::time::Instant;

use crate::config;
use crate::front::event::{ClientMessage, ConnectionId};
use crate::front::session::Session;
use crate::reboot;

use super::Hub;

/// Most senders whose limits are kept; of more, whoever has asked nothing for longest is
/// forgotten and begins anew.
const MAX_SENDERS: usize = 1000;

/// How often each client over HTTP may ask the front, sessions included.
#[derive(Debug, Default)]
pub(super) struct Senders(HashMap<String, (Instant, reboot::Limits)>);

impl Senders {
    pub(super) fn limits(&mut self, name: &str, limits: &config::Limits, now: Instant) -> &reboot::Limits {
        if !self.0.contains_key(name) && self.0.len() >= MAX_SENDERS {
            let longest = self.0.iter().min_by_key(|(_, (asked, _))| *asked).map(|(name, _)| name.clone());
            longest.map(|name| self.0.remove(&name));
        }
        let new = || (now, reboot::Limits::new(limits));
        let (asked, limits) = self.0.entry(name.to_owned()).or_insert_with(new);
        *asked = now;
        limits
    }

    /// The configuration has changed: everybody begins anew.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Hub {
    /// Somebody without a session asks something.
    pub(super) fn posted(&mut self, session: Session, message: ClientMessage, now: Instant) {
        if self.stopping.is_some() {
            // Nobody else would tell who waits for the answer.
            return session.port.close();
        }
        let number = self.next_session;
        self.next_session += 1;
        tracing::debug!(session = number, sequence = message.sequence, via = %session.via, "one request");
        self.sessions.insert(number, session);
        self.brief.insert(message.connection, number);
        self.message(message, now);
    }

    /// The session that a connection belongs to.
    pub(super) fn number_at(&self, connection: ConnectionId) -> Option<u64> {
        self.connections.get(&connection).or_else(|| self.brief.get(&connection)).copied()
    }

    /// How many calls the front is carrying out for whom this session belongs to.
    pub(super) fn open_calls(&self, number: u64) -> usize {
        let calls = |session: &Session| session.pending.values().filter(|it| it.is_for_front).count();
        let Some(session) = self.sessions.get(&number) else { return 0 };
        if !session.via.is_brief() {
            return calls(session);
        }
        let sender = session.via.limited_as();
        let all = self.brief.values().filter_map(|number| self.sessions.get(number));
        all.filter(|other| other.via.limited_as() == sender).map(calls).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Config, Overrides};
    use crate::reboot::{Command, ReconnectScope};

    #[test]
    fn who_has_asked_nothing_for_longest_is_forgotten() {
        let text = "[limits]\nreconnect_test_per_minute = 1\n";
        let path = std::path::Path::new("config.toml");
        let (config, ..) = Config::from_text(path, text, &Overrides::default()).unwrap();
        let (mut senders, begun) = (Senders::default(), Instant::now());
        let mut may = |name: &str, second: u64| {
            let now = begun + Duration::from_secs(second);
            let test = Command::Reconnect(ReconnectScope {
                session_id: None,
                include_buffer_status: true,
                include_reconnection_stats: true,
            });
            let limits = senders.limits(name, &config.limits, now);
            let may = limits.check(&test).is_ok();
            assert!(senders.0.len() <= MAX_SENDERS);
            may
        };
        assert!(may("first", 0) && may("second", 1));
        assert!(!may("first", 2) && !may("second", 3));
        for other in 0..MAX_SENDERS as u64 - 1 {
            assert!(may(&other.to_string(), 4 + other));
        }
        assert!(!may("second", 2000), "only the first had to go");
        assert!(may("first", 2001), "and begins anew");
    }
}
