//! What the client set-up promises, in homes of the test's own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use clap::ValueEnum;

use super::*;

mod damaged;

struct Scene {
    _top: tempfile::TempDir,
    homes: Homes,
}

impl Scene {
    fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(top.path()).unwrap();
        let homes = Homes {
            home: root.join("home"),
            config: None,
            claude: None,
            codex: None,
            project: root.join("project"),
            is_macos: false,
        };
        Self { _top: top, homes }
    }

    fn target(&self, client: Client, scope: Scope) -> Target {
        Target::new(client, scope, "task-orchestrator", &self.homes).unwrap()
    }

    fn every_target(&self) -> Vec<(Client, Scope, Target)> {
        let clients = Client::value_variants().iter();
        let pairs = clients.flat_map(|client| [(*client, Scope::User), (*client, Scope::Project)]);
        pairs
            .filter_map(|(client, scope)| {
                let target = Target::new(client, scope, "task-orchestrator", &self.homes).ok()?;
                Some((client, scope, target))
            })
            .collect()
    }
}

fn launch() -> Launch {
    Launch::new(Path::new("/opt/bin/task-orchestrator"), Some(Path::new("/srv/my project"))).unwrap()
}

fn write(target: &Target, text: &str) {
    fs::create_dir_all(target.path().parent().unwrap()).unwrap();
    fs::write(target.path(), text).unwrap();
}

fn read(target: &Target) -> String {
    fs::read_to_string(target.path()).unwrap()
}

fn beside(target: &Target) -> Vec<String> {
    let entries = fs::read_dir(target.path().parent().unwrap()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn forget_backups(target: &Target) {
    for name in beside(target).into_iter().filter(|name| name.contains(".backup-")) {
        fs::remove_file(target.path().with_file_name(name)).unwrap();
    }
}

/// Files as people have them. CONTAINER stands for the client's own word.
const JSON_FILES: &[(&str, &str)] = &[
    ("empty servers", "{\n  \"CONTAINER\": {}\n}\n"),
    ("no servers", "{\n  \"theme\": \"dark\" // mine\n}\n"),
    ("nothing", "{}"),
    (
        "comments everywhere",
        "// top\n{\n    /* before */ \"a\": 1, // beside\n    \"CONTAINER\": {\n        // about the other\n        \"other\": { \"command\": \"x\", \"args\": [ ] } // its end\n        // the last word\n    },\n    \"z\": [1,2,   3]\n}\n// bottom",
    ),
    (
        "tabs, carriage returns and a trailing comma",
        "{\r\n\t\"CONTAINER\": {\r\n\t\t\"other\": {\r\n\t\t\t\"command\": \"x\",\r\n\t\t},\r\n\t},\r\n}\r\n",
    ),
    ("one line", "{\"CONTAINER\":{\"other\":{\"command\":\"x\"}},\"n\":1.50e+3,\"u\":\"\\u00e9\"}"),
    ("a byte order mark", "\u{feff}{\n  \"CONTAINER\": {\n    \"other\": {}\n  }\n}\n"),
];

const TOML_FILES: &[(&str, &str)] = &[
    ("comments", "# top\nmodel = 'o3'   # mine\n\n[profiles.x] # beside\n a   = 1\n\n# the end\n"),
    ("other servers", "[mcp_servers.other]\ncommand = \"x\"\n\n[tui]\nnotifications = true\n"),
    ("servers as a table", "[mcp_servers]\n# none yet\n"),
    ("servers in one line", "mcp_servers = { other = { command = \"x\" } } # short\nb=2\n"),
    ("no end of line", "model = \"o3\""),
    ("carriage returns", "model = \"o3\"\r\n\r\n[tui]\r\nx = 1\r\n"),
];

fn files_for(target: &Target) -> Vec<(&'static str, String)> {
    match target.place.format {
        Format::Json { container, .. } => {
            JSON_FILES.iter().map(|(what, text)| (*what, text.replace("CONTAINER", container))).collect()
        }
        Format::Toml => TOML_FILES.iter().map(|(what, text)| (*what, (*text).to_owned())).collect(),
    }
}

#[test]
fn every_client_gets_every_byte_back() {
    let scene = Scene::new();
    for (client, scope, target) in scene.every_target() {
        for (what, original) in files_for(&target) {
            let context = format!("{client:?} {scope:?} {what}");
            write(&target, &original);
            let Done::Changed { backup: Some(backup), diff, .. } = target.install(&launch(), false).unwrap()
            else {
                panic!("{context}: nothing happened");
            };
            assert_eq!(fs::read_to_string(&backup).unwrap(), original, "{context}");
            assert!(diff.contains("+") && diff.contains("/opt/bin/task-orchestrator"), "{context}: {diff}");
            let installed = read(&target);
            assert_eq!(target.found(target.path(), &installed).unwrap(), Some(launch()), "{context}");
            assert!(
                matches!(target.install(&launch(), false).unwrap(), Done::Nothing { .. }),
                "{context}: not idempotent"
            );

            assert!(matches!(target.uninstall(false).unwrap(), Done::Changed { .. }), "{context}");
            assert_eq!(read(&target), original, "{context}");
            assert!(matches!(target.uninstall(false).unwrap(), Done::Nothing { .. }), "{context}");
            forget_backups(&target);
        }
    }
}

#[test]
fn nothing_is_lost_without_the_copy_either() {
    let scene = Scene::new();
    for (client, _, target) in scene.every_target() {
        for (what, original) in files_for(&target) {
            let context = format!("{client:?} {what}");
            write(&target, &original);
            target.install(&launch(), false).unwrap();
            forget_backups(&target);
            let installed = read(&target);
            for line in original.lines().filter(|line| line.contains("//") || line.contains('#')) {
                let comment = line.split_once("//").or(line.split_once('#')).unwrap().1;
                assert!(installed.contains(comment), "{context}: {comment:?} is lost in\n{installed}");
            }
            target.uninstall(false).unwrap();
            forget_backups(&target);
            let left = read(&target);
            // Where the file had servers, every byte; else the empty object of them stays.
            if matches!(
                what,
                "comments everywhere" | "empty servers" | "other servers" | "comments" | "a byte order mark"
            ) {
                assert_eq!(left, original, "{context}");
            }
            assert!(!left.contains("/opt/bin"), "{context}: {left}");
            target.install(&launch(), true).unwrap();
        }
    }
}

#[test]
fn entries_are_what_each_client_documents() {
    let scene = Scene::new();
    let args = serde_json::json!(["stdio", "--workspace", "/srv/my project"]);
    let command = "/opt/bin/task-orchestrator";
    let plain = serde_json::json!({ "command": command, "args": args });
    let typed = serde_json::json!({ "type": "stdio", "command": command, "args": args });
    let expected = [
        (Client::ClaudeCode, Scope::User, "home/.claude.json", "mcpServers", &typed),
        (Client::ClaudeCode, Scope::Project, "project/.mcp.json", "mcpServers", &typed),
        (
            Client::ClaudeDesktop,
            Scope::User,
            "home/.config/Claude/claude_desktop_config.json",
            "mcpServers",
            &plain,
        ),
        (Client::Cursor, Scope::User, "home/.cursor/mcp.json", "mcpServers", &typed),
        (Client::Cursor, Scope::Project, "project/.cursor/mcp.json", "mcpServers", &typed),
        (Client::Vscode, Scope::User, "home/.config/Code/User/mcp.json", "servers", &typed),
        (Client::Vscode, Scope::Project, "project/.vscode/mcp.json", "servers", &typed),
        (Client::Windsurf, Scope::User, "home/.codeium/windsurf/mcp_config.json", "mcpServers", &plain),
    ];
    for (client, scope, path, container, entry) in expected {
        let target = scene.target(client, scope);
        assert_eq!(target.path(), scene.homes.home.parent().unwrap().join(path));
        let Done::Changed { backup: None, .. } = target.install(&launch(), false).unwrap() else {
            panic!("there was nothing to copy");
        };
        let text = read(&target);
        let written: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(written, serde_json::json!({ container: { "task-orchestrator": entry } }));
        assert!(text.ends_with("}\n"));
        let mode = fs::metadata(target.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if scope == Scope::User { 0o600 } else { 0o644 }, "{client:?}");
    }
    for (scope, path) in
        [(Scope::User, "home/.codex/config.toml"), (Scope::Project, "project/.codex/config.toml")]
    {
        let target = scene.target(Client::Codex, scope);
        assert_eq!(target.path(), scene.homes.home.parent().unwrap().join(path));
        target.install(&launch(), false).unwrap();
        assert_eq!(
            read(&target),
            "[mcp_servers.task-orchestrator]\ncommand = \"/opt/bin/task-orchestrator\"\n\
             args = [\"stdio\", \"--workspace\", \"/srv/my project\"]\n"
        );
    }
}

#[test]
fn places_follow_the_clients_own_variables() {
    let mut scene = Scene::new();
    scene.homes.claude = Some("/c".into());
    scene.homes.codex = Some("/x".into());
    scene.homes.config = Some("/xdg".into());
    let path =
        |homes: &Homes, client| Target::new(client, Scope::User, "n", homes).unwrap().path().to_owned();
    assert_eq!(path(&scene.homes, Client::ClaudeCode), Path::new("/c/.claude.json"));
    assert_eq!(path(&scene.homes, Client::Codex), Path::new("/x/config.toml"));
    assert_eq!(path(&scene.homes, Client::Vscode), Path::new("/xdg/Code/User/mcp.json"));
    scene.homes.is_macos = true;
    let library = scene.homes.home.join("Library/Application Support");
    let desktop = library.join("Claude/claude_desktop_config.json");
    assert_eq!(path(&scene.homes, Client::ClaudeDesktop), desktop);
    assert_eq!(path(&scene.homes, Client::Vscode), library.join("Code/User/mcp.json"));
}

#[test]
fn an_older_entry_is_brought_up_to_date_and_keeps_what_is_its_users() {
    let scene = Scene::new();
    let target = scene.target(Client::ClaudeCode, Scope::Project);
    let old = "{\"mcpServers\": {\n  \"task-orchestrator\": {\n    // mine\n    \"env\": {\"A\": \"1\"},\n    \"command\": \"/old\", \"args\": [\"stdio\"]\n  }\n}}";
    write(&target, old);
    target.install(&launch(), false).unwrap();
    let text = read(&target);
    assert!(text.contains("// mine") && text.contains("\"env\": {\"A\": \"1\"}"), "{text}");
    assert!(!text.contains("/old") && text.contains("/opt/bin/task-orchestrator"), "{text}");

    let target = scene.target(Client::Codex, Scope::User);
    write(
        &target,
        "[mcp_servers.task-orchestrator]\nenv = { A = \"1\" }\ncommand = \"/old\" # mine\nargs = []\n",
    );
    target.install(&launch(), false).unwrap();
    let text = read(&target);
    assert!(
        text.contains("env = { A = \"1\" }") && text.contains("# mine") && !text.contains("/old"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_line_and_left_alone() {
    let scene = Scene::new();
    for (client, text, expected) in [
        (Client::Cursor, "{\n  \"mcpServers\": {\n    \"a\": {]\n  }\n}\n", "mcp.json:3:"),
        (Client::Cursor, "{\n  'single': 1\n}\n", "mcp.json:2:"),
        (Client::Cursor, "{\n  \"a\": 1\n  \"b\": 2\n}\n", "mcp.json:"),
        (Client::Cursor, "[]", "the whole file is not an object"),
        (Client::Cursor, "{\"mcpServers\": []}", "mcpServers is not an object"),
        (
            Client::Cursor,
            "{\"mcpServers\": {\"task-orchestrator\": 5}}",
            "mcpServers.task-orchestrator is not an object",
        ),
        (Client::Codex, "a = 1\nb = \n", "config.toml:2:"),
        (Client::Codex, "mcp_servers = 5\n", "mcp_servers is not a table"),
    ] {
        let target = scene.target(client, Scope::User);
        write(&target, text);
        let error = target.install(&launch(), false).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert_eq!(read(&target), text);
        assert_eq!(beside(&target).len(), 1, "neither copy nor temporary file");
    }
}

#[test]
fn a_dry_run_shows_the_change_and_writes_nothing() {
    let scene = Scene::new();
    let target = scene.target(Client::Vscode, Scope::Project);
    let Done::Changed { diff, backup: None, .. } = target.install(&launch(), true).unwrap() else { panic!() };
    assert!(diff.contains("+    \"task-orchestrator\": {"), "{diff}");
    assert!(!target.path().exists() && !scene.homes.project.exists());
}

#[test]
fn a_link_is_followed_and_the_mode_stays() {
    let scene = Scene::new();
    let target = scene.target(Client::ClaudeCode, Scope::User);
    let real = scene.homes.home.join("dotfiles/claude.json");
    fs::create_dir_all(real.parent().unwrap()).unwrap();
    fs::write(&real, "{}").unwrap();
    fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
    symlink(&real, target.path()).unwrap();
    let Done::Changed { path, backup: Some(backup), .. } = target.install(&launch(), false).unwrap() else {
        panic!()
    };
    assert_eq!(path, real);
    assert!(fs::symlink_metadata(target.path()).unwrap().is_symlink());
    for file in [&real, &backup] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o640);
    }
    assert!(fs::read_to_string(&real).unwrap().contains("task-orchestrator"));

    fs::remove_file(&real).unwrap();
    let error = target.install(&launch(), false).unwrap_err().to_string();
    assert!(error.contains("follow the link"), "{error}");
}

#[test]
fn copies_never_replace_each_other() {
    let scene = Scene::new();
    let target = scene.target(Client::Cursor, Scope::User);
    write(&target, "{}");
    for _ in 0..20 {
        target.install(&launch(), false).unwrap();
        target.uninstall(false).unwrap();
    }
    assert_eq!(beside(&target).len(), 41);
}

#[test]
fn a_file_that_changes_meanwhile_is_not_overwritten() {
    let scene = Scene::new();
    let target = scene.target(Client::Cursor, Scope::User);
    write(&target, "{\"theirs\": 1}");
    assert!(file::replace(target.path(), Some("{}"), "ours", 0o600).unwrap().is_none());
    assert!(file::replace(target.path(), None, "ours", 0o600).unwrap().is_none());
    assert_eq!(read(&target), "{\"theirs\": 1}");
    assert_eq!(beside(&target).len(), 1);
}

#[test]
fn scopes_and_names_that_do_not_work_say_what_does() {
    let scene = Scene::new();
    for client in [Client::ClaudeDesktop, Client::Windsurf] {
        let error = Target::new(client, Scope::Project, "n", &scene.homes).unwrap_err().to_string();
        assert!(error.contains("--scope user") && error.contains(client.title()), "{error}");
    }
    for name in ["", "a b", "a.b", "ä", &"n".repeat(65)] {
        assert!(matches!(check_name(name), Err(SetupError::Name(_))), "{name}");
    }
    assert!(check_name("task_orchestrator-2").is_ok());
}
