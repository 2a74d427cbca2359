use governor::clock::FakeRelativeClock;

use super::*;
use crate::link::ClientId;
use crate::worker::session::{RecordSink, SessionRecord};

struct Nowhere;

impl RecordSink for Nowhere {
    fn save(&self, _: &SessionRecord) {}
}

fn config(apply_to: LimitedClients) -> config::Limits {
    config::Limits {
        restart_burst: 1,
        restart_interval: Duration::from_secs(1),
        status_per_second: 1,
        reconnect_test_per_minute: 1,
        tools_apply_to: apply_to,
        read_burst: 600,
        read_interval: Duration::from_millis(20),
        write_burst: 60,
        write_interval: Duration::from_secs(1),
        heavy_burst: 10,
        heavy_interval: Duration::from_secs(6),
    }
}

fn limits(clock: &FakeRelativeClock) -> Limits<FakeRelativeClock> {
    Limits::with_clock(&config(LimitedClients::Http), clock.clone())
}

fn session(principal: Option<&str>) -> Session {
    let session = Session::new(ClientId::random(), SessionRecord::default(), Box::new(Nowhere));
    session.of(principal.map(str::to_owned))
}

/// How many calls go through at once.
fn burst(limits: &Limits<FakeRelativeClock>, session: &Session, family: Family) -> usize {
    (0..2000).take_while(|_| limits.admit(session, family).is_ok()).count()
}

const ALL: [(Family, usize); 3] = [(Family::Read, 600), (Family::Write, 60), (Family::Heavy, 10)];

#[test]
fn each_family_has_its_own_bucket_that_fills_again() {
    let clock = FakeRelativeClock::default();
    let (limits, client) = (limits(&clock), session(Some("a")));
    let once = |limits: &_| ALL.map(|(family, _)| (family, burst(limits, &client, family)));
    assert_eq!(once(&limits), ALL);
    clock.advance(Duration::from_secs(6));
    assert_eq!(once(&limits).map(|(_, calls)| calls), [300, 6, 1]);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(once(&limits), ALL, "full again, and not more than full");
}

#[test]
fn a_refusal_says_truly_when_it_is_over() {
    let clock = FakeRelativeClock::default();
    let (limits, client) = (limits(&clock), session(Some("a")));
    for (family, _) in ALL {
        burst(&limits, &client, family);
        let failure = limits.admit(&client, family).unwrap_err();
        assert_eq!((failure.error_code, failure.retryable), (ErrorCode::RateLimited, true));
        let wait = Duration::from_secs_f64(failure.details["retry_after"].as_f64().unwrap());
        assert!(!wait.is_zero());
        clock.advance(wait - Duration::from_millis(2));
        assert!(limits.admit(&client, family).is_err(), "{family:?}: not before");
        clock.advance(Duration::from_millis(2));
        assert!(limits.admit(&client, family).is_ok(), "{family:?}: after {wait:?}");
    }
}

#[test]
fn principals_share_nothing_and_the_sessions_of_one_share_all() {
    let clock = FakeRelativeClock::default();
    let limits = limits(&clock);
    assert_eq!(burst(&limits, &session(Some("a")), Family::Write), 60);
    assert_eq!(burst(&limits, &session(Some("a")), Family::Write), 0, "another session of the same");
    assert_eq!(burst(&limits, &session(Some("b")), Family::Write), 60);
    let check = limits.check();
    assert_eq!(check.clients, 2);
    assert_eq!((check.write.allowed, check.write.refused), (120, 3));
    assert_eq!((check.read, check.heavy), (LimitCounts::default(), LimitCounts::default()));
}

#[test]
fn clients_over_standard_input_are_limited_only_where_all_are() {
    let clock = FakeRelativeClock::default();
    let limits = limits(&clock);
    assert_eq!(burst(&limits, &session(None), Family::Heavy), 2000);
    assert_eq!(limits.check(), LimitsCheck::default(), "nor counted");
    let all = Limits::with_clock(&config(LimitedClients::All), clock);
    let (one, other) = (session(None), session(None));
    assert_eq!((burst(&all, &one, Family::Heavy), burst(&all, &other, Family::Heavy)), (10, 10));
    assert_eq!(burst(&all, &one, Family::Heavy), 0);
}

#[test]
fn there_are_never_more_buckets_than_stated_and_who_is_active_keeps_his() {
    let clock = FakeRelativeClock::default();
    let limits = limits(&clock);
    let busy = session(Some("busy"));
    assert_eq!(burst(&limits, &busy, Family::Heavy), 10);
    for number in 0..3 * MAX_CLIENTS {
        limits.take(&number.to_string(), Family::Heavy).unwrap();
        assert!(limits.lock().known.len() <= MAX_CLIENTS);
        if number % 100 == 0 {
            assert!(limits.admit(&busy, Family::Heavy).is_err(), "forgotten at {number}");
        }
    }
    let last = (3 * MAX_CLIENTS - 1).to_string();
    assert!(limits.lock().known.contains_key(&last));
    assert!(!limits.lock().known.contains_key("0"), "the oldest went");
}
