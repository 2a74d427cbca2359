//! What the configuration promises.

use std::path::Path;
use std::time::{Duration, Instant};

use super::*;

const FILE: &str = "/p/config.toml";

fn load(text: &str, overrides: &Overrides) -> Result<(Config, Provenance, Vec<Warning>), ConfigErrors> {
    Config::from_text(Path::new(FILE), text, overrides)
}

fn problems(text: &str) -> Vec<String> {
    let errors = load(text, &Overrides::default()).unwrap_err();
    errors.0.iter().map(ToString::to_string).collect()
}

fn overrides(environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Overrides {
    Overrides {
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        flags: flags
            .iter()
            .map(|(path, value)| FlagSetting {
                path: (*path).to_owned(),
                value: (*value).to_owned(),
                flag: format!("--set {path}={value}"),
            })
            .collect(),
    }
}

#[test]
fn the_defaults_are_those_that_operators_know() {
    let (config, provenance, warnings) = load("", &Overrides::default()).unwrap();
    assert_eq!(config.log.level, Level::Info);
    assert_eq!(config.log.retention_days, 7);
    assert_eq!(config.front.idle_timeout, Some(Duration::from_secs(1800)));
    assert_eq!(config.front.max_sessions, 1000);
    assert_eq!(config.front.heartbeat_interval, Duration::from_secs(2));
    assert_eq!(config.buffer.max_requests_per_client, 100);
    assert_eq!(config.buffer.max_bytes.bytes(), 16 * 1024 * 1024);
    assert_eq!(config.worker.binary, None);
    assert_eq!(config.store.synchronous, Synchronous::Full);
    assert_eq!(config.store.operation_retention, Duration::from_secs(86_400));
    assert_eq!(config.shutdown.signals, Signals(vec![Signal::Term, Signal::Int]));
    assert!(config.shutdown.force_after_timeout);
    assert!(provenance.0.iter().all(|entry| entry.origin == Origin::Default));
    assert_eq!(provenance.0.len(), KEYS.len());
    assert!(warnings.is_empty());
}

#[test]
fn no_message_that_is_accepted_can_exceed_a_frame() {
    let key = KEYS.iter().find(|key| key.path() == "buffer.max_message_bytes").unwrap();
    let max = load("", &overrides(&[], &[("buffer.max_message_bytes", key.max.unwrap())])).unwrap().0;
    assert!(max.buffer.max_message_bytes.as_usize() < crate::link::MAX_PAYLOAD_BYTES);
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let text = "\
[log]
levle = \"info\"
format = 3
retention_days = 0

[frnot]
max_sessions = 5

[store]
readers = \"two\"
operation_retention = \"1 fortnight\"

[shutdown]
signals = [\"SIGTERM\", \"SIGKILL\"]
";
    assert_eq!(
        problems(text),
        [
            "/p/config.toml:2:1: unknown key log.levle (did you mean log.level?)",
            "/p/config.toml:3:1: log.format: expected human or json, found 3",
            "/p/config.toml:4:1: log.retention_days: 0 is out of range: 1 to 3650 is accepted",
            "/p/config.toml:7:1: unknown key frnot.max_sessions (did you mean front.max_sessions?)",
            "/p/config.toml:10:1: store.readers: expected a whole number, found \"two\"",
            "/p/config.toml:11:1: store.operation_retention: expected seconds as a whole number, or text such as \
             \"500 ms\", \"30 s\", \"5 min\", \"24 h\", found \"1 fortnight\"",
            "/p/config.toml:14:1: shutdown.signals: no signal \"SIGKILL\" to listen for: known are SIGTERM SIGINT \
             SIGHUP SIGQUIT SIGUSR1 SIGUSR2",
        ]
    );
}

#[test]
fn every_mistake_in_the_grants_is_named_and_unknown_names_beside_other_mistakes() {
    let text = "[log]\nlevel = 3\n[access]\ngrants = [\"user=admin\", \"user:root=boss\", \"group:root=admin\", \
                \"group:root=monitor\"]\nsocket_group = \"no-such-group\"\n";
    assert_eq!(
        problems(text)[1..],
        [
            "/p/config.toml:4:1: access.grants: \"user\" is neither user:NAME nor group:NAME; no role \"boss\": \
             known are readonly, monitor, operator, admin; group:root has a role already",
            "/p/config.toml:5:1: access.socket_group: no group \"no-such-group\" is known to this system",
        ]
    );
    let many: Vec<String> = (0..1001).map(|id| format!("user:{id}=admin")).collect();
    assert!(
        problems(&format!("access.grants = \"{}\"", many.join(",")))[0].contains("more than 1000 grants")
    );
}

#[test]
fn only_the_front_cares_whether_a_user_exists() {
    let top = tempfile::tempdir().unwrap();
    let workspace =
        Workspace::discover(Some(top.path()), &crate::workspace::Surroundings::of_process().unwrap());
    let workspace = workspace.unwrap();
    let environment = [("MCP_TASK_ORCHESTRATOR_ACCESS_GRANTS", "user:no-such-user=admin")];
    let overrides = overrides(&environment, &[]);
    for process in [Process::Shim, Process::Worker] {
        assert!(Config::load_for(process, &workspace, &overrides).is_ok(), "{process}");
    }
    let errors = Config::load(&workspace, &overrides).unwrap_err();
    assert!(errors.to_string().contains("no user \"no-such-user\""), "{errors}");
}

#[test]
fn mistakes_of_form_and_of_content_are_reported_together() {
    let found =
        problems("[log]\nlevel = \nformat = \"xml\"\nformat = \"json\"\n\n[worker]\nbinray = \"x\"\n");
    assert!(found.iter().any(|problem| problem.starts_with("/p/config.toml:2:")), "{found:#?}");
    assert!(found.iter().any(|problem| problem.contains("duplicate")), "{found:#?}");
    assert!(found.iter().any(|problem| problem.contains("did you mean worker.binary?")), "{found:#?}");
}

#[test]
fn names_in_the_wrong_place_get_a_useful_answer() {
    for (text, expected) in [
        ("level = \"info\"", "1:1: unknown key level (did you mean log.level?)"),
        ("[logs]", "1:2: unknown section logs (did you mean log?)"),
        ("log = 5", "1:1: unknown key log"),
        (
            "[log.level]\nx = 1",
            "1:6: log.level: expected one of error, warn, info, debug, trace, found a table",
        ),
        ("zzzzzzzz.qqqqq = 1", "1:10: unknown key zzzzzzzz.qqqqq"),
        (
            "log.level = 1979-05-27",
            "log.level: expected one of error, warn, info, debug, trace, found a date or time",
        ),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].contains(expected), "{text}: {found:#?}");
    }
}

#[test]
fn values_are_accepted_in_every_documented_form() {
    let cases = [
        ("log.level", "DEBUG", "\"debug\""),
        ("log.level", " Warning ", "\"warn\""),
        ("log.stderr", "off", "\"off\""),
        ("front.idle_timeout", "0", "0"),
        ("front.idle_timeout", "never", "0"),
        ("front.idle_timeout", "90", "\"90 s\""),
        ("front.idle_timeout", "2 days", "\"2 days\""),
        ("front.idle_timeout", "1 d", "\"24 h\""),
        ("front.worker_start_timeout", "5 min", "\"5 min\""),
        ("front.worker_start_timeout", "1m30s", "\"90 s\""),
        ("front.heartbeat_interval", "250ms", "\"250 ms\""),
        ("buffer.max_bytes", "67108864", "\"64 MiB\""),
        ("buffer.max_bytes", "64 MB", "\"64 MiB\""),
        ("buffer.max_bytes", "100m", "\"100 MiB\""),
        ("shutdown.signals", "term, SIGHUP,SIGTERM", "[\"SIGTERM\", \"SIGHUP\"]"),
        (
            "access.grants",
            "user:0 = Operator, group:7=readonly,",
            "[\"user:0=operator\", \"group:7=readonly\"]",
        ),
        ("access.grants", "", "[]"),
        ("access.socket_group", "007", "\"007\""),
        ("shutdown.force_after_timeout", "off", "false"),
        ("worker.binary", "/opt/new", "\"/opt/new\""),
        ("store.readers", "1_0", "10"),
    ];
    for (path, value, shown) in cases {
        let (_, provenance, _) = load("", &overrides(&[], &[(path, value)])).unwrap();
        let entry = provenance.of(path).unwrap();
        assert_eq!(entry.value.to_string(), shown, "{path}={value}");
        // What is shown is accepted in the file and means the same.
        let (_, again, _) = load(&format!("{path} = {shown}"), &Overrides::default()).unwrap();
        assert_eq!(again.of(path).unwrap().value, entry.value, "{path} = {shown}");
    }
}

#[test]
fn values_that_are_refused() {
    for (path, value) in [
        ("log.level", "loud"),
        ("log.level", "5"),
        ("store.readers", "-1"),
        ("store.readers", "99999999999"),
        ("store.readers", ""),
        ("buffer.max_bytes", "1 KiB"),
        ("buffer.max_bytes", "5 apples"),
        ("buffer.max_bytes", "99999999999 GiB"),
        ("front.heartbeat_interval", "-5 s"),
        ("front.heartbeat_interval", "0"),
        ("front.idle_timeout", "9999999999999999 days"),
        ("shutdown.signals", ""),
        ("worker.binary", "target/debug/other"),
        ("access.grants", "alice=operator"),
        ("access.grants", "role:alice=operator"),
        ("access.grants", "user:alice"),
        ("access.grants", "user:alice=boss"),
        ("access.grants", "user:=admin"),
        ("access.grants", "user:a b=admin"),
        ("access.grants", "user:1=admin,user:1=readonly"),
        ("access.grants", "user:4294967295=admin"),
        ("access.grants", "group:99999999999=admin"),
        ("access.socket_group", "two words"),
        ("shutdown.force_after_timeout", "maybe"),
    ] {
        let errors = load("", &overrides(&[], &[(path, value)])).unwrap_err();
        assert_eq!(errors.0.len(), 1, "{path}={value}");
        assert!(errors.to_string().starts_with("flag --set "), "{errors}");
        assert!(errors.to_string().contains(path), "{errors}");
    }
}

#[test]
fn flags_weigh_more_than_the_environment_and_that_more_than_the_file() {
    let file = "[log]\nlevel = \"error\"\n";
    let variable = ("MCP_TASK_ORCHESTRATOR_LOG_LEVEL", "DEBUG");
    let of = |overrides: &Overrides| {
        let (config, provenance, _) = load(file, overrides).unwrap();
        (config.log.level, provenance.of("log.level").unwrap().origin.to_string())
    };
    assert_eq!(of(&Overrides::default()), (Level::Error, "/p/config.toml:2:1".to_owned()));
    assert_eq!(
        of(&overrides(&[variable], &[])),
        (Level::Debug, "environment variable MCP_TASK_ORCHESTRATOR_LOG_LEVEL".to_owned())
    );
    assert_eq!(
        of(&overrides(&[variable], &[("log.level", "warn"), ("log.level", "trace")])),
        (Level::Trace, "flag --set log.level=trace".to_owned())
    );
    assert_eq!(of(&overrides(&[(variable.0, "")], &[])).0, Level::Error, "an empty variable is not set");
}

#[test]
fn a_bad_value_is_reported_even_where_a_heavier_one_hides_it() {
    let errors = load("log.level = \"loud\"", &overrides(&[], &[("log.level", "info")])).unwrap_err();
    assert!(errors.to_string().starts_with("/p/config.toml:1:5:"), "{errors}");
}

#[test]
fn unknown_variables_of_the_prefix_are_warned_of_with_a_suggestion() {
    let environment = [
        ("MCP_TASK_ORCHESTRATOR_LOG_LEVLE", "debug"),
        ("MCP_TASK_ORCHESTRATOR_WORKSPACE", "/somewhere"),
        ("MCP_TASK_ORCHESTRATOR_ADMIN_SOCKET", "/somewhere/admin.sock"),
        ("PATH", "/bin"),
    ];
    let (config, _, warnings) = load("", &overrides(&environment, &[])).unwrap();
    assert_eq!(config.log.level, Level::Info);
    let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["environment variable MCP_TASK_ORCHESTRATOR_LOG_LEVLE: no key has this name \
          (did you mean MCP_TASK_ORCHESTRATOR_LOG_LEVEL?)"]
    );
}

#[test]
fn limits_that_contradict_each_other_are_refused_at_the_one_that_was_given() {
    assert_eq!(
        problems("[buffer]\nmax_bytes = \"1 MiB\""),
        [
            "/p/config.toml:2:1: buffer.max_bytes (\"1 MiB\") is less than buffer.max_message_bytes (\"16 MiB\") \
          (lower buffer.max_message_bytes or raise buffer.max_bytes)"
        ]
    );
}

#[test]
fn the_default_file_parses_back_to_the_defaults_commented_or_not() {
    let text = default_file();
    let defaults = load("", &Overrides::default()).unwrap();
    assert_eq!(load(&text, &Overrides::default()).unwrap().0, defaults.0);

    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            Some(_) | None => format!("{line}\n"),
        })
        .collect();
    let (config, provenance, _) = load(&uncommented, &Overrides::default()).unwrap();
    assert_eq!(config, defaults.0);
    for entry in &provenance.0 {
        assert_eq!(entry.origin.kind(), "file", "{} is missing from the default file", entry.key.path());
    }
}

#[test]
fn what_is_shown_says_where_each_value_comes_from() {
    let given = overrides(&[("MCP_TASK_ORCHESTRATOR_STORE_READERS", "4")], &[("log.format", "json")]);
    let (_, provenance, _) = load("\n[front]\nmax_sessions = 0x10\n", &given).unwrap();
    let text = shown_as_text(&provenance);
    for (key, origin) in [
        ("front.max_sessions = 16 ", "# /p/config.toml:3:1"),
        ("store.readers = 4 ", "# environment variable MCP_TASK_ORCHESTRATOR_STORE_READERS"),
        ("log.format = \"json\" ", "# flag --set log.format=json"),
        ("log.level = \"info\" ", "# default"),
    ] {
        let line = text.lines().find(|line| line.starts_with(key)).expect(key);
        assert!(line.ends_with(origin), "{line}");
    }
    // The text is itself a valid configuration with the same meaning.
    let again = load(&text, &Overrides::default()).unwrap().1;
    assert!(again.0.iter().zip(&provenance.0).all(|(left, right)| left.value == right.value));

    let json = shown_as_json(&provenance);
    assert_eq!(json["store.readers"]["value"], 4);
    assert_eq!(json["store.readers"]["default"], 2);
    assert_eq!(json["store.readers"]["source"], "environment");
    assert_eq!(json["front.max_sessions"]["place"], "/p/config.toml:3:1");
}

#[test]
fn keys_and_variables_are_unambiguous() {
    let mut variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
    variables.sort();
    variables.dedup();
    assert_eq!(variables.len(), KEYS.len());
    assert!(!variables.iter().any(|name| name == crate::workspace::WORKSPACE_VARIABLE));
    assert!(!variables.iter().any(|name| name == crate::workspace::ADMIN_SOCKET_VARIABLE));
    assert!(KEYS.iter().all(|key| !key.doc.is_empty() && !key.read_by.is_empty()));
}

#[test]
fn loading_is_fast_enough_for_the_shim() {
    let text = default_file().replace("\n#", "\n");
    let text: String = text
        .lines()
        .filter(|line| line.contains('=') || line.starts_with('['))
        .collect::<Vec<_>>()
        .join("\n");
    let best = (0..20)
        .map(|_| {
            let start = Instant::now();
            let _ = load(&text, &Overrides::default());
            start.elapsed()
        })
        .min()
        .unwrap();
    // A tenth of the budget in an optimised build; debug builds are ten times slower.
    assert!(best < Duration::from_millis(10), "{best:?}");
}

#[test]
fn a_missing_file_is_fine_and_an_unreadable_one_is_not() {
    let top = tempfile::tempdir().unwrap();
    let around = crate::workspace::Surroundings {
        workspace_variable: None,
        current_dir: top.path().to_owned(),
        runtime_dir: None,
        temporary_dir: top.path().to_owned(),
    };
    let mut workspace = Workspace::discover(None, &around).unwrap();
    assert!(Config::load(&workspace, &Overrides::default()).is_ok());
    workspace.create(&around).unwrap();
    for (content, expected) in [(vec![0xff, 0xfe], "UTF-8"), (vec![b'#'; 1024 * 1024 + 1], "more than")] {
        fs::write(workspace.config_file(), content).unwrap();
        let errors = Config::load(&workspace, &Overrides::default()).unwrap_err();
        assert!(errors.to_string().contains(expected), "{errors}");
        assert!(errors.to_string().contains("config.toml"), "{errors}");
    }
}

proptest::proptest! {
    /// Whatever an editor leaves behind is answered with places inside the file.
    #[test]
    fn no_file_makes_reading_panic(cut in 0..4000_usize, width in 0..40_usize, junk in "[\\[\\]{}=\"'#.,\n a-z0-9é]{0,12}") {
        let mut letters: Vec<char> = default_file().replace("\n#", "\n").chars().collect();
        let cut = cut.min(letters.len());
        letters.splice(cut..(cut + width).min(letters.len()), junk.chars());
        let text: String = letters.into_iter().collect();
        if let Err(errors) = load(&text, &Overrides::default()) {
            for problem in errors.0 {
                let Origin::File { line, column, .. } = problem.origin else { panic!("{problem}") };
                let row = text.split('\n').nth(line - 1).unwrap();
                proptest::prop_assert!(column <= row.chars().count() + 1, "{}", problem.message);
            }
        }
    }
}
