//! The verbs of a maintenance window against a server: what they ask, what they have
//! confirmed, and what their ends mean for the shell.

use serde_json::json;
use task_orchestrator_shared::admin::{Done, Reply, Request, Stopping};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::role::Role;

use super::samples;
use super::served::{Served, Who, object, refusal, script};
use crate::exit::Exit;

/// Every verb here, as a script would type it.
const LINES: [&str; 12] = [
    "whoami",
    "roles",
    "sessions",
    "session 3",
    "tasks",
    "disconnect 3 --yes",
    "clear-buffers --yes",
    "clear-buffers --session 3 --yes",
    "log-level debug",
    "config reload",
    "config show --server",
    "stop",
];

fn done() -> Reply {
    Reply::Done(Done { message: "so be it".to_owned() })
}

fn whole_id() -> String {
    samples::view().sessions[1].client.clone()
}

#[test]
fn each_end_has_its_exit_code() {
    let ends = [
        (ErrorCode::PermissionDenied, Exit::Denied),
        (ErrorCode::TimeoutExceeded, Exit::TimedOut),
        (ErrorCode::NotFound, Exit::Failed),
    ];
    for line in LINES.iter().filter(|line| !["sessions", "whoami"].contains(line)) {
        for (code, exit) in ends {
            let served = Served::viewing(Some(samples::view()), refusal(code));
            let printed = served.run(&format!("{line} --json"), Who::Script);
            assert_eq!(printed.exit, exit, "{line}: {printed:?}");
            assert_eq!(object(&printed)["error_code"], json!(code), "{line}");
            assert!(printed.err.contains("More: task-orchestrator explain"), "{line}: {printed:?}");
        }
    }
    for line in LINES {
        assert_eq!(Served::nobody().run(line, Who::Script).exit, Exit::NoServer, "{line}");
    }
}

#[test]
fn another_answer_than_was_asked_for_is_a_failure() {
    let other = || Reply::Health(Box::new(samples::health(task_orchestrator_shared::report::Level::Healthy)));
    for line in LINES.iter().filter(|line| !["sessions", "whoami"].contains(line)) {
        let printed = Served::viewing(Some(samples::view()), other()).run(line, Who::Script);
        assert!(
            printed.exit == Exit::Failed && printed.err.contains("another version"),
            "{line}: {printed:?}"
        );
    }
}

#[test]
fn verbs_ask_for_what_they_are_told() {
    let served = Served::viewing(Some(samples::view()), done());
    let cases = [
        ("disconnect 00000003 --yes", Request::DisconnectSession { session: whole_id() }),
        ("clear-buffers --yes", Request::ClearBuffers { session: None }),
        ("clear-buffers --session 3 --yes", Request::ClearBuffers { session: Some(whole_id()) }),
        ("log-level DEBUG --reason slow", Request::LogLevel { level: "debug".to_owned() }),
    ];
    for (line, request) in cases {
        let printed = served.run(line, Who::Script);
        assert_eq!((printed.exit, printed.out.as_str()), (Exit::Done, "so be it\n"), "{line}: {printed:?}");
        assert_eq!(served.asked(), [request], "{line}");
        assert_eq!(object(&served.run(&format!("{line} --json"), Who::Script))["message"], "so be it");
        served.asked();
    }
    let unknown = served.run("disconnect 9 --yes", Who::Script);
    assert_eq!((unknown.exit, served.asked()), (Exit::Failed, Vec::new()), "{unknown:?}");
    assert!(unknown.err.contains("task-orchestrator sessions"), "{unknown:?}");
}

#[test]
fn what_hits_clients_is_confirmed_by_word_or_by_flag_and_never_by_silence() {
    let served = Served::viewing(Some(samples::view()), done());
    for (line, word, said) in [
        ("disconnect 3", "00000003", "session 3 (claude-code 1.2, pid 93). It has 3 requests"),
        ("clear-buffers", "shop", "3 requests have no answer yet."),
        ("clear-buffers --session 3", "00000003", "What waits of session 3"),
    ] {
        let nobody = served.run(line, Who::Script);
        assert_eq!((nobody.exit, served.asked()), (Exit::Usage, Vec::new()), "{nobody:?}");
        assert!(nobody.err.contains("--yes"), "{nobody:?}");
        for typed in ["", "y\n", "3\n"] {
            let other = served.run(line, Who::Person(typed));
            assert_eq!((other.exit, served.asked()), (Exit::Failed, Vec::new()), "{line}: {other:?}");
        }
        let typed: &'static str = if word == "shop" { "shop\n" } else { "00000003\n" };
        let named = served.run(line, Who::Person(typed));
        assert_eq!((named.exit, served.asked().len()), (Exit::Done, 1), "{line}: {named:?}");
        assert!(
            named.err.contains(said) && named.err.contains(&format!("Type {word} to go on")),
            "{named:?}"
        );
    }
}

#[test]
fn a_server_without_a_view_still_lists_its_clients() {
    let served = Served::answering(done());
    let printed = served.run("sessions", Who::Script);
    assert!(printed.out.starts_with("ID   PID") && printed.out.contains("c-1"), "{printed:?}");
    served.run("disconnect c-1 --yes", Who::Script);
    assert_eq!(served.asked(), [Request::DisconnectSession { session: "c-1".to_owned() }]);
    let shown = object(&served.run("sessions --json", Who::Script));
    assert_eq!(shown["sessions"][0]["client"], "c-1");
    let viewing = Served::viewing(Some(samples::view()), done());
    assert_eq!(object(&viewing.run("sessions --json", Who::Script))["sessions"][1]["number"], 3);
    let printed = viewing.run("status", Who::Script);
    assert!(printed.out.contains("clients     1 (claude-code), waiting for 4 answers\n"), "{printed:?}");
}

#[test]
fn roles_and_configuration_are_told_to_people_and_programs() {
    let you = || Reply::WhoAmI(Box::new(samples::whoami(Role::Monitor)));
    assert!(script("whoami", you()).out.contains("role        monitor"));
    assert_eq!(object(&script("whoami --json", you()))["role"], "monitor");
    let roles = || Reply::Roles(Box::new(samples::roles()));
    assert!(script("roles", roles()).out.contains("graceful_restart"));
    assert_eq!(object(&script("roles --json", roles()))["stdio_role"], "operator");
    let config = || Reply::Config(samples::config());
    assert!(script("config show --server", config()).out.contains("1 not in force yet"));
    assert_eq!(object(&script("config show --server --json", config()))["config"][1]["pending"], "\"1 min\"");
    let reloaded = || Reply::Reloaded(Box::new(samples::reloaded()));
    assert!(script("config reload", reloaded()).out.contains("at restart  store.synchronous"));
    assert_eq!(object(&script("config reload --json", reloaded()))["needs_stop"][0], "limits.sessions");
}

#[test]
fn stopping_asks_a_person_while_clients_are_connected_and_never_a_script() {
    let stopping = || Reply::Stopping(Stopping { pid: 10, sessions: 1 });
    let served = Served::answering(stopping());
    let other = served.run("stop", Who::Person("no\n"));
    assert_eq!((other.exit, served.asked()), (Exit::Failed, Vec::new()), "{other:?}");
    assert!(other.err.contains("1 client is disconnected") && other.err.contains("Type shop"), "{other:?}");
    for (line, who) in
        [("stop", Who::Person("shop\n")), ("stop --yes", Who::Person("")), ("stop", Who::Script)]
    {
        let printed = served.run(line, who);
        assert_eq!((printed.exit, served.asked()), (Exit::Done, vec![Request::Stop]), "{line}: {printed:?}");
        assert_eq!(printed.out, "the server (pid 10) has ended; 1 client was disconnected\n");
    }
    let printed = script("stop --json", stopping());
    let shown = object(&printed);
    assert_eq!((printed.exit, &shown["ended"], &shown["sessions"]), (Exit::Done, &json!(true), &json!(1)));
    let alone = Served::nobody();
    assert!(alone.run("stop", Who::Person("")).out.starts_with("no server is running"));
    assert_eq!(object(&alone.run("stop --json", Who::Script))["running"], false);
}
