//! The verbs against a server that answers what the test says, over a real socket.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::admin::{Done, Refusal, Reply, Request, Stopping};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{Level, TestStatus};
use task_orchestrator_shared::restart::{Outcome, Reason};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{parse, samples};
use crate::admin::{Answered, Asked, sample, serve};
use crate::cli::screen::{Paint, Screen};
use crate::cli::{Command, exit_of, status_verb};
use crate::exit::Exit;
use crate::private_socket;
use crate::workspace::{Surroundings, Workspace};

/// A workspace with a server.
pub(super) struct Served {
    top: tempfile::TempDir,
    asked: Arc<Mutex<Vec<Request>>>,
    end: Option<DropGuard>,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) exit: Exit,
    pub(super) out: String,
    pub(super) err: String,
}

/// Who runs the command.
#[derive(Clone, Copy)]
pub(super) enum Who {
    Script,
    /// A person, who types this when asked.
    Person(&'static str),
}

impl Served {
    pub(super) fn nobody() -> Self {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir(top.path().join("shop")).unwrap();
        Self { top, asked: Arc::default(), end: None }
    }

    /// One of a version that has no view.
    pub(super) fn answering(reply: Reply) -> Self {
        Self::viewing(None, reply)
    }

    pub(super) fn viewing(view: Option<View>, reply: Reply) -> Self {
        let mut served = Self::nobody();
        let surroundings = Surroundings::of_process().unwrap();
        let mut workspace =
            Workspace::discover(Some(&served.top.path().join("shop")), &surroundings).unwrap();
        workspace.create(&surroundings).unwrap();
        // As a server has it whose process is gone.
        std::fs::write(workspace.front_lock(), "").unwrap();
        let (ended, seen) = (CancellationToken::new(), Arc::clone(&served.asked));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let inside = runtime.enter();
        let listener = private_socket::bind(&workspace.private_admin_socket()).unwrap();
        drop(inside);
        let changes = tokio::sync::broadcast::channel(1).0;
        let execute = move |asked: Asked| {
            if asked.request == Request::WhoAmI {
                // Each connection begins with it, and it is asked for again in between.
                let who = if matches!(reply, Reply::WhoAmI(_)) { reply.clone() } else { sample::owner() };
                return std::future::ready(Some(who.into()));
            }
            let events = [
                samples::progress(Phase::Preparation, "the build runs"),
                samples::build_line("Compiling"),
                samples::progress(Phase::Complete, "done"),
            ];
            // Who asks for the state only waits for nothing.
            events.into_iter().for_each(|event| drop(asked.events.try_send(event)));
            if asked.request == Request::Status {
                return std::future::ready(Some(Reply::Status(Box::new(samples::status())).into()));
            }
            if asked.request == Request::Subscribe {
                let unknown = || refusal(ErrorCode::NotReady);
                let reply = view.clone().map_or_else(unknown, |view| Reply::View(Box::new(view)));
                let deltas = Some(changes.subscribe());
                return std::future::ready(Some(Answered { reply, deltas, until: None }));
            }
            seen.lock().unwrap().push(asked.request);
            std::future::ready(Some(reply.clone().into()))
        };
        let facts = sample::facts(workspace.root());
        served.end = Some(ended.clone().drop_guard());
        std::thread::spawn(move || runtime.block_on(serve(listener, facts, execute, ended)));
        served
    }

    pub(super) fn run(&self, line: &str, who: Who) -> Printed {
        let root = self.top.path().join("shop");
        let cli = parse(&format!("{line} --workspace {}", root.display())).unwrap();
        let (asks, typed) = match who {
            Who::Script => (false, ""),
            Who::Person(typed) => (true, typed),
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let screen = &mut Screen {
            input: &mut typed.as_bytes(),
            out: &mut out,
            err: &mut err,
            paint: Paint::Plain,
            draws: false,
            asks,
        };
        let done = match &cli.command {
            Command::Restart(args) => args.run(&cli.global, screen),
            Command::Stop(args) => args.run(&cli.global, screen),
            Command::Status(args) => status_verb::run(&cli.global, args, screen),
            Command::Health(args) => args.run(&cli.global, screen),
            Command::Prepare(args) => args.run(&cli.global, screen),
            Command::History(args) => args.run(&cli.global, screen),
            Command::ReconnectTest(args) => args.run(&cli.global, screen),
            Command::DeadLetters(args) => args.run(&cli.global, screen),
            Command::Maintenance(args) => args.run(&cli.global, screen),
            Command::Sessions(args) => args.run(&cli.global, screen),
            Command::Session(args) => args.run(&cli.global, screen),
            Command::Tasks(args) => args.run(&cli.global, screen),
            Command::Disconnect(args) => args.run(&cli.global, screen),
            Command::ClearBuffers(args) => args.run(&cli.global, screen),
            Command::LogLevel(args) => args.run(&cli.global, screen),
            Command::WhoAmI(args) => args.run(&cli.global, screen),
            Command::Roles(args) => args.run(&cli.global, screen),
            Command::Config(args) => args.run(&cli.global, screen),
            other => panic!("{other:?} is no verb of an administrator"),
        };
        let exit = done.unwrap_or_else(|error| {
            err.extend(format!("error: {error:#}\n").into_bytes());
            exit_of(&error)
        });
        Printed { exit, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    }

    pub(super) fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

pub(super) fn script(line: &str, reply: Reply) -> Printed {
    Served::answering(reply).run(line, Who::Script)
}

pub(super) fn refusal(error_code: ErrorCode) -> Reply {
    Reply::Refused(Refusal { error_code, error: "no".to_owned(), hint: "Do otherwise.".to_owned() })
}

pub(super) fn object(printed: &Printed) -> Value {
    let object: Value =
        serde_json::from_str(&printed.out).unwrap_or_else(|error| panic!("{error}: {printed:?}"));
    assert_eq!(object["schema_version"], 1);
    object
}

#[test]
fn a_restart_shows_each_phase_and_then_the_outcome() {
    let served = Served::answering(Reply::Restart(Box::new(samples::report(Outcome::Complete))));
    let printed = served.run("restart --drain --note tonight", Who::Script);
    assert_eq!(printed.exit, Exit::Done, "{printed:?}");
    assert!(printed.out.starts_with("restart     complete"), "{printed:?}");
    let lines: Vec<&str> = printed.err.lines().collect();
    assert_eq!(lines.len(), 3, "{printed:?}");
    assert!(lines[0].contains("preparation") && lines[1] == "  | Compiling" && lines[2].contains("complete"));
    let asked = served.asked();
    let [Request::Restart(request)] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(request.graceful && request.preserve_state && request.drain);
    assert_eq!(request.note.as_deref(), Some("tonight"));

    let quiet = served.run("restart --quiet", Who::Script);
    assert_eq!((quiet.err.as_str(), quiet.exit), ("", Exit::Done));
}

/// A server that is asked through a socket named by hand may be anybody's, and the
/// lock of the workspace at hand says nothing about it.
#[test]
fn a_stop_through_a_named_socket_does_not_wait_for_another_server_s_lock() {
    let stopping = Stopping { pid: 7, sessions: 2 };
    let (there, here) =
        (Served::answering(Reply::Stopping(stopping)), Served::answering(refusal(ErrorCode::Internal)));
    std::fs::write(here.top.path().join("shop/.task_orchestrator/run/front.lock"), "").unwrap();
    let socket = there.top.path().join("shop/.task_orchestrator/run/admin.sock");
    let printed = here.run(&format!("stop --socket {}", socket.display()), Who::Script);
    assert_eq!(
        printed.out,
        "the server (pid 7) is ending; its end cannot be seen from here; 2 clients were disconnected\n",
        "{printed:?}"
    );
    assert_eq!((there.asked(), here.asked(), printed.exit), (vec![Request::Stop], vec![], Exit::Done));
}

#[test]
fn for_programs_there_is_the_report_and_nothing_else() {
    let report = samples::report(Outcome::Complete);
    let printed = script("restart --json", Reply::Restart(Box::new(report.clone())));
    assert_eq!(printed.err, "");
    let mut expected = serde_json::to_value(report).unwrap();
    expected["schema_version"] = 1.into();
    assert_eq!(object(&printed), expected);
}

#[test]
fn every_end_of_a_restart_has_its_exit_code() {
    let ended = |report| script("restart -q", Reply::Restart(Box::new(report))).exit;
    assert_eq!(ended(samples::report(Outcome::RolledBack)), Exit::Failed);
    assert_eq!(ended(samples::report(Outcome::Cancelled)), Exit::Failed);
    assert_eq!(ended(samples::failed(ErrorCode::WorkerUnavailable)), Exit::Failed);
    assert_eq!(ended(samples::failed(ErrorCode::TimeoutExceeded)), Exit::TimedOut);
    let codes = [
        (ErrorCode::PermissionDenied, Exit::Denied),
        (ErrorCode::TimeoutExceeded, Exit::TimedOut),
        (ErrorCode::RestartInProgress, Exit::Failed),
    ];
    for (code, exit) in codes {
        let printed = script("restart --json", refusal(code));
        assert_eq!(printed.exit, exit, "{printed:?}");
        assert_eq!(object(&printed)["error_code"], json!(code));
        assert!(
            printed.err.contains("Do otherwise.\nMore: task-orchestrator explain RESTART_0"),
            "{printed:?}"
        );
    }
    let alone = Served::nobody();
    for line in
        ["restart", "restart --cancel", "health", "prepare", "history", "maintenance on", "dead-letters list"]
    {
        let printed = alone.run(line, Who::Script);
        assert_eq!((printed.exit, printed.out.as_str()), (Exit::NoServer, ""), "{line}: {printed:?}");
    }
    let other = script("health", Reply::Done(Done { message: String::new() }));
    assert!(other.exit == Exit::Failed && other.err.contains("another version"), "{other:?}");
}

#[test]
fn an_emergency_is_confirmed_by_name_or_by_flag_and_never_by_silence() {
    let served = Served::answering(Reply::Restart(Box::new(samples::report(Outcome::Complete))));
    let nobody = served.run("restart --emergency", Who::Script);
    assert_eq!(nobody.exit, Exit::Usage, "{nobody:?}");
    assert!(nobody.err.contains("--yes"), "{nobody:?}");
    assert_eq!(served.asked(), [], "nothing was asked of the server");

    served.run("restart --emergency --yes", Who::Script);
    let asked = served.asked();
    let [Request::Restart(request)] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(!request.graceful && !request.preserve_state);
    assert_eq!(request.reason, Reason::EmergencyShutdown);

    let other = served.run("restart --emergency", Who::Person("shoe\n"));
    assert_eq!((other.exit, served.asked()), (Exit::Failed, Vec::new()), "{other:?}");
    assert!(
        other.err.contains("1 client is connected, 4 requests in flight.\nType shop to go on: "),
        "{other:?}"
    );
    let named = served.run("restart --emergency", Who::Person("shop\n"));
    assert_eq!((named.exit, served.asked().len()), (Exit::Done, 1), "{named:?}");
    let alone = Served::nobody().run("restart --emergency", Who::Person("shop\n"));
    assert!(alone.exit == Exit::NoServer && !alone.err.contains("Type"), "{alone:?}");
}

#[test]
fn a_person_types_the_word() {
    let served = Served::answering(Reply::Done(Done { message: "forgotten".to_owned() }));
    for typed in ["", "4\n", "y\n"] {
        let printed = served.run("dead-letters discard 3", Who::Person(typed));
        assert_eq!((printed.exit, served.asked()), (Exit::Failed, Vec::new()), "{typed:?}");
        assert!(printed.err.contains("nothing was done"), "{printed:?}");
    }
    let printed = served.run("dead-letters discard 3", Who::Person("3\n"));
    assert_eq!((printed.exit, printed.out.as_str()), (Exit::Done, "forgotten\n"), "{printed:?}");
    assert!(printed.err.contains("Type 3 to go on: "), "{printed:?}");
    assert_eq!(served.asked(), [Request::DiscardDeadLetter { id: 3 }]);
    assert_eq!(served.run("dead-letters discard 3", Who::Script).exit, Exit::Usage);
    assert_eq!(served.run("dead-letters discard 3 --yes", Who::Script).exit, Exit::Done);
}

#[test]
fn what_is_measured_has_its_exit_code() {
    let cases = [
        ("health", Reply::Health(Box::new(samples::health(Level::Healthy))), Exit::Done),
        ("health", Reply::Health(Box::new(samples::health(Level::Degraded))), Exit::Done),
        ("health", Reply::Health(Box::new(samples::health(Level::Unhealthy))), Exit::Failed),
        ("prepare", Reply::Readiness(Box::new(samples::readiness(true))), Exit::Done),
        ("prepare", Reply::Readiness(Box::new(samples::readiness(false))), Exit::Failed),
        (
            "reconnect-test",
            Reply::ReconnectTest(Box::new(samples::reconnect_test(TestStatus::Pass))),
            Exit::Done,
        ),
        (
            "reconnect-test",
            Reply::ReconnectTest(Box::new(samples::reconnect_test(TestStatus::Partial))),
            Exit::Failed,
        ),
        ("history", Reply::RestartStatus(Box::new(samples::history())), Exit::Done),
    ];
    for (line, reply, exit) in cases {
        let people = script(line, reply.clone());
        assert_eq!((people.exit, people.err.as_str()), (exit, ""), "{line}: {people:?}");
        let programs = script(&format!("{line} --json"), reply);
        assert_eq!(programs.exit, exit, "{line}: {programs:?}");
        object(&programs);
    }
}

#[test]
fn verbs_ask_for_what_they_are_told() {
    let served = Served::answering(Reply::Done(Done { message: "so be it".to_owned() }));
    let cases = [
        ("maintenance on", Request::Maintenance { on: true }),
        ("maintenance off", Request::Maintenance { on: false }),
        ("restart --cancel", Request::CancelRestart),
        ("reconnect-test --session s", Request::ReconnectTest { session: Some("s".to_owned()) }),
        ("history --limit 7", Request::RestartStatus { limit: 7 }),
        ("dead-letters list --limit 5", Request::DeadLetters { limit: 5 }),
        ("dead-letters show 9", Request::DeadLetter { id: 9 }),
        ("dead-letters retry 9", Request::RetryDeadLetter { id: 9 }),
    ];
    for (line, request) in cases {
        served.run(line, Who::Script);
        assert_eq!(served.asked(), [request], "{line}");
    }
    assert_eq!(object(&served.run("maintenance on --json", Who::Script))["message"], "so be it");
}

#[test]
fn that_nothing_runs_is_an_answer_of_status() {
    let served = script("status --json", Reply::Done(Done { message: String::new() }));
    let running = object(&served);
    assert_eq!((served.exit, &running["running"], &running["pid"]), (Exit::Done, &json!(true), &json!(10)));
    let alone = Served::nobody();
    let printed = alone.run("status --json", Who::Script);
    assert_eq!((printed.exit, &object(&printed)["running"]), (Exit::NoServer, &json!(false)));
    let printed = alone.run("status", Who::Script);
    assert!(printed.out.starts_with("no server is running") && printed.err.is_empty(), "{printed:?}");
}

#[test]
fn dead_letters_are_objects_for_programs() {
    let letter = samples::dead_letter(Some(json!({ "id": 1 })));
    let list = script("dead-letters list --json", Reply::DeadLetters(vec![letter.clone()]));
    assert_eq!(object(&list)["dead_letters"][0]["id"], 3);
    let one = script("dead-letters --json show 3", Reply::DeadLetter(Box::new(letter)));
    assert_eq!(object(&one)["message"]["id"], 1);
    let answer = json!({ "id": 1, "error": { "code": -32603, "message": "again" } });
    let retried = script("dead-letters retry 3 --json", Reply::Retried(answer.clone()));
    assert_eq!((retried.exit, &object(&retried)["answer"]), (Exit::Failed, &answer));
}
