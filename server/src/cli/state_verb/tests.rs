//! The state verbs on a real workspace, as they are typed.

use clap::Parser as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::front::FrontLock;
use crate::link::SnapshotHeader;
use crate::state::{self, Tail};
use crate::store::StoreOptions;
use crate::store::export::Export;
use crate::store::import::Import;
use crate::tasks::Task;
use crate::workspace::{Surroundings, Workspace};

/// A workspace with three tasks, a snapshot and a backup of them, and a fourth task.
struct Home {
    directory: tempfile::TempDir,
    workspace: Workspace,
    backup: String,
}

fn task(id: &str) -> Task {
    serde_json::from_value(json!({
        "task_id": id, "parent_task_id": null, "session_id": null, "title": format!("About {id}"),
        "description": "", "status": "pending", "task_type": "standard", "specialist_type": "generic",
        "complexity": "simple", "estimated_effort": null, "due_date": null, "context": null,
        "dependencies": [], "summary": null, "notes": [], "created_at": "2026-11-21T10:00:00Z",
        "updated_at": "2026-11-21T10:00:00Z", "started_at": null, "completed_at": null,
    }))
    .unwrap()
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let surroundings = Surroundings::of_process().unwrap();
        let mut workspace = Workspace::discover(Some(directory.path()), &surroundings).unwrap();
        workspace.create(&surroundings).unwrap();
        let mut import = Import::create(&workspace.database()).unwrap();
        ["a", "b", "c"].iter().for_each(|id| import.task(&task(id)).unwrap());
        import.finish().unwrap();
        let options = StoreOptions::new(workspace.database(), workspace.artifacts());
        let directory_of_state = workspace.server_state();
        let part = state::part_path(&directory_of_state);
        let header = SnapshotHeader { generation: 3, ..SnapshotHeader::default() };
        let mut export = Export::open(&options).unwrap();
        let bulk = state::write_bulk(&part, &header, Timestamp::now(), &[], &mut export).unwrap();
        state::seal(&directory_of_state, &part, &bulk, &Tail::default()).unwrap();
        let backup = state::back_up(&options, &directory_of_state, Timestamp::now()).unwrap();
        let connection = rusqlite::Connection::open(workspace.database()).unwrap();
        connection
            .execute_batch(
                "INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, \
                 created_at, updated_at) VALUES ('late', 'Late', '', 'pending', 'standard', 'generic', 'simple', 1, 1); \
                 UPDATE tasks SET title = 'Changed', updated_at = updated_at + 1 WHERE id = 'b'",
            )
            .unwrap();
        Self { directory, workspace, backup }
    }

    fn run(&self, line: &str) -> (anyhow::Result<Exit>, String) {
        let root = self.directory.path().to_str().unwrap();
        let words = ["task-orchestrator", "--workspace", root, "state"];
        let cli = Cli::try_parse_from(words.into_iter().chain(line.split_whitespace())).unwrap();
        let Command::State(args) = &cli.command else { panic!("{line}") };
        let mut out = Vec::new();
        let result = args.run(&cli.global, &mut out);
        (result, String::from_utf8(out).unwrap())
    }

    fn done(&self, line: &str) -> String {
        let (result, out) = self.run(line);
        assert_eq!(result.unwrap(), Exit::Done, "{line}");
        out
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.done(line)).unwrap()
    }
}

#[test]
fn everything_is_listed_shown_and_verified() {
    let home = Home::new();
    let rows = home.json("list --verify --json");
    assert_eq!(rows[0]["name"], "current_state.json");
    assert_eq!((&rows[0]["generation"], &rows[0]["verified"]), (&json!(3), &json!(true)));
    assert_eq!((&rows[1]["name"], &rows[1]["kind"]), (&json!(home.backup), &json!("database")));
    assert!(home.done("list").contains("not looked at"));
    let shown = home.json("show --tasks --json");
    assert_eq!((&shown["active_tasks"], &shown["tasks"][1]["task_id"]), (&json!(3), &json!("b")));
    assert!(home.done("show --tasks").contains("About c"));
    assert_eq!(home.json(&format!("show {} --json", home.backup))["open_tasks"], 3);
    assert!(home.done("verify --all").contains("current_state.json: good"));
    let broken = home.workspace.server_state().join(&home.backup);
    std::fs::write(broken, "damaged").unwrap();
    let (result, out) = home.run("verify --all --json");
    assert_eq!(result.unwrap(), Exit::Failed);
    assert!(out.contains(r#""verified":false"#) && out.contains(r#""verified":true"#), "{out}");
    assert!(home.run("verify ../config.toml").0.is_err());
}

#[test]
fn differences_are_named() {
    let home = Home::new();
    let shown = home.json("diff current_state.json database --json");
    assert_eq!(shown["tasks"]["added"][0]["title"], "Late");
    assert_eq!(shown["tasks"]["changed"], json!([{ "id": "b", "fields": ["title", "updated_at"] }]));
    let back = home.done("diff database current_state.json");
    assert!(back.contains("- task late  Late") && back.contains("~ task b"), "{back}");
    assert!(home.done(&format!("diff current_state.json {}", home.backup)).contains("the same"));
}

#[test]
fn pruning_says_first_what_it_would_do() {
    let home = Home::new();
    let set = "--set state.compress_after=0s";
    let before = state::list(&home.workspace.server_state()).unwrap();
    let would = home.json(&format!("prune {set} --json"));
    assert_eq!((&would["dry_run"], &would["compressed"]), (&json!(true), &json!([home.backup])));
    assert_eq!(state::list(&home.workspace.server_state()).unwrap(), before);
    assert!(home.done(&format!("prune {set} --yes")).contains("compressed"));
    assert!(home.done(&format!("show {}.gz", home.backup)).contains("3, of which 3 are open"));
    assert!(home.done(&format!("prune {set} --yes")).contains("nothing to do"));
}

#[test]
fn a_restore_is_confirmed_and_needs_the_server_to_be_stopped() {
    let home = Home::new();
    let restored = home.backup.clone();
    // JSON is for programs, and nobody is asked there.
    let (refused, out) = home.run(&format!("restore {restored} --json"));
    assert!(refused.unwrap_err().to_string().contains("--confirm"), "{out}");
    assert!(home.run(&format!("restore {restored} --confirm other")).0.is_err());
    {
        let _running = FrontLock::take(&home.workspace, false).unwrap();
        let refused = home.run(&format!("restore {restored} --yes")).0.unwrap_err().to_string();
        assert!(refused.contains("task-orchestrator stop"), "{refused}");
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
    }
    let out = home.done(&format!("restore {restored} --confirm {restored}"));
    assert!(out.contains("would be lost: 1 tasks; would go back: 1 tasks"), "{out}");
    assert!(out.contains("About") || out.contains("Changed"), "{out}");
    assert!(home.done(&format!("diff {restored} database")).contains("the same"));
    let names: Vec<String> = std::fs::read_dir(home.workspace.server_state())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("lost_")), "{names:?}");
    assert_eq!(names.iter().filter(|name| name.starts_with("database_")).count(), 2, "{names:?}");
}
