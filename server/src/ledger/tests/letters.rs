//! Dead letters, and the file of those that made room.

use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::DeadCause;

use super::*;

fn letter(sequence: u64) -> DeadLetter {
    DeadLetter {
        id: 0,
        at: "2026-01-01T00:00:00Z".into(),
        cause: DeadCause::Quarantined,
        error_code: ErrorCode::OutcomeUnknown,
        client: "c".into(),
        sequence,
        method: "tools/call orchestrator_plan_task".into(),
        bytes: 0,
        message: None,
        retries: 0,
    }
}

/// The sequences in an exported file.
fn exported(directory: &tempfile::TempDir, file: &str) -> Vec<u64> {
    let text = std::fs::read_to_string(directory.path().join(file)).unwrap_or_default();
    let read = |line: &str| serde_json::from_str::<DeadLetter>(line).unwrap();
    text.lines().map(read).map(|letter| letter.sequence).collect()
}

#[test]
fn a_letter_is_listed_read_retried_and_discarded() {
    let (_directory, mut db) = db();
    let message = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#;
    let id = db.add_letter(&letter(u64::MAX), message).unwrap();
    let expected = DeadLetter { id, bytes: message.len() as u64, ..letter(u64::MAX) };
    assert_eq!(db.letters(10).unwrap(), std::slice::from_ref(&expected));
    assert!(db.mark_retried(id).unwrap() && !db.mark_retried(id + 1).unwrap());
    let whole = db.letter(id).unwrap().unwrap();
    assert_eq!(whole.message, message.as_slice());
    let content: Value = serde_json::from_slice(message).unwrap();
    assert_eq!(whole.letter, DeadLetter { retries: 1, message: Some(content), ..expected });
    assert!(db.discard(id).unwrap() && !db.discard(id).unwrap());
    assert_eq!(db.letter(id).unwrap(), None);
    let next = db.add_letter(&letter(2), b"not json \xff").unwrap();
    assert!(next > id, "a number is never used twice");
    let whole = db.letter(next).unwrap().unwrap();
    assert_eq!(whole.letter.message, Some(json!("not json \u{fffd}")));
    assert_eq!(whole.message, b"not json \xff".as_slice());
}

#[test]
fn the_oldest_is_in_the_file_before_it_goes() {
    let (directory, mut db) = db();
    for sequence in 1..=5 {
        db.add_letter(&letter(sequence), br#"{"a":1}"#).unwrap();
    }
    let kept: Vec<u64> = db.letters(10).unwrap().iter().map(|letter| letter.sequence).collect();
    assert_eq!(kept, [5, 4, 3]);
    assert_eq!(exported(&directory, "dead_letters.jsonl"), [1, 2]);
    let text = std::fs::read_to_string(directory.path().join("dead_letters.jsonl")).unwrap();
    assert!(text.contains(r#""message":{"a":1}"#), "{text}");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(directory.path().join("dead_letters.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_bytes_are_bounded_as_well_as_the_number() {
    let (_directory, mut db) = db();
    let large = vec![b' '; 700 << 10];
    for sequence in 1..=2 {
        db.add_letter(&letter(sequence), &large).unwrap();
    }
    assert_eq!(db.letters(10).unwrap().len(), 1);
    db.add_letter(&letter(3), &vec![b' '; 2 << 20]).unwrap();
    assert_eq!(db.letters(10).unwrap().len(), 1, "one is kept whatever its size");
}

#[test]
fn the_file_is_rotated_and_one_former_kept() {
    let (directory, mut db) = db();
    let message = format!("\"{}\"", "x".repeat(1500));
    for sequence in 1..=12 {
        db.add_letter(&letter(sequence), message.as_bytes()).unwrap();
    }
    assert_eq!(exported(&directory, "dead_letters.1.jsonl"), [7, 8]);
    assert_eq!(exported(&directory, "dead_letters.jsonl"), [9]);
    let mut names: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["dead_letters.1.jsonl", "dead_letters.jsonl"]);
}

/// Makes the file one that cannot be made.
fn nowhere(directory: &tempfile::TempDir) -> std::path::PathBuf {
    let file = directory.path().join("dead_letters.jsonl");
    std::os::unix::fs::symlink(directory.path().join("missing/file"), &file).unwrap();
    file
}

#[test]
fn what_cannot_be_exported_stays() {
    let (directory, mut db) = db();
    let file = nowhere(&directory);
    for sequence in 1..=5 {
        db.add_letter(&letter(sequence), b"{}").unwrap();
    }
    assert_eq!(db.letters(10).unwrap().len(), 5);
    std::fs::remove_file(&file).unwrap();
    db.add_letter(&letter(6), b"{}").unwrap();
    assert_eq!(db.letters(10).unwrap().len(), 3);
    assert_eq!(exported(&directory, "dead_letters.jsonl"), [1, 2, 3]);
}

#[test]
fn letters_that_cannot_be_exported_have_a_bound_too() {
    let (directory, mut db) = db();
    nowhere(&directory);
    for sequence in 1..=1010 {
        db.add_letter(&letter(sequence), b"{}").unwrap();
    }
    let count: i64 =
        db.connection.query_row("SELECT count(*) FROM dead_letters", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3 + 999);
}
