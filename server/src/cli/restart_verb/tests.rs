//! What the flags ask for, and which slips are caught before a server is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use clap::{Parser, ValueEnum};
use task_orchestrator_shared::restart::{Reason, RestartRequest};

use super::*;
use crate::cli::{Cli, Command};

fn parse(line: &str) -> Result<RestartArgs, clap::Error> {
    let words = std::iter::once("task-orchestrator").chain(line.split_whitespace());
    match Cli::try_parse_from(words)?.command {
        Command::Restart(args) => Ok(args),
        other => panic!("{other:?}"),
    }
}

fn request(line: &str) -> RestartRequest {
    parse(line).unwrap().request(Path::new("/")).unwrap()
}

#[test]
fn without_flags_it_is_the_default_request() {
    assert_eq!(request("restart"), RestartRequest::default());
}

#[test]
fn each_flag_asks_for_its_own() {
    let usual = RestartRequest::default;
    let cases = [
        ("restart --drain", RestartRequest { drain: true, ..usual() }),
        ("restart --no-snapshot", RestartRequest { preserve_state: false, ..usual() }),
        ("restart --no-build", RestartRequest { build: false, ..usual() }),
        ("restart --clear-buffers", RestartRequest { clear_buffers: true, ..usual() }),
        ("restart --rollback", RestartRequest { rollback: true, ..usual() }),
        ("restart --timeout 300", RestartRequest { timeout: Some(300), ..usual() }),
        ("restart --reason error_recovery", RestartRequest { reason: Reason::ErrorRecovery, ..usual() }),
        ("restart --reason manual_restart", usual()),
        (
            "restart --emergency --reason error_recovery",
            RestartRequest {
                graceful: false,
                preserve_state: false,
                reason: Reason::ErrorRecovery,
                ..usual()
            },
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(request(line), expected, "{line}");
    }
}

#[test]
fn every_reason_can_be_typed_by_its_name() {
    for reason in ReasonArg::value_variants() {
        let typed = reason.to_possible_value().unwrap();
        assert_eq!(typed.get_name(), Reason::from(*reason).as_str());
    }
}

#[test]
fn what_contradicts_itself_is_a_usage_error() {
    for line in [
        "restart --timeout 9",
        "restart --timeout 301",
        "restart --reason because",
        "restart --emergency --drain",
        "restart --emergency --rollback",
        "restart --rollback --binary x",
        "restart --cancel --drain",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    let long = |length: usize| parse(&format!("restart --note {}", "ü".repeat(length)));
    assert!(long(1000).is_ok());
    assert_eq!(long(1001).unwrap_err().exit_code(), 2);
}

#[test]
fn a_program_is_named_from_the_root_and_must_be_one() {
    let top = tempfile::tempdir().unwrap();
    let program = top.path().join("next");
    let named = || parse("restart --binary ./next").unwrap().request(top.path());
    let refused = |part: &str| {
        let error = named().unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(top.path().to_str().unwrap()), "{error}");
    };
    refused("build it first");
    fs::create_dir(&program).unwrap();
    refused("is no file");
    fs::remove_dir(&program).unwrap();
    fs::write(&program, "").unwrap();
    refused("chmod +x");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(named().unwrap().binary.as_deref(), program.to_str());
}

#[test]
fn the_answer_is_waited_for_as_long_as_the_server_may_take() {
    let top = tempfile::tempdir().unwrap();
    let patience = |line: &str| {
        let cli = Cli::try_parse_from(
            ["task-orchestrator", "--workspace", top.path().to_str().unwrap(), "restart"]
                .into_iter()
                .chain(line.split_whitespace()),
        )
        .unwrap();
        let (workspace, _) = cli.global.find_workspace().unwrap();
        let Command::Restart(args) = &cli.command else { panic!() };
        args.patience(&cli.global, &workspace).as_secs()
    };
    assert_eq!(patience("--set restart.timeout=40s"), 70);
    assert_eq!(patience("--timeout 50"), 80);
    assert_eq!(
        patience("--set restart.build_command=make --set restart.build_timeout=60s --timeout 10"),
        100
    );
    assert_eq!(patience("--set restart.build_command=make --no-build --timeout 10"), 40);
    assert_eq!(patience("--set restart.timeout=nonsense"), 330, "a mistake is not in the way");
}

#[test]
fn progress_goes_where_it_is_wanted() {
    let cases = [
        ("restart", true, Detail::Live),
        ("restart", false, Detail::Lines),
        ("restart --json", true, Detail::Live),
        ("restart --json", false, Detail::Silent),
        ("restart --quiet", true, Detail::Silent),
        ("restart -q", false, Detail::Silent),
    ];
    for (line, draws, expected) in cases {
        assert_eq!(parse(line).unwrap().detail(draws), expected, "{line}, {draws}");
    }
    assert_eq!(name_of(Path::new("/my/shop")), "shop");
    assert_eq!(name_of(Path::new("/")), "/");
}
