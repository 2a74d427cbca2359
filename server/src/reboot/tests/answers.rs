//! The answers, held against the schemas that the tools show.

use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{
    Kind, MigrationReport, Outcome, PhaseRecord, Reason, RestartError, RestartId, RestartReport, StateReport,
};

use crate::envelope::RequestId;
use crate::reboot::*;
use crate::tool::failure::Failure;

/// What the contract promises of `orchestrator_restart_server`.
const FIELDS: [&str; 21] = [
    "success",
    "restart_id",
    "phase",
    "progress",
    "message",
    "errors",
    "restart_reason",
    "graceful",
    "preserve_state",
    "timeout",
    "started_at",
    "completed_at",
    "duration",
    "downtime_ms",
    "buffered_requests",
    "replayed_requests",
    "old_pid",
    "new_pid",
    "generation",
    "state",
    "migration",
];

fn report(outcome: Option<Outcome>) -> RestartReport {
    let state = StateReport {
        snapshot: "current_state.json".into(),
        sha256: "ab".into(),
        size_bytes: 10,
        active_tasks: 2,
        client_sessions: 3,
    };
    RestartReport {
        restart_id: RestartId("r-1".into()),
        kind: Kind::Graceful,
        reason: Reason::ManualRequest,
        note: None,
        requested_by: "mcp:x".into(),
        outcome,
        phase: Phase::Complete,
        progress: 100,
        message: "done".into(),
        errors: Vec::new(),
        graceful: true,
        preserve_state: true,
        timeout: 30,
        started_at: "2026-01-01T00:00:00Z".into(),
        completed_at: outcome.map(|_| "2026-01-01T00:00:01Z".into()),
        duration_ms: 1500.0,
        downtime_ms: 0.7,
        buffered_requests: 4,
        replayed_requests: 1,
        cleared_requests: 0,
        suspended: 0,
        old_pid: Some(1),
        new_pid: Some(2),
        generation: 3,
        state: Some(state),
        migration: Some(MigrationReport { from: 1, to: 2, backup: None }),
        old_build: None,
        new_build: None,
        phases: vec![PhaseRecord { phase: Phase::Preparation, started_ms: 0.0, duration_ms: Some(9.0) }],
    }
}

pub(super) fn valid(tool: &str, value: &Value) {
    let definitions = definitions();
    let tool = definitions.iter().find(|definition| definition.name == tool).unwrap();
    let schema = Value::Object(tool.output_schema.as_ref().unwrap().as_ref().clone());
    let validator = jsonschema::validator_for(&schema).unwrap();
    if let Err(error) = validator.validate(value) {
        panic!("{}: {error} in {value:#}", tool.name);
    }
}

fn parsed(bytes: &[u8]) -> Value {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    let text = value["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), value["result"]["structuredContent"]);
    value
}

fn id() -> RequestId {
    RequestId::Text("q".into())
}

#[test]
fn a_restart_is_told_with_all_fields_of_the_contract() {
    let answer = parsed(&restart_reply(&id(), &report(Some(Outcome::Complete)), true));
    let (result, told) = (&answer["result"], &answer["result"]["structuredContent"]);
    assert_eq!((&answer["id"], &result["isError"]), (&json!("q"), &json!(false)));
    for field in FIELDS {
        assert!(told.get(field).is_some(), "{field}");
    }
    assert_eq!((&told["success"], &told["duration"]), (&json!(true), &json!(1.5)));
    for field in ["snapshot", "sha256", "active_tasks", "client_sessions"] {
        assert!(told["state"].get(field).is_some(), "{field}");
    }
    assert!(told.get("error_code").is_none());
    valid(RESTART_SERVER, told);
}

#[test]
fn a_restart_that_runs_is_no_success_and_no_error() {
    let answer = parsed(&restart_reply(&id(), &report(None), false));
    let told = &answer["result"]["structuredContent"];
    assert_eq!((&told["success"], &answer["result"]["isError"]), (&json!(false), &json!(false)));
    assert!(told["completed_at"].is_null());
    valid(RESTART_SERVER, told);
}

#[test]
fn a_restart_that_did_not_work_is_a_failed_call_with_its_first_cause() {
    for outcome in [Outcome::Failed, Outcome::RolledBack, Outcome::Cancelled] {
        let mut report = report(Some(outcome));
        let bare = parsed(&restart_reply(&id(), &report, false));
        valid(RESTART_SERVER, &bare["result"]["structuredContent"]);
        assert_eq!(bare["result"]["isError"], true);
        for (code, error) in [(ErrorCode::TimeoutExceeded, "first"), (ErrorCode::WorkerUnavailable, "second")]
        {
            let phase = Phase::Preparation;
            report.errors.push(RestartError { error_code: code, error: error.into(), phase });
        }
        let answer = parsed(&restart_reply(&id(), &report, false));
        let told = &answer["result"]["structuredContent"];
        valid(RESTART_SERVER, told);
        assert_eq!(told["errors"].as_array().unwrap().len(), 2);
        assert_eq!((&told["success"], &told["error_code"]), (&json!(false), &json!("RESTART_004")));
        assert_eq!((&told["error"], &told["retryable"]), (&json!("first"), &json!(true)));
        assert_eq!(told["details"]["outcome"], json!(outcome));
        assert!(told["hint"].as_str().unwrap().contains("larger timeout"));
    }
}

#[test]
fn a_failure_fits_the_schema_of_every_tool() {
    let failure = Failure::new(ErrorCode::RateLimited, "e", "h").with_details(json!({ "retry_after": 1.5 }));
    let answer = parsed(&failed(&id(), failure, false));
    assert_eq!(answer["result"]["isError"], true);
    for tool in definitions() {
        valid(&tool.name, &answer["result"]["structuredContent"]);
    }
}

#[test]
fn each_era_gets_what_it_knows() {
    let of = |modern| parsed(&reply(&id(), &json!({ "a": 1 }), modern))["result"].clone();
    assert_eq!(of(true)["resultType"], "complete");
    assert!(of(false).get("resultType").is_none());
    assert_eq!(of(true)["structuredContent"], json!({ "a": 1 }));
}

#[test]
fn progress_is_told_under_the_clients_token() {
    let told: Value =
        serde_json::from_slice(&progress(&json!(5), 55.0, Some(100.0), "task_suspension")).unwrap();
    let expected = json!({
        "jsonrpc": "2.0", "method": "notifications/progress",
        "params": { "progressToken": 5, "progress": 55.0, "total": 100.0, "message": "task_suspension" },
    });
    assert_eq!(told, expected);
}

#[test]
fn the_schemas_state_limits_and_defaults() {
    let definitions = definitions();
    let property = |tool: &str, field: &str| {
        let tool = definitions.iter().find(|definition| definition.name == tool).unwrap();
        tool.input_schema["properties"][field].clone()
    };
    let timeout = property(RESTART_SERVER, "timeout");
    assert_eq!(
        (&timeout["minimum"], &timeout["maximum"], &timeout["default"]),
        (&json!(10), &json!(300), &json!(30))
    );
    let reason = property(RESTART_SERVER, "reason");
    assert_eq!(reason["default"], "manual_request");
    assert_eq!(reason["enum"].as_array().unwrap().len(), 5);
    let limit = property(RESTART_STATUS, "limit");
    assert_eq!((&limit["default"], &limit["maximum"]), (&json!(20), &json!(1000)));
    assert_eq!(property(RESTART_STATUS, "include_history")["default"], false);
    for (tool, field) in [
        (RESTART_SERVER, "graceful"),
        (RESTART_SERVER, "preserve_state"),
        (RESTART_SERVER, "wait"),
        (HEALTH_CHECK, "include_database_status"),
        (SHUTDOWN_PREPARE, "check_client_connections"),
        (RESTART_STATUS, "include_error_details"),
        (RECONNECT_TEST, "include_buffer_status"),
    ] {
        let property = property(tool, field);
        assert_eq!((&property["type"], &property["default"]), (&json!("boolean"), &json!(true)), "{field}");
    }
    let annotations = |tool: &str| {
        definitions.iter().find(|definition| definition.name == tool).unwrap().annotations.clone().unwrap()
    };
    assert_eq!(annotations(RESTART_SERVER).idempotent_hint, Some(false));
    assert_eq!(annotations(RESTART_SERVER).destructive_hint, Some(true));
    assert_eq!(annotations(HEALTH_CHECK).read_only_hint, Some(true));
}
