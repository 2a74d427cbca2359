//! The state verbs on a real workspace, as they are typed.

mod served;

use clap::Parser as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::screen::{Paint, Screen};
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

    /// How it ended, what was printed as the result, and what else was said. Somebody
    /// who can be asked types `typed`.
    fn typed(&self, line: &str, typed: Option<&str>) -> (anyhow::Result<Exit>, String, String) {
        let root = self.directory.path().to_str().unwrap();
        let words = ["task-orchestrator", "--workspace", root, "state"];
        let cli = Cli::try_parse_from(words.into_iter().chain(line.split_whitespace())).unwrap();
        let Command::State(args) = &cli.command else { panic!("{line}") };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let result = args.run(
            &cli.global,
            &mut Screen {
                input: &mut typed.unwrap_or_default().as_bytes(),
                out: &mut out,
                err: &mut err,
                paint: Paint::Plain,
                draws: false,
                asks: typed.is_some(),
            },
        );
        (result, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    fn run(&self, line: &str) -> (anyhow::Result<Exit>, String) {
        let (result, out, _) = self.typed(line, None);
        (result, out)
    }

    fn done(&self, line: &str) -> String {
        let (result, out) = self.run(line);
        assert_eq!(result.unwrap(), Exit::Done, "{line}");
        out
    }

    fn json(&self, line: &str) -> Value {
        let value: Value = serde_json::from_str(&self.done(line)).unwrap();
        assert_eq!(value["schema_version"], 1, "{line}: {value}");
        value
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.workspace.server_state())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn everything_is_listed_shown_and_verified() {
    let home = Home::new();
    let listed = home.json("list --verify --json");
    let rows = &listed["backups"];
    // The backup was taken after the snapshot.
    assert_eq!((&rows[0]["name"], &rows[0]["kind"]), (&json!(home.backup), &json!("database")));
    assert_eq!(rows[1]["name"], "current_state.json");
    assert_eq!((&rows[1]["generation"], &rows[1]["verified"]), (&json!(3), &json!(true)));
    assert_eq!(listed["verified"][0]["problem"], Value::Null);
    assert!(home.done("list").contains("not looked at"));
    assert!(home.done("list --verify").contains("good"));
    let shown = home.json("show --tasks --json");
    assert_eq!((&shown["active_tasks"], &shown["tasks"][1]["task_id"]), (&json!(3), &json!("b")));
    assert!(home.done("show --tasks").contains("About c"));
    assert_eq!(home.json(&format!("show {} --json", home.backup))["open_tasks"], 3);
    assert!(home.done("verify --all").contains("current_state.json: good"));
    let broken = home.workspace.server_state().join(&home.backup);
    std::fs::write(broken, "damaged").unwrap();
    let (result, out) = home.run("verify --all --json");
    assert_eq!(result.unwrap(), Exit::Failed);
    let verified: Value = serde_json::from_str(&out).unwrap();
    let found = |name: &str| {
        let all = verified["verified"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["problem"].clone()
    };
    assert!(found(&home.backup).is_string() && found("current_state.json").is_null(), "{out}");
    assert!(home.done("list --verify").contains("failed its integrity check"));
    assert!(home.run("verify ../config.toml").0.is_err());
}

#[test]
fn differences_are_named() {
    let home = Home::new();
    let shown = home.json("diff current_state.json database --json");
    assert_eq!((&shown["added"], &shown["removed"], &shown["changed"]), (&json!(1), &json!(0), &json!(1)));
    assert_eq!(shown["lines"], json!(["+ task late  Late", "~ task b  title, updated_at"]));
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
fn what_is_pinned_is_shown_and_stays() {
    let home = Home::new();
    // Older than any configuration keeps it.
    let name = "database_20250101T000000.000Z_1.db";
    let state = home.workspace.server_state();
    std::fs::copy(state.join(&home.backup), state.join(name)).unwrap();
    assert_eq!(home.json("list --json")["backups"][2]["due"], "remove");
    assert!(home.done(&format!("pin {name}")).contains("stays until it is unpinned"));
    let listed = home.json("list --json");
    assert_eq!(
        (&listed["backups"][2]["pinned"], &listed["backups"][2]["due"]),
        (&json!(true), &json!("compress"))
    );
    assert!(home.done("list").contains("not looked at, pinned, to be compressed"));
    let pruned = home.json("prune --yes --json");
    assert_eq!((&pruned["compressed"], &pruned["removed"]), (&json!([name]), &json!([])));
    let message = home.json(&format!("unpin {name}.gz --json"))["message"].clone();
    assert!(message.as_str().unwrap().contains("as the configuration says"), "{message}");
    assert_eq!(home.json("prune --yes --json")["removed"], json!([format!("{name}.gz")]));
    let (refused, out) = home.run("pin ../config.toml --json");
    assert_eq!(crate::cli::exit_of(&refused.unwrap_err()), Exit::Failed);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["error_code"], "NOT_FOUND");
    let _running = FrontLock::take(&home.workspace, false).unwrap();
    let refused = home.run(&format!("pin {}", home.backup)).0.unwrap_err().to_string();
    assert!(refused.contains(&std::process::id().to_string()), "{refused}");
    // Who only looks waits for nobody.
    home.done("list");
}

#[test]
fn a_broken_configuration_keeps_nobody_from_looking() {
    let home = Home::new();
    std::fs::write(home.workspace.dir().join("config.toml"), "[state]\nbackups = 'many'\n").unwrap();
    home.done("list");
    home.done("verify --all");
    assert!(home.run("prune").0.is_err());
    home.done(&format!("restore {} --yes", home.backup));
}

#[test]
fn a_snapshot_needs_a_server() {
    let home = Home::new();
    let (refused, out) = home.run("snapshot");
    assert_eq!((crate::cli::exit_of(&refused.unwrap_err()), out.as_str()), (Exit::NoServer, ""));
}

#[test]
fn a_restore_is_confirmed_and_nobody_may_be_starting_a_server() {
    let home = Home::new();
    let restored = home.backup.clone();
    let before = home.names();
    // Nobody is there to be asked, and silence is no consent.
    let (refused, out) = home.run(&format!("restore {restored} --json"));
    let refused = refused.unwrap_err();
    assert_eq!(crate::cli::exit_of(&refused), Exit::Usage);
    assert!(refused.to_string().contains("--yes"), "{out}");
    assert!(home.run(&format!("restore {restored} --confirm other")).0.is_err());
    for typed in ["", "y\n", "other\n"] {
        let (declined, out, err) = home.typed(&format!("restore {restored}"), Some(typed));
        assert!(declined.is_err() && out.is_empty(), "{typed}: {out}");
        assert!(err.contains(&format!("Type {restored} to go on")) && err.contains("Late"), "{err}");
    }
    {
        let _running = FrontLock::take(&home.workspace, false).unwrap();
        let refused = home.run(&format!("restore {restored} --yes")).0.unwrap_err().to_string();
        assert!(refused.contains("task-orchestrator stop"), "{refused}");
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
    }
    assert_eq!(home.names(), before);
    let out = home.done(&format!("restore {restored} --confirm {restored}"));
    assert!(out.contains("would be lost: 1 task; would go back: 1 task\n"), "{out}");
    assert!(out.contains("Late") && out.contains(&format!("restored {restored}: 3 tasks")), "{out}");
    assert!(home.done(&format!("diff {restored} database")).contains("the same"));
    let names = home.names();
    assert!(names.iter().any(|name| name.starts_with("lost_")), "{names:?}");
    assert_eq!(names.iter().filter(|name| name.starts_with("database_")).count(), 2, "{names:?}");
}
