//! The test of the connections: something is sent through each, and what comes
//! back is waited for.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::admin::{Refusal, Reply};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::{
    AllSessions, ReconnectResults, ReconnectTest, ReconnectionStats, SessionTest, TestStatus,
};
use tokio::sync::oneshot;

use crate::front::ask::ReplyTo;
use crate::front::event::{ConnectionId, Event};
use crate::front::hub::Hub;
use crate::front::hub::outcome::milliseconds;
use crate::link::{Frame, Kind};

/// How long a shim may take to answer.
const PING_TIME: Duration = Duration::from_secs(2);

impl Hub {
    /// Sends something through the connections and waits for what comes back.
    pub(in super::super) fn reconnect_test(&mut self, session: Option<&str>, to: ReplyTo, now: Instant) {
        let wanted: Vec<u64> = self
            .connections
            .values()
            .copied()
            .filter(|number| {
                let known = self.sessions.get(number);
                // What is no more than a request has nothing to come back to.
                known.is_some_and(|known| {
                    !known.via.is_brief() && session.is_none_or(|session| known.client.to_string() == session)
                })
            })
            .collect();
        if let (Some(session), true) = (session, wanted.is_empty()) {
            let refusal = Refusal {
                error_code: ErrorCode::NotFound,
                error: format!("no client session {session} is connected"),
                hint: "leave the session out to test all; `task-orchestrator status --json` lists them"
                    .to_owned(),
            };
            return self.answer(to, Reply::Refused(refusal));
        }
        let mut tests = Vec::new();
        for number in wanted {
            let (tell, told) = oneshot::channel();
            let Some(session) = self.sessions.get(&number) else { continue };
            session.port.send(&Frame::control(Kind::Ping, bytes::Bytes::new()));
            // Until its protocol session is open, there is nothing that a new worker could go on from.
            let capable = !session.pending.values().any(|pending| pending.is_initialize);
            tests.push((session.client.to_string(), capable, told));
            // Who does not listen cannot answer: that is known without waiting.
            if !session.port.is_reachable() {
                continue;
            }
            let waiting = self.pinged.entry(number).or_default();
            waiting.retain(|asker| !asker.is_closed());
            waiting.push(tell);
        }
        let (buffer, stats) = (self.buffer_status(now), self.reconnection_stats());
        let one = session.map(str::to_owned);
        let events = self.jobs.events().clone();
        tokio::spawn(async move {
            let sent = Instant::now();
            let answered =
                futures::future::join_all(tests.into_iter().map(|(client, capable, told)| async move {
                    let reached = matches!(tokio::time::timeout(PING_TIME, told).await, Ok(Ok(())));
                    session_test(client, capable, reached.then(|| sent.elapsed()))
                }));
            let results = reconnect_results(answered.await, one.is_some(), buffer, stats);
            let overall_status = match (&results.all_sessions, &results.session_test) {
                (Some(all), _) => all.status,
                (None, Some(one)) => one.status,
                (None, None) => TestStatus::Fail,
            };
            let test = ReconnectTest {
                test_completed: true,
                timestamp: Timestamp::now().to_string(),
                overall_status,
                results,
            };
            let _ = events.send(Event::Report { to, reply: Reply::ReconnectTest(Box::new(test)) }).await;
        });
    }

    pub(in super::super) fn shim_answered(&mut self, connection: ConnectionId) {
        let waiting = self.connections.get(&connection).and_then(|number| self.pinged.remove(number));
        for asker in waiting.into_iter().flatten() {
            // The test may have run out of time.
            let _ = asker.send(());
        }
    }

    fn reconnection_stats(&self) -> ReconnectionStats {
        let (good, bad) = (self.figures.reconnections, self.figures.failed_reconnections);
        let all = good + bad;
        let part = |part: u64| part as f64 / all as f64;
        ReconnectionStats {
            successful_reconnections: good,
            failed_reconnections: bad,
            average_reconnection_time: (good > 0)
                .then(|| self.figures.reconnection_time.as_secs_f64() / good as f64),
            success_rate: (all > 0).then(|| part(good)),
            status: match (good, bad) {
                (_, 0) => TestStatus::Pass,
                (0, _) => TestStatus::Fail,
                _ => TestStatus::Partial,
            },
        }
    }
}

fn session_test(session_id: String, capable: bool, took: Option<Duration>) -> SessionTest {
    SessionTest {
        session_id,
        reachable: took.is_some(),
        reconnect_capable: capable && took.is_some(),
        round_trip_ms: took.map(milliseconds),
        status: if took.is_some() { TestStatus::Pass } else { TestStatus::Fail },
    }
}

fn reconnect_results(
    tests: Vec<SessionTest>,
    only_one: bool,
    buffer: task_orchestrator_shared::report::BufferStatus,
    stats: ReconnectionStats,
) -> ReconnectResults {
    let reachable = tests.iter().filter(|test| test.reachable).count();
    let capable = tests.iter().filter(|test| test.reconnect_capable).count();
    let status = match reachable {
        all if all == tests.len() => TestStatus::Pass,
        0 => TestStatus::Fail,
        _ => TestStatus::Partial,
    };
    let all_sessions = (!only_one).then_some(AllSessions {
        total_sessions: tests.len() as u64,
        reachable_sessions: reachable as u64,
        reconnect_capable: capable as u64,
        status,
    });
    let session_test = tests.into_iter().next().filter(|_| only_one);
    ReconnectResults {
        all_sessions,
        session_test,
        buffer_status: Some(buffer),
        reconnection_stats: Some(stats),
    }
}
