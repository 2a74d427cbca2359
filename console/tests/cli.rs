//! The command line of the real program, without a server and without a terminal.
#![expect(clippy::unwrap_used, reason = "its helpers belong to tests as well")]

use std::fs;
use std::process::{Command, Output, Stdio};

fn console(arguments: &[&str], home: &tempfile::TempDir) -> Output {
    Command::new(env!("CARGO_BIN_EXE_task-orchestrator-console"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .env("TERM", "xterm")
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn help_teaches_and_nonsense_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let help = console(&["--help"], &home);
    assert_eq!(help.status.code(), Some(0));
    for part in ["--demo", "--linear", "--read-only", "Exit codes", "Examples"] {
        assert!(said(&help.stdout).contains(part), "{part} is not in the help");
    }
    for wrong in [
        &["--no-such"][..],
        &["--screen", "logz"],
        &["--role", "king"],
        &["--speed", "2"],
        &["--demo", "--start"],
    ] {
        let output = console(wrong, &home);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn without_a_terminal_it_names_the_way_that_needs_none() {
    let home = tempfile::tempdir().unwrap();
    let output = console(&[], &home);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(said(&output.stderr).contains("--linear"), "{output:?}");
}

#[test]
fn every_mistake_of_the_configuration_is_told_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("console.toml");
    fs::write(&file, "theme = \"drak\"\n\n[keys]\nrestart = \"q\"\n").unwrap();
    let output = console(&["config", "check", "--config", file.to_str().unwrap()], &home);
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    for part in ["console.toml:1:", "dark", "console.toml:4:", "quit"] {
        assert!(said(&output.stderr).contains(part), "{part} is not in {output:?}");
    }
    fs::write(&file, "theme = \"light\"\n").unwrap();
    let output = console(&["config", "print", "--config", file.to_str().unwrap()], &home);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(said(&output.stdout).contains("theme = \"light\""), "{output:?}");
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("wrong.jsonl"), "not a recording\n").unwrap();
    let output = console(&["--linear", "--replay", "wrong.jsonl"], &home);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said(&output.stderr).contains("wrong.jsonl:1: "), "{output:?}");
}
