//! What the verbs print of real files.

use std::time::Duration;

use clap::Parser as _;
use task_orchestrator_shared::admin::audit::{Actor, Attempt, AuditOutcome};
use task_orchestrator_shared::role::Operation;

use super::*;
use crate::audit::Audit;
use crate::cli::Cli;
use crate::cli::screen::Paint;

fn attempt(uid: u32, operation: Operation) -> Attempt {
    let actor = Actor {
        transport: "admin".to_owned(),
        source_ip: None,
        token: None,
        uid,
        user: Some(format!("u{uid}")),
        gid: 1,
        pid: None,
        client: Some("=cmd()".to_owned()),
        role: None,
    };
    let method = operation.as_str().to_owned();
    let (reason, target) = (Some("a, \"b\"\x1b[2J".to_owned()), None);
    Attempt {
        actor,
        operation,
        method,
        target,
        parameters: Default::default(),
        reason,
        idempotency_key: None,
    }
}

/// A workspace in which a server has written some records.
async fn workspace() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join(".task_orchestrator/audit");
    std::fs::create_dir_all(&directory).unwrap();
    let options = Options { directory, key_file: None, max_file_size: 1 << 20, files: 3 };
    let audit = Audit::open(&options).unwrap();
    let of = audit.intent(attempt(1000, Operation::GracefulRestart)).await.unwrap();
    audit.outcome(of, AuditOutcome::Done, "restarted");
    audit.denied(attempt(7, Operation::Stop), "user 7 has no role");
    audit.close(Duration::from_secs(20)).await.unwrap();
    home
}

fn run(home: &tempfile::TempDir, line: &[&str]) -> (anyhow::Result<Exit>, String) {
    let root = home.path().to_str().unwrap();
    let words = ["task-orchestrator", "--workspace", root, "audit"];
    let cli = Cli::try_parse_from(words.iter().chain(line)).unwrap();
    let crate::cli::Command::Audit(args) = &cli.command else { panic!() };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut screen = Screen {
        input: &mut std::io::empty(),
        out: &mut out,
        err: &mut err,
        paint: Paint::Plain,
        draws: false,
        asks: false,
    };
    let result = args.run(&cli.global, &mut screen);
    (result, String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn records_are_shown_newest_first_and_filtered() {
    let home = workspace().await;
    let (_, all) = run(&home, &["show"]);
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(lines.len(), 5, "{all}");
    assert!(lines[1].contains("DENIED stop") && lines[1].contains("user 7 has no role"), "{all}");
    assert!(lines[3].contains("graceful_restart") && !all.contains('\x1b'), "{all}");
    let lines = |line: &[&str]| run(&home, line).1.lines().count() - 1;
    assert_eq!(lines(&["show", "--limit", "2"]), 2);
    assert_eq!(lines(&["show", "--denied"]), 1);
    assert_eq!(lines(&["show", "--operation", "graceful_restart"]), 1);
    assert_eq!((lines(&["show", "--actor", "u7"]), lines(&["show", "--actor", "1000"])), (1, 1));
    assert_eq!((lines(&["show", "--since", "2 h"]), lines(&["show", "--since", "2020-01-01"])), (4, 4));
    assert_eq!(run(&home, &["show", "--since", "2999-01-01T00:00:00Z"]).1, "no records\n");
    let json: serde_json::Value = serde_json::from_str(&run(&home, &["show", "--json"]).1).unwrap();
    assert_eq!(json["records"][0]["event"], "denied");
}

#[tokio::test]
async fn verify_ends_with_1_when_something_is_wrong_and_says_where() {
    let home = workspace().await;
    let (exit, said) = run(&home, &["verify"]);
    assert_eq!((exit.unwrap(), said.as_str()), (Exit::Done, "intact: 4 records (1 to 4) in 1 file\n"));
    let path = home.path().join(".task_orchestrator/audit/audit.jsonl");
    let changed = std::fs::read_to_string(&path).unwrap().replace("\"uid\":7", "\"uid\":8");
    std::fs::write(&path, changed).unwrap();
    let (exit, said) = run(&home, &["verify"]);
    assert_eq!(exit.unwrap(), Exit::Failed);
    assert!(said.contains("audit.jsonl:4: record 4: changed"), "{said}");
}

#[tokio::test]
async fn an_export_is_the_files_content_or_a_table() {
    let home = workspace().await;
    let stored = std::fs::read_to_string(home.path().join(".task_orchestrator/audit/audit.jsonl")).unwrap();
    assert_eq!(run(&home, &["export"]).1, stored);
    let path = home.path().join("out.csv");
    let output = ["export", "--format", "csv", "--output", path.to_str().unwrap()];
    assert_eq!(run(&home, &output).0.unwrap(), Exit::Done);
    let table = std::fs::read_to_string(&path).unwrap();
    assert_eq!(table.lines().count(), 5);
    assert!(table.contains("'=cmd()") && table.contains("\"a, \"\"b\"\""), "{table}");
    assert!(run(&home, &output).0.is_err(), "nothing is overwritten");
}

#[test]
fn a_workspace_without_records_has_none() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run(&home, &["show"]).1, "no records\n");
    assert_eq!(run(&home, &["export"]).1, "");
    assert_eq!(run(&home, &["verify"]).0.unwrap(), Exit::Done);
}
