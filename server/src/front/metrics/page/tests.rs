//! The page tells what was counted, and nothing that nobody knows.

use std::collections::BTreeMap;
use std::time::Duration;

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{BreakerCheck, BreakerState, LimitCounts, LimitsCheck};

use super::super::{End, HeldSessions, HeldWorker, held};
use super::*;

fn held() -> Held {
    Held {
        version: "1.2.3",
        build: None,
        generation: 4,
        uptime_seconds: 1.5,
        started_at: 1_700_000_000,
        phase: Phase::Idle,
        ready: true,
        is_held: false,
        maintenance: false,
        safe_mode: false,
        on_probation: false,
        sessions: HeldSessions::default(),
        max_sessions: 10,
        held_bytes: 0,
        max_held_bytes: 99,
        crashes: 3,
        replayed: 0,
        quarantined: 0,
        reconnections: 0,
        failed_reconnections: 0,
        audit_works: true,
        audit_sequence: None,
        ledger_works: true,
        ledger_dropped: 0,
        workers: Vec::new(),
        limits: None,
        breakers: BTreeMap::new(),
    }
}

fn text(metrics: &Metrics, held: &Held) -> String {
    page(metrics, held, None, 7).unwrap()
}

/// The value of the sample that begins with these words.
fn value(text: &str, sample: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn what_protects_the_server_is_told_as_it_is() {
    let mut held = held();
    assert!(!text(&Metrics::new(), &held).contains("limited_calls"));
    let write = LimitCounts { allowed: 5, refused: 2 };
    held.limits = Some(LimitsCheck { clients: 3, write, ..LimitsCheck::default() });
    let breaker = BreakerCheck { state: BreakerState::Open, failures: 5, retry_after_seconds: 59.0 };
    held.breakers = [("build".to_owned(), breaker)].into();
    let text = text(&Metrics::new(), &held);
    let refused = "task_orchestrator_limited_calls_total{family=\"write\",outcome=\"refused\"}";
    assert_eq!(value(&text, refused), Some(2.0), "{text}");
    assert_eq!(value(&text, "task_orchestrator_limited_clients"), Some(3.0));
    assert_eq!(value(&text, "task_orchestrator_build_breaker{state=\"open\"}"), Some(1.0));
    assert_eq!(value(&text, "task_orchestrator_build_breaker{state=\"closed\"}"), Some(0.0));
    assert_eq!(value(&text, "task_orchestrator_build_breaker_failures"), Some(5.0));
}

#[test]
fn what_nobody_knows_is_absent_and_not_zero() {
    let text = text(&Metrics::new(), &held());
    for absent in [
        "database",
        "backup",
        "dead_letters{",
        "disk_free",
        "snapshot_size",
        "oldest_buffered_request",
        "audit_last_sequence",
        "worker_heartbeat_age",
        "process=\"active\"",
        "survey_age",
    ] {
        assert!(!text.contains(&format!("task_orchestrator_{absent}")) || absent.contains('"'), "{absent}");
        assert!(!absent.contains('"') || !text.contains(absent), "{absent}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn what_is_known_is_told() {
    let mut held = held();
    held.sessions.counts.insert(("http", "active"), 5);
    held.sessions.oldest_seconds = Some(0.25);
    held.audit_sequence = Some(12);
    let pid = std::process::id();
    let worker = HeldWorker {
        pid,
        role: task_orchestrator_shared::admin::view::WorkerRole::Active,
        heartbeat_age_seconds: Some(2.0),
        rss_bytes: Some(1),
    };
    held.workers.push(worker);
    let text = text(&Metrics::new(), &held);
    for (sample, expected) in [
        ("sessions{transport=\"http\",state=\"active\"}", 5.0),
        ("sessions{transport=\"stdio\",state=\"idle\"}", 0.0),
        ("oldest_buffered_request_seconds", 0.25),
        ("audit_last_sequence", 12.0),
        ("worker_crashes_total", 3.0),
        ("generation", 4.0),
        ("log_dropped_lines_total", 7.0),
        ("worker_heartbeat_age_seconds{role=\"active\"}", 2.0),
        ("restart_phase_now{phase=\"idle\"}", 1.0),
        ("restart_phase_now{phase=\"preparation\"}", 0.0),
        ("requests_memory_max_bytes", 99.0),
    ] {
        assert_eq!(value(&text, &format!("task_orchestrator_{sample}")), Some(expected), "{sample}\n{text}");
    }
    assert!(text.contains("task_orchestrator_build_info{version=\"1.2.3\"} 1\n"));
    if cfg!(target_os = "linux") {
        let memory = value(&text, "task_orchestrator_process_resident_memory_bytes{process=\"active\"}");
        assert!(memory.is_some_and(|bytes| bytes > 100_000.0), "{memory:?}");
    }
}

#[test]
fn each_state_that_a_session_can_have_is_told() {
    let text = text(&Metrics::new(), &held());
    for state in held::STATES {
        assert!(text.contains(&format!("{{transport=\"http\",state=\"{state}\"}} 0")), "{state}");
    }
}

#[test]
fn requests_are_counted_by_their_end_and_timed_when_a_worker_answers() {
    let metrics = Metrics::new();
    metrics.requests.received("http");
    metrics.requests.answered("http", Duration::from_millis(20), End::Answered);
    metrics.requests.answered("http", Duration::from_micros(50), End::Fault);
    metrics.requests.ended("stdio", End::Cleared, 2);
    metrics.requests.refused("stdio");
    let text = text(&metrics, &held());
    let of = |sample: &str| value(&text, &format!("task_orchestrator_{sample}")).unwrap();
    assert_eq!(of("requests_received_total{transport=\"http\"}"), 1.0);
    assert_eq!(of("requests_received_total{transport=\"stdio\"}"), 1.0);
    assert_eq!(of("requests_total{transport=\"http\",outcome=\"answered\"}"), 1.0);
    assert_eq!(of("requests_total{transport=\"http\",outcome=\"fault\"}"), 1.0);
    assert_eq!(of("requests_total{transport=\"stdio\",outcome=\"cleared\"}"), 2.0);
    assert_eq!(of("requests_total{transport=\"stdio\",outcome=\"refused\"}"), 1.0);
    assert_eq!(of("request_duration_seconds_count{transport=\"http\"}"), 2.0);
    assert_eq!(of("request_duration_seconds_bucket{le=\"0.0001\",transport=\"http\"}"), 1.0);
    assert_eq!(of("request_duration_seconds_bucket{le=\"0.025\",transport=\"http\"}"), 2.0);
    assert_eq!(of("request_duration_seconds_count{transport=\"stdio\"}"), 0.0);
}
