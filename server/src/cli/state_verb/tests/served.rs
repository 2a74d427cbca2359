//! The state verbs beside a server that answers from the same files, over a real
//! socket: what is printed does not tell which of the two was asked.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use task_orchestrator_shared::admin::{Refusal, Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::StateReport;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::admin::{Asked, sample, serve};
use crate::cli::exit_of;
use crate::front::Backups;
use crate::private_socket;
use crate::state::Policy;

/// A server until this is dropped.
struct Server {
    asked: Arc<Mutex<Vec<Request>>>,
    end: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn of(home: &Home) -> Self {
        let (workspace, backup) = (&home.workspace, home.backup.clone());
        let (config, ..) =
            crate::config::Config::load(workspace, &crate::config::Overrides::default()).unwrap();
        let backups = Backups::of_files(workspace, Policy::from(&config.state));
        Self::answering(home, move |request| match request {
            Request::Snapshot => Reply::Snapshot(Box::new(StateReport {
                snapshot: "current_state.json".to_owned(),
                sha256: "ab".repeat(32),
                size_bytes: 2048,
                active_tasks: 1,
                client_sessions: 2,
            })),
            Request::RestoreBackup { name } => {
                let prepared = backups.prepare(name).unwrap();
                let restored = backups.restore(&prepared).unwrap();
                Reply::Restored(Box::new(restored.report(name, Duration::from_millis(3))))
            }
            request => backups.answer(request).unwrap_or_else(|| denied(&backup)),
        })
    }

    fn answering(home: &Home, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let inside = runtime.enter();
        let listener = private_socket::bind(&home.workspace.admin_socket()).unwrap();
        drop(inside);
        let (asked, end) = (Arc::<Mutex<Vec<Request>>>::default(), CancellationToken::new());
        let (seen, answer, ended) = (Arc::clone(&asked), Arc::new(answer), end.clone());
        let execute = move |asked: Asked| {
            if asked.request == Request::WhoAmI {
                return std::future::ready(Some(sample::owner().into()));
            }
            let reply = answer(&asked.request);
            seen.lock().unwrap().push(asked.request);
            std::future::ready(Some(reply.into()))
        };
        let facts = sample::facts(home.workspace.root());
        let thread = std::thread::spawn(move || {
            runtime.block_on(serve(listener, facts, execute, ended));
        });
        Self { asked, end, thread: Some(thread) }
    }

    fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn denied(what: &str) -> Reply {
    let hint = "Ask somebody who may.".to_owned();
    Reply::Refused(Refusal { error_code: ErrorCode::PermissionDenied, error: what.to_owned(), hint })
}

/// What a line prints, and how it ends.
fn printed(home: &Home, line: &str) -> (Exit, String, String) {
    let (result, out, err) = home.typed(line, None);
    let exit = result.unwrap_or_else(|error| exit_of(&error));
    (exit, out, err)
}

#[test]
fn both_ways_print_the_same() {
    let home = Home::new();
    let name = &home.backup;
    let broken = home.workspace.server_state().join("backup_state_20260101T000000.000Z_1.json");
    std::fs::write(broken, "damaged").unwrap();
    let lines = [
        "list --json".to_owned(),
        "list --verify --json".to_owned(),
        "verify".to_owned(),
        "verify --all".to_owned(),
        "verify --all --json".to_owned(),
        format!("verify {name} --json"),
        "verify nothing --json".to_owned(),
        "verify ../config.toml".to_owned(),
        "diff current_state.json database".to_owned(),
        "diff current_state.json database --json".to_owned(),
        "diff nothing database --json".to_owned(),
        "prune".to_owned(),
        "prune --dry-run --json".to_owned(),
        format!("unpin {name} --json"),
        "pin current_state.json --json".to_owned(),
        "pin nothing".to_owned(),
        "restore nothing --yes --json".to_owned(),
        format!("restore {name}"),
    ];
    for line in lines {
        let alone = printed(&home, &line);
        let served = {
            let server = Server::of(&home);
            let served = printed(&home, &line);
            assert!(!server.asked().is_empty(), "{line} was not asked of the server");
            served
        };
        assert_eq!(alone, served, "{line}");
    }
}

#[test]
fn what_changes_something_goes_through_the_server() {
    let home = Home::new();
    let name = home.backup.clone();
    let server = Server::of(&home);
    // As while a real one runs: the files cannot be changed behind its back.
    let _lock = FrontLock::take(&home.workspace, false).unwrap();
    home.done(&format!("pin {name}"));
    home.done(&format!("unpin {name}"));
    home.done("prune --yes");
    assert_eq!(home.json("snapshot --json")["active_tasks"], 1);
    assert!(home.done("snapshot").contains("1 open task, 2 clients"));
    let pin = |pinned| Request::PinBackup { name: name.clone(), pinned };
    let prune = Request::PruneBackups { dry_run: false };
    assert_eq!(server.asked(), [pin(true), pin(false), prune, Request::Snapshot, Request::Snapshot]);

    let (refused, _) = home.run("prune --yes --set state.backups=1");
    assert!(refused.unwrap_err().to_string().contains("--set"));
    assert_eq!(server.asked(), [Request::Status], "nothing was pruned");
}

#[test]
fn a_restore_by_the_server_is_planned_confirmed_and_then_done() {
    let home = Home::new();
    let name = home.backup.clone();
    let server = Server::of(&home);
    let lock = FrontLock::take(&home.workspace, false).unwrap();
    let plan = Request::PlanRestore { name: name.clone() };
    let restore = Request::RestoreBackup { name: name.clone() };
    let (declined, _, err) = home.typed(&format!("restore {name}"), Some("no\n"));
    assert!(declined.is_err() && err.contains("would be lost: 1 task; would go back: 1 task"), "{err}");
    assert_eq!(server.asked().as_slice(), std::slice::from_ref(&plan));
    assert!(home.run(&format!("restore {name} --confirm other")).0.is_err());
    assert_eq!(server.asked(), []);
    let shown = home.json(&format!("restore {name} --confirm {name} --json"));
    assert_eq!(server.asked(), [plan, restore]);
    assert_eq!((&shown["name"], &shown["tasks"]), (&json!(name), &json!(3)));
    assert_eq!((&shown["plan"]["gone"], &shown["plan"]["older"]), (&json!(1), &json!(1)));
    assert!(
        shown["kept"].is_string() && shown["lost"].is_string() && shown["held_ms"].is_number(),
        "{shown}"
    );

    drop(server);
    drop(lock);
    let alone = home.json(&format!("restore {name} --yes --json"));
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((keys(&alone), keys(&alone["plan"])), (keys(&shown), keys(&shown["plan"])));
}

#[test]
fn what_the_server_refuses_is_not_done_on_the_files() {
    let home = Home::new();
    let name = home.backup.clone();
    let before = home.names();
    let _server = Server::answering(&home, |_| denied("not for you"));
    for line in [
        "list",
        "verify --all",
        "diff current_state.json database",
        "prune --yes",
        "pin N",
        "restore N --yes",
    ] {
        let line = line.replace('N', &name);
        let (exit, out, _) = printed(&home, &line);
        assert_eq!((exit, out.as_str()), (Exit::Denied, ""), "{line}");
    }
    assert_eq!(home.names(), before);
}
