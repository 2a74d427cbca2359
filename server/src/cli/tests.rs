//! What the command line promises, without starting anything.

mod examples;
mod looking;
mod operating;
mod operating_pages;
mod rendering;
pub(crate) mod samples;
mod served;

use clap::{CommandFactory, Parser};
use task_orchestrator_shared::role::Role;

use super::*;
use crate::client_setup::{Client, Scope};
use crate::config::KEYS;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("task-orchestrator").chain(line.split_whitespace()))
}

#[test]
fn the_definition_is_sound_and_every_verb_teaches() {
    let mut command = Cli::command();
    command.clone().debug_assert();
    for verb in command.get_subcommands_mut().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
    {
        let name = verb.get_name().to_owned();
        assert!(verb.get_about().is_some(), "{name} says nothing");
        assert!(verb.get_after_help().is_some(), "{name} has no example");
    }
    assert!(command.get_subcommands().any(|verb| verb.get_name() == "worker" && verb.is_hide_set()));
}

#[test]
fn global_flags_are_accepted_before_and_after_the_verb() {
    for line in [
        "--workspace /w --set log.format=json --log-level debug stdio",
        "stdio --workspace /w --set log.format=json --log-level debug",
    ] {
        let cli = parse(line).unwrap();
        assert!(matches!(cli.command, Command::Stdio(_)));
        assert_eq!(cli.global.workspace.as_deref(), Some(std::path::Path::new("/w")));
        let flags: Vec<String> = cli.global.overrides().flags.into_iter().map(|flag| flag.flag).collect();
        assert_eq!(flags, ["--set log.format=json", "--log-level debug"]);
    }
    let cli = parse("serve --detached --set a.b=c=d --set e.f=").unwrap();
    let Command::Serve(args) = cli.command else { panic!() };
    assert!(args.detached);
    assert_eq!(cli.global.set[0], KeyValue { key: "a.b".to_owned(), value: "c=d".to_owned() });
    assert_eq!(cli.global.set[1].value, "");
    assert_eq!(cli.global.role, None);
    for line in ["--role monitor status", "status --role monitor"] {
        assert_eq!(parse(line).unwrap().global.role, Some(Role::Monitor));
    }
}

#[test]
fn flags_of_their_own_name_keys_that_exist() {
    let flags = parse("status --log-level debug").unwrap().global.overrides().flags;
    assert!(flags.iter().all(|flag| KEYS.iter().any(|key| key.path() == flag.path)));
}

#[test]
fn a_child_gets_the_same_flags() {
    let top = tempfile::tempdir().unwrap();
    let line = format!("serve --workspace {} --set log.format=json --log-level debug", top.path().display());
    let global = parse(&line).unwrap().global;
    let (workspace, _) = global.find_workspace().unwrap();
    let child = std::iter::once("task-orchestrator".into())
        .chain(global.for_child(&workspace))
        .chain(["worker".into()]);
    let parsed = Cli::try_parse_from(child).unwrap();
    assert_eq!(parsed.global.set, global.set);
    assert_eq!(parsed.global.log_level, global.log_level);
    assert_eq!(parsed.global.workspace.unwrap(), workspace.root());
}

#[test]
fn lines_that_make_no_sense_are_usage_errors() {
    for line in [
        "",
        "fly",
        "config",
        "config show --yaml",
        "install",
        "install --client emacs",
        "install --client cursor --scope world",
        "status --set novalue",
        "status --set =x",
        "status --role king",
        "history --limit 0",
        "history --limit 1001",
        "maintenance",
        "maintenance maybe",
        "dead-letters",
        "dead-letters show",
        "dead-letters show three",
        "disconnect",
        "log-level",
        "log-level loud",
        "config reload --server",
        "stop now",
        "wait",
        "wait --for tea",
        "wait --for ready --timeout 0",
        "watch now",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[test]
fn a_socket_is_for_commands_that_ask_a_server() {
    for verb in ["stdio", "serve", "worker"] {
        let error = parse(&format!("{verb} --socket /run/admin.sock")).unwrap().run().unwrap_err();
        assert_eq!(exit_of(&error), Exit::Usage, "{verb}: {error}");
    }
    let top = tempfile::tempdir().unwrap();
    let line = format!("status --socket /run/admin.sock --workspace {}", top.path().display());
    let global = parse(&line).unwrap().global;
    let (workspace, _) = global.find_workspace().unwrap();
    assert_eq!(workspace.admin_socket(), std::path::Path::new("/run/admin.sock"));
    assert!(!global.for_child(&workspace).contains(&"--socket".into()), "a server takes no notice of it");
}

#[test]
fn install_has_sensible_defaults() {
    let Command::Install(args) = parse("install --client claude-code").unwrap().command else { panic!() };
    assert_eq!((args.entry.client, args.entry.scope), (Client::ClaudeCode, Scope::User));
    assert_eq!(args.entry.name, "task-orchestrator");
    assert!(!args.entry.dry_run);
}

#[test]
fn errors_have_the_exit_code_of_their_cause() {
    let cases = [
        (Error::from(ConfigErrors(Vec::new())).context("while starting"), Exit::Configuration),
        (Error::from(SetupError::Name(String::new())), Exit::Usage),
        (Error::msg("anything"), Exit::Failed),
        (Error::from(CallError::NoServer).context("while asking"), Exit::NoServer),
        (Error::from(CallError::TimedOut(std::time::Duration::ZERO)), Exit::TimedOut),
        (Error::from(CallError::Denied(String::new())), Exit::Denied),
        (Error::from(CallError::Lost), Exit::Failed),
    ];
    for (error, exit) in cases {
        assert_eq!(exit_of(&error), exit, "{error:?}");
    }
}

#[test]
fn state_verbs_teach_and_refuse_what_makes_no_sense() {
    let mut command = Cli::command();
    let state = command.find_subcommand_mut("state").unwrap();
    for verb in state.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example"), "{} has no example", verb.get_name());
    }
    for line in
        ["state", "state restore", "state diff a", "state prune --dry-run --yes", "state verify x --all"]
    {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    let Command::State(args) = parse("state show").unwrap().command else { panic!() };
    assert!(matches!(args.verb, StateVerb::Show { name, .. } if name == "current_state.json"));
}
