//! What the audit promises, each promise once.

mod crash;
mod disk;
mod keeping;
mod mutations;
mod repeats;
mod room;
mod touched;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use task_orchestrator_shared::admin::audit::{Actor, Attempt, AuditEvent, AuditOutcome, AuditRecord};
use task_orchestrator_shared::role::{Operation, Role};

use super::*;

const SOON: Duration = Duration::from_secs(20);

fn options(directory: &Path) -> Options {
    Options { directory: directory.join("audit"), key_file: None, max_file_size: 16 << 20, files: 20 }
}

fn attempt(uid: u32, operation: Operation, target: Option<&str>) -> Attempt {
    let actor = Actor {
        transport: "admin".to_owned(),
        source_ip: None,
        token: None,
        uid,
        user: Some("ann".to_owned()),
        gid: 100,
        pid: Some(4711),
        client: Some("console 0.1.0".to_owned()),
        role: Some(Role::Operator),
    };
    Attempt {
        actor,
        operation,
        method: operation.as_str().to_owned(),
        target: target.map(str::to_owned),
        parameters: json!({ "graceful": true }),
        reason: Some("a \"new\" build,\nat last".to_owned()),
        idempotency_key: None,
    }
}

fn restart() -> Attempt {
    attempt(1000, Operation::GracefulRestart, None)
}

/// All records, oldest first.
fn all(options: &Options) -> Vec<AuditRecord> {
    let mut records = Vec::new();
    each(&options.directory, |record| {
        records.push(record);
        true
    })
    .unwrap();
    records
}

/// What a record tells, in a word or two.
fn word(record: &AuditRecord) -> String {
    match &record.event {
        AuditEvent::Intent(attempt) => format!("intent {}", attempt.operation),
        AuditEvent::Outcome { of, outcome, .. } => format!("outcome {of} {outcome:?}"),
        AuditEvent::Allowed(attempt) => format!("allowed {}", attempt.operation),
        AuditEvent::Denied { attempt, .. } => format!("denied {}", attempt.operation),
        AuditEvent::Repeated { of, times } => format!("repeated {of} {times}"),
        AuditEvent::Audit { what, .. } => what.clone(),
    }
}

fn words(options: &Options) -> Vec<String> {
    all(options).iter().map(word).collect()
}

/// Does something with an audit and closes it.
async fn with_audit(options: &Options, work: impl AsyncFnOnce(&Audit)) {
    let audit = Audit::open(options).unwrap();
    work(&audit).await;
    audit.close(SOON).await.unwrap();
}

/// The content of every file in the directory.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

fn intact(options: &Options) -> u64 {
    let verdict = verify(options).unwrap();
    assert!(verdict.intact, "{:#?}", verdict.problems);
    verdict.records
}
