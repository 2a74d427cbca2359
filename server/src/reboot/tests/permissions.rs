//! Who may call what, and how often.

use std::time::Duration;

use governor::clock::FakeRelativeClock;
use serde_json::json;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::role::Role;

use super::command;
use crate::config;
use crate::reboot::*;

#[test]
fn each_role_may_what_the_contract_says_and_is_told_what_it_lacks() {
    let restart = |arguments| (RESTART_SERVER, arguments);
    let table = [
        ((RESTART_STATUS, json!({})), Role::Readonly),
        ((HEALTH_CHECK, json!({})), Role::Monitor),
        ((SHUTDOWN_PREPARE, json!({})), Role::Monitor),
        ((RECONNECT_TEST, json!({})), Role::Monitor),
        (restart(json!({})), Role::Operator),
        (restart(json!({ "reason": "error_recovery" })), Role::Operator),
        (restart(json!({ "graceful": false })), Role::Admin),
        (restart(json!({ "preserve_state": false })), Role::Admin),
        (restart(json!({ "reason": "emergency_shutdown" })), Role::Admin),
    ];
    for ((tool, arguments), least) in table {
        let command = command(tool, arguments.clone());
        for role in [Role::Readonly, Role::Monitor, Role::Operator, Role::Admin] {
            let verdict = permit(role, &command);
            assert_eq!(verdict.is_ok(), role >= least, "{role} {tool} {arguments}");
            let Err(failure) = verdict else { continue };
            assert_eq!((failure.error_code, failure.retryable), (ErrorCode::PermissionDenied, false));
            assert_eq!(failure.details["role"], json!(role));
            assert_eq!(failure.details["least_role"], json!(least));
            let operation = failure.details["operation"].as_str().unwrap();
            for said in [role.as_str(), least.as_str(), operation] {
                assert!(failure.error.contains(said), "{}", failure.error);
            }
        }
    }
}

fn limits() -> config::Limits {
    config::Limits {
        restart_burst: 6,
        restart_interval: Duration::from_secs(10),
        status_per_second: 10,
        reconnect_test_per_minute: 5,
        tools_apply_to: config::LimitedClients::Http,
        read_burst: 1,
        read_interval: Duration::from_secs(1),
        write_burst: 1,
        write_interval: Duration::from_secs(1),
        heavy_burst: 1,
        heavy_interval: Duration::from_secs(1),
    }
}

/// How many of these go through at once.
fn burst(limits: &Limits<FakeRelativeClock>, tool: &str) -> usize {
    let command = command(tool, json!({}));
    (0..1000).take_while(|_| limits.check(&command).is_ok()).count()
}

#[test]
fn each_tool_has_its_own_bucket_that_fills_again() {
    let clock = FakeRelativeClock::default();
    let bucket = Limits::with_clock(&limits(), clock.clone());
    let all = [
        (RESTART_SERVER, 6),
        (RESTART_STATUS, 10),
        (RECONNECT_TEST, 5),
        (HEALTH_CHECK, 1000),
        (SHUTDOWN_PREPARE, 1000),
    ];
    assert_eq!(all.map(|(tool, _)| (tool, burst(&bucket, tool))), all);
    assert_eq!(burst(&bucket, RESTART_SERVER), 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!((burst(&bucket, RESTART_STATUS), burst(&bucket, RESTART_SERVER)), (10, 0));
    clock.advance(Duration::from_secs(9));
    assert_eq!(burst(&bucket, RESTART_SERVER), 1);
    clock.advance(Duration::from_secs(12 * 60));
    assert_eq!(all.map(|(tool, _)| (tool, burst(&bucket, tool))), all, "full again, and not more than full");
}

#[test]
fn who_waits_as_long_as_told_is_let_through() {
    let clock = FakeRelativeClock::default();
    let bucket = Limits::with_clock(&limits(), clock.clone());
    for tool in [RESTART_SERVER, RESTART_STATUS, RECONNECT_TEST] {
        burst(&bucket, tool);
        let command = command(tool, json!({}));
        let failure = bucket.check(&command).unwrap_err();
        assert_eq!((failure.error_code, failure.retryable), (ErrorCode::RateLimited, true));
        let wait = failure.details["retry_after"].as_f64().unwrap();
        assert!(wait > 0.0 && failure.hint.contains(&wait.to_string()), "{}", failure.hint);
        clock.advance(Duration::from_secs_f64(wait));
        assert!(bucket.check(&command).is_ok(), "{tool} after {wait}");
    }
}
