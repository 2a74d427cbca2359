//! The command line as a person or a script uses it: the real program, with a home
//! and a project of the test's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

struct Scene {
    _top: tempfile::TempDir,
    project: PathBuf,
    home: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(top.path()).unwrap();
        let (project, home) = (root.join("project"), root.join("home"));
        fs::create_dir(&project).unwrap();
        fs::create_dir(&home).unwrap();
        Self { _top: top, project, home }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_task-orchestrator"));
        command.args(line.split_whitespace()).env_clear().env("HOME", &self.home).current_dir(&self.project);
        command
    }

    fn run(&self, line: &str) -> Answer {
        Answer::of(self.command(line).output().unwrap())
    }

    fn config(&self) -> PathBuf {
        self.project.join(".task_orchestrator/config.toml")
    }
}

#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn init_writes_a_private_file_once_and_check_accepts_it() {
    let scene = Scene::new();
    let missing = scene.run("config check");
    assert_eq!(missing.code, Some(0), "{missing:?}");
    assert!(missing.out.contains("does not exist"), "{missing:?}");
    assert!(!scene.project.join(".task_orchestrator").exists(), "looking creates nothing");

    assert_eq!(scene.run("config init").code, Some(0));
    assert_eq!(mode(&scene.config()), 0o600);
    assert_eq!(mode(scene.config().parent().unwrap()), 0o700);
    assert_eq!(scene.run("config check").code, Some(0));

    fs::write(scene.config(), "[log]\nlevel = \"debug\"\n").unwrap();
    let again = scene.run("config init");
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("--force"), "{again:?}");
    assert!(fs::read_to_string(scene.config()).unwrap().contains("debug"), "kept");
    assert_eq!(scene.run("config init --force").code, Some(0));
    assert!(!fs::read_to_string(scene.config()).unwrap().contains("\nlevel = \"debug\""));
    assert_eq!(mode(&scene.config()), 0o600);
}

#[test]
fn check_reports_every_mistake_with_its_place_and_other_verbs_refuse() {
    let scene = Scene::new();
    scene.run("config init");
    fs::write(scene.config(), "[log]\nlevle = 1\n\n[store]\nreaders = 0\n").unwrap();
    let mut command = scene.command("config check --set log.format=xml");
    let answer = Answer::of(command.env("MCP_TASK_ORCHESTRATOR_LOG_LEVEL", "loud").output().unwrap());
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let file = scene.config().display().to_string();
    let lines: Vec<&str> = answer.err.lines().collect();
    assert_eq!(lines.len(), 5, "{answer:?}");
    assert_eq!(lines[0], format!("error: {file}:2:1: unknown key log.levle (did you mean log.level?)"));
    assert!(
        lines[1].starts_with(&format!("error: {file}:5:1: store.readers: 0 is out of range")),
        "{answer:?}"
    );
    assert!(
        lines[2].contains("environment variable MCP_TASK_ORCHESTRATOR_LOG_LEVEL: log.level: "),
        "{answer:?}"
    );
    assert!(lines[3].contains("flag --set log.format=xml: log.format: "), "{answer:?}");
    assert_eq!(lines[4], "4 mistakes found");

    let shown = scene.run("config show");
    assert_eq!(shown.code, Some(78), "do not try again: {shown:?}");
    assert_eq!(shown.out, "");
}

#[test]
fn show_tells_what_is_set_where() {
    let scene = Scene::new();
    scene.run("config init");
    fs::write(scene.config(), "log.level = \"error\"\nstore.readers = 3\n").unwrap();
    let below = scene.project.join("src/deep");
    fs::create_dir_all(&below).unwrap();
    let mut command = scene.command("--log-level trace config show --json");
    command.current_dir(&below).env("MCP_TASK_ORCHESTRATOR_LOG_FORMAT", "JSON");
    command.env("MCP_TASK_ORCHESTRATOR_STORE_REDERS", "9");
    let answer = Answer::of(command.output().unwrap());
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let shown: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(shown["workspace"], scene.project.to_str().unwrap());
    assert_eq!(shown["found_by"], "an existing workspace");
    assert_eq!(shown["keys"]["log.level"]["value"], "trace");
    assert_eq!(shown["keys"]["log.level"]["place"], "flag --log-level trace");
    assert_eq!(shown["keys"]["log.format"]["source"], "environment");
    assert_eq!(shown["keys"]["store.readers"]["value"], 3);
    assert!(shown["keys"]["store.readers"]["place"].as_str().unwrap().ends_with("config.toml:2:7"));
    assert!(
        shown["warnings"][0].as_str().unwrap().contains("did you mean MCP_TASK_ORCHESTRATOR_STORE_READERS?")
    );
}

#[test]
fn the_workspace_is_named_by_flag_or_variable() {
    let scene = Scene::new();
    let other = scene.home.join("other");
    fs::create_dir(&other).unwrap();
    let mut command = scene.command("config show");
    let answer = Answer::of(command.env("MCP_TASK_ORCHESTRATOR_WORKSPACE", &other).output().unwrap());
    assert!(answer.out.starts_with(&format!("# workspace {} ", other.display())), "{answer:?}");
    let missing = scene.run("config show --workspace missing");
    assert_eq!(missing.code, Some(78), "{missing:?}");
    assert!(missing.err.contains("missing") && missing.err.contains("--workspace"), "{missing:?}");
}

#[test]
fn install_and_uninstall_leave_a_clients_file_as_it_was() {
    let scene = Scene::new();
    let file = scene.home.join(".claude.json");
    let original = "{\n  // mine\n  \"mcpServers\": { \"x\": {\"command\": \"y\"} },\n  \"n\": 1.0\n}\n";
    fs::write(&file, original).unwrap();

    let dry = scene.run("install --client claude-code --dry-run");
    assert!(dry.out.contains("+++") && dry.out.contains("dry run"), "{dry:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), original);

    let installed = scene.run("install --client claude-code");
    assert_eq!(installed.code, Some(0), "{installed:?}");
    assert!(
        installed.out.contains("kept a copy in") && installed.out.contains("+    \"task-orchestrator\""),
        "{installed:?}"
    );
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(env!("CARGO_BIN_EXE_task-orchestrator")) && text.contains("// mine"), "{text}");
    assert!(!text.contains("--workspace"), "a user's entry serves every project");
    let again = scene.run("install --client claude-code");
    assert!(again.out.contains("already set up"), "{again:?}");

    assert_eq!(scene.run("uninstall --client claude-code").code, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), original);
    assert!(scene.run("uninstall --client claude-code").out.contains("has no such entry"));
}

#[test]
fn a_projects_entry_names_its_workspace() {
    let scene = Scene::new();
    let answer = scene.run("install --client codex --scope project --name tasks");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let text = fs::read_to_string(scene.project.join(".codex/config.toml")).unwrap();
    assert!(text.starts_with("[mcp_servers.tasks]\n"), "{text}");
    assert!(
        text.contains(&format!("[\"stdio\", \"--workspace\", \"{}\"]", scene.project.display())),
        "{text}"
    );
    assert!(answer.out.contains("trusted"), "{answer:?}");
}

#[test]
fn what_cannot_be_set_up_says_why() {
    let scene = Scene::new();
    let scope = scene.run("install --client windsurf --scope project");
    assert_eq!(scope.code, Some(2), "{scope:?}");
    assert!(scope.err.contains("--scope user"), "{scope:?}");
    fs::write(scene.home.join(".claude.json"), "{\n  broken\n}").unwrap();
    let broken = scene.run("install --client claude-code");
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(broken.err.contains(".claude.json:2:"), "{broken:?}");
    let mut homeless = scene.command("install --client cursor");
    let homeless = Answer::of(homeless.env_remove("HOME").output().unwrap());
    assert!(homeless.err.contains("HOME"), "{homeless:?}");
}

#[test]
fn help_and_usage_have_their_exit_codes() {
    let scene = Scene::new();
    let help = scene.run("--help");
    assert_eq!(help.code, Some(0));
    assert!(help.out.contains("Examples:") && !help.out.contains("\n  worker"), "{help:?}");
    assert_eq!(scene.run("--version").code, Some(0));
    let wrong = scene.run("stat");
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""));
    assert!(wrong.err.contains("status"), "{wrong:?}");
}

#[test]
fn codes_are_explained_without_a_server() {
    let scene = Scene::new();
    let page = scene.run("explain restart_6");
    assert_eq!(page.code, Some(0), "{page:?}");
    assert!(page.out.starts_with("RESTART_006: ") && page.out.contains("What to do"), "{page:?}");
    assert!(!page.out.contains('\u{1b}'), "no colours where no terminal is: {page:?}");
    let object: serde_json::Value = serde_json::from_str(&scene.run("explain 6 --json").out).unwrap();
    assert_eq!((&object["error_code"], &object["schema_version"]), (&"RESTART_006".into(), &1.into()));
    let list = scene.run("explain");
    assert_eq!(list.out.lines().filter(|line| line.starts_with("RESTART_")).count(), 12, "{list:?}");
    let pages: serde_json::Value = serde_json::from_str(&scene.run("explain --json").out).unwrap();
    assert_eq!(pages["pages"].as_array().unwrap().len(), list.out.lines().count() - 3);

    let unknown = scene.run("explain NOT_FUOND");
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(2), ""), "{unknown:?}");
    assert!(unknown.err.contains("did you mean NOT_FOUND?"), "{unknown:?}");
    assert!(!scene.project.join(".task_orchestrator").exists(), "reading creates nothing");
}

#[test]
fn an_emergency_in_a_script_needs_its_flag() {
    let scene = Scene::new();
    let silent = scene.run("restart --emergency");
    assert_eq!((silent.code, silent.out.as_str()), (Some(2), ""), "{silent:?}");
    assert!(silent.err.contains("--yes"), "{silent:?}");
    let confirmed = scene.run("restart --emergency --yes");
    assert_eq!(confirmed.code, Some(4), "nobody is there: {confirmed:?}");
    let missing = scene.run("restart --binary ./next");
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains(scene.project.join("next").to_str().unwrap()), "{missing:?}");
}

#[test]
fn a_reader_that_leaves_early_is_no_crash() {
    let scene = Scene::new();
    let mut child =
        scene.command("config show").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let answer = Answer::of(child.wait_with_output().unwrap());
    assert!(!answer.err.contains("panicked"), "{answer:?}");
    assert!(answer.code.is_some(), "not killed by a signal");
}

#[test]
fn a_page_that_nobody_reads_to_its_end_is_no_failure() {
    let scene = Scene::new();
    for line in ["man", "completions bash", "config show", "explain RESTART_006"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = scene.command(line);
        let answer = Answer::of(
            command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap(),
        );
        assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""), "{line}");
    }
}
