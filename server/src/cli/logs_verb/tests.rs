//! What `logs` prints, and when it ends.

use std::io::Write;

use super::*;
use task_orchestrator_shared::client::Target;

use crate::cli::screen::Paint;
use crate::logging::follow::FollowError;

fn line(text: &str) -> LogLine {
    LogLine {
        at: "2026-11-21T14:49:16.123456Z".to_owned(),
        level: Some(LogLevel::Error),
        process: "worker".to_owned(),
        pid: Some(12),
        target: "task_orchestrator::worker".to_owned(),
        text: text.to_owned(),
    }
}

fn shown(show: Show, line: LogLine) -> String {
    let mut out = Vec::new();
    show.lines(&[line], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn people_see_the_level_as_a_word_and_nothing_that_steers_the_terminal() {
    let plain = Show { json: false, paint: Paint::Plain };
    let expected =
        "2026-11-21T14:49:16.123456Z ERROR worker[12] task_orchestrator::worker: a [2Jb\n    second\n";
    assert_eq!(shown(plain, line("a\u{1b}[2Jb\nsecond")), expected);
    let colours = shown(Show { json: false, paint: Paint::Colours }, line("x"));
    assert!(colours.contains("\u{1b}[") && colours.contains("ERROR"), "{colours}");
    let nothing_known =
        LogLine { at: String::new(), level: None, pid: None, target: String::new(), ..line("x") };
    assert_eq!(shown(plain, nothing_known), " -     worker x\n");
}

#[test]
fn programs_get_one_object_a_line() {
    let json = shown(Show { json: true, paint: Paint::Plain }, line("a\nb"));
    assert_eq!(json.lines().count(), 1);
    assert_eq!(serde_json::from_str::<LogLine>(&json).unwrap(), line("a\nb"));
}

struct Workspace(tempfile::TempDir);

impl Workspace {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let logs = place.path().join(".task_orchestrator/logs");
        std::fs::create_dir_all(&logs).unwrap();
        let text = "[1] 2026-11-21T00:00:01Z INFO a::b: one\n[1] 2026-11-21T00:00:02Z WARN a::b: two\n";
        std::fs::write(logs.join("front.2026-11-21.log"), text).unwrap();
        Self(place)
    }

    fn run(&self, out: &mut dyn Write, args: &LogsArgs) -> anyhow::Result<Exit> {
        let global = GlobalArgs { workspace: Some(self.0.path().to_owned()), ..GlobalArgs::default() };
        let mut err = Vec::new();
        let mut screen = Screen {
            input: &mut io::empty(),
            out,
            err: &mut err,
            paint: Paint::Plain,
            draws: false,
            asks: false,
        };
        args.run(&global, &mut screen)
    }
}

fn args() -> LogsArgs {
    LogsArgs { follow: false, level: None, session: None, grep: None, tail: 10, json: false }
}

#[test]
fn the_files_are_read_without_a_server() {
    let workspace = Workspace::new();
    let mut out = Vec::new();
    let level = Some(LogLevel::Warn);
    assert_eq!(workspace.run(&mut out, &LogsArgs { level, ..args() }).unwrap(), Exit::Done);
    assert_eq!(String::from_utf8(out).unwrap(), "2026-11-21T00:00:02Z WARN  front[1] a::b: two\n");
    let error = workspace.run(&mut io::sink(), &LogsArgs { grep: Some("a{".to_owned()), ..args() });
    let error = error.unwrap_err();
    assert!(error.to_string().contains("at character"), "{error}");
    assert_eq!(crate::cli::exit_of(&error), Exit::Usage);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_mistake() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // Also with --follow: it does not go on for nobody.
    let exit = Workspace::new().run(&mut Closed, &LogsArgs { follow: true, ..args() }).unwrap();
    assert_eq!(exit, Exit::Done);
}

#[test]
fn files_of_another_user_lead_to_the_server() {
    let place = tempfile::tempdir().unwrap();
    let target = Target::new(place.path().join("admin.sock"), "test");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (input, paint) = (&mut io::empty(), Paint::Plain);
    let mut screen = Screen { input, out: &mut out, err: &mut err, paint, draws: false, asks: false };
    let show = Show { json: false, paint };
    // Also with --follow: there is nothing yet that could come back.
    for follow in [false, true] {
        let error = through_server(&target, args().filter(), follow, show, &mut screen).unwrap_err();
        let denied = io::Error::from(ErrorKind::PermissionDenied);
        let denied = FollowError::Read { path: "/w/logs".into(), source: denied };
        assert!(denied.is_denied());
        let error = error.context(denied);
        assert_eq!(crate::cli::exit_of(&error), Exit::NoServer);
        let said = format!("{error:#}");
        assert!(said.contains("no server") && said.contains("cannot read /w/logs"), "{said}");
    }
}
