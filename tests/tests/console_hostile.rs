//! Servers that do what no server should: the console says how it stands with them, does
//! not grow, shows nothing of theirs raw, and goes over to a good one.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use task_orchestrator_console::start::{self, Stays};
use task_orchestrator_shared::admin::codec::{Answered, Failure, FromClient, METHOD_NOT_FOUND, answer_line};
use task_orchestrator_shared::admin::view::{Change, SessionFigures, SessionState, SessionView, View};
use task_orchestrator_shared::admin::{Done, MAX_LINE_BYTES, Refusal, Reply, Request, Skew, Welcome};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::Progress;
use task_orchestrator_shared::role::Role;
use task_orchestrator_tests::console::{self, has_row, is_live, row, says};
use task_orchestrator_tests::fake_server::{FakeServer, NOON, Side, skewed, welcome};
use task_orchestrator_tests::{Pty, Workspace, process};
use vt100::Screen;

/// Most memory that the console may ever have had, in a build for looking for defects.
const MOST_BYTES: u64 = 96 * 1024 * 1024;

fn greeting(workspace: &Workspace) -> Welcome {
    welcome(Role::Admin, workspace.path())
}

/// A state of another generation than the good server's, with as much in it as a server at rest tells.
fn view(workspace: &Path) -> View {
    let mut view = View { seq: 7, boot: "fake".to_owned(), at: NOON.to_owned(), ..View::default() };
    view.server.workspace = workspace.display().to_string();
    (view.server.version, view.server.generation) = ("0.1.0".to_owned(), 3);
    view.server.started_at = NOON.to_owned();
    view.server.pid = std::process::id();
    view
}

fn done() -> Reply {
    Reply::Done(Done { message: "done".to_owned() })
}

/// Runs the console against a server that the test plays, then against a good one.
fn hostile(play: impl FnOnce(&FakeServer, &mut Pty, &Workspace) -> Result<()>) -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let socket = workspace.admin_socket()?;
        let directory = socket.parent().context("a directory")?;
        std::fs::create_dir_all(directory)?;
        std::fs::set_permissions(directory, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let fake = FakeServer::listen(&socket)?;
        let mut pty = console::open(workspace, &[])?;
        play(&fake, &mut pty, workspace)?;
        drop(fake);
        std::fs::remove_file(&socket)?;
        start::run(workspace.binary().to_owned(), workspace.path(), Stays::Always)?;
        // Whatever waits for the next attempt.
        pty.keys("\x12")?;
        let name = console::name(workspace)?;
        pty.until("the good server", |screen| is_live(screen) && has_row(screen, &["Live", &name, "gen 1"]))?;
        let peak = process::peak_resident_bytes(pty.pid()?)?;
        ensure!(peak < MOST_BYTES, "{peak} bytes");
        console::quits(pty)
    })
}

#[test]
fn one_that_says_nothing_is_given_up_and_tried_again() -> Result<()> {
    hostile(|fake, pty, _| {
        let side = fake.accept()?;
        pty.until("that it tries", |screen| has_row(screen, &["Connecting"]))?;
        // Keys work meanwhile.
        pty.keys("?")?;
        pty.shows("Keys on Overview")?;
        pty.keys("q")?;
        pty.until("why not", |screen| {
            has_row(screen, &["the server did not welcome this client"])
                && has_row(screen, &["Reconnecting, attempt"])
        })?;
        drop(side);
        Ok(())
    })
}

#[test]
fn one_that_speaks_a_byte_at_a_time_is_waited_for() -> Result<()> {
    hostile(|fake, pty, workspace| {
        let mut side = fake.accept()?;
        let Some(FromClient::Hello { id, .. }) = side.hear()? else { bail!("no hello") };
        let line = answer_line(Some(id), &Ok(Answered::Welcome(Box::new(greeting(workspace)))))?;
        spell(&mut side, &line)?;
        let call = side.call()?;
        let view = Reply::View(Box::new(view(workspace.path())));
        spell(&mut side, &answer_line(Some(call.id), &Ok(Answered::Reply(view)))?)?;
        pty.until("its state", is_live)
    })
}

fn spell(side: &mut Side, line: &str) -> Result<()> {
    let mut bytes = line.as_bytes().chunks(1).chain([b"\n".as_slice()]);
    bytes.try_for_each(|byte| side.say_bytes(byte))
}

/// More than a line may have, as long as somebody takes it.
fn flood(side: &mut Side) {
    let piece = [b'x'; 16 * 1024];
    for _ in 0..=2 * MAX_LINE_BYTES / piece.len() {
        if side.say_bytes(&piece).is_err() {
            return;
        }
    }
}

#[test]
fn a_line_without_an_end_is_not_kept() -> Result<()> {
    hostile(|fake, pty, workspace| {
        let what = format!("the server sent a line of more than {MAX_LINE_BYTES} bytes");
        let mut side = fake.accept()?;
        flood(&mut side);
        pty.until("why not, before there is a welcome", |screen| {
            says(screen, &what) && has_row(screen, &["Reconnecting, attempt"])
        })?;
        let mut side = fake.accept()?;
        side.welcome(greeting(workspace))?;
        side.subscribed(view(workspace.path()))?;
        pty.until("its state", is_live)?;
        flood(&mut side);
        pty.until("why not any more", |screen| says(screen, &what) && has_row(screen, &["was gen 3"]))
    })
}

#[test]
fn one_from_before_there_was_a_greeting_is_to_be_upgraded() -> Result<()> {
    hostile(|fake, pty, _| {
        let mut side = fake.accept()?;
        let Some(FromClient::Hello { id, .. }) = side.hear()? else { bail!("no hello") };
        let unknown = Failure { code: METHOD_NOT_FOUND, message: "no such method: hello".to_owned() };
        side.answer(id, Err(unknown))?;
        pty.until("which side to upgrade", |screen| {
            has_row(screen, &["the server is older than this program: upgrade the server"])
        })
    })
}

#[test]
fn what_speaks_other_versions_may_be_looked_at_and_not_ordered() -> Result<()> {
    for (skew, newest, which) in
        [(Skew::UpgradeServer, 1, "upgrade the server"), (Skew::UpgradeClient, 9, "upgrade the console")]
    {
        hostile(|fake, pty, workspace| {
            let mut side = fake.accept()?;
            side.welcome(Welcome { protocol: newest, ..skewed(greeting(workspace), skew) })?;
            side.subscribed(view(workspace.path()))?;
            pty.until(which, |screen| has_row(screen, &[&format!("Incompatible: {which}"), "gen 3"]))?;
            pty.keys("r")?;
            pty.shows("this console may only look")?;
            ensure!(!pty.screen().contains("[ Cancel ]"), "{}", pty.screen());
            Ok(())
        })
        .context(which)?;
    }
    Ok(())
}

#[test]
fn nonsense_is_named_as_such() -> Result<()> {
    hostile(|fake, pty, workspace| {
        let mut side = fake.accept()?;
        side.say_bytes(b"\x00\xff\x1b]0;owned\x07\x9b31m{{{\n")?;
        pty.until("why not, before there is a welcome", |screen| {
            has_row(screen, &["the server sent what is no message"])
        })?;
        let mut side = fake.accept()?;
        side.welcome(greeting(workspace))?;
        side.subscribed(view(workspace.path()))?;
        pty.until("its state", is_live)?;
        side.say(
            "{\"jsonrpc\":\"2.0\",\"method\":\"delta\",\"params\":{\"seq\":\"\\u001b]0;owned\\u0007\"}}",
        )?;
        pty.until("why not any more", |screen| {
            has_row(screen, &["the server sent what is no message"]) && has_row(screen, &["was gen 3"])
        })?;
        ensure!(pty.count("\x1b]0;") == 0, "it reached the terminal");
        Ok(())
    })
}

#[test]
fn changes_with_one_missing_lead_to_a_new_whole_state() -> Result<()> {
    hostile(|fake, pty, workspace| {
        let mut side = fake.accept()?;
        side.welcome(greeting(workspace))?;
        let first = view(workspace.path());
        side.subscribed(first.clone())?;
        pty.until("its state", is_live)?;
        let generation = |generation| {
            let mut server = first.server.clone();
            server.generation = generation;
            vec![Change::Server(Box::new(server))]
        };
        side.tell(NOON, generation(12))?;
        pty.until("the change", |screen| has_row(screen, &["Live", "gen 12"]))?;
        side.keep_silent_of_one();
        side.tell(NOON, generation(13))?;
        // It asks anew, on this connection or on the next one.
        let mut whole = view(workspace.path());
        (whole.seq, whole.server.generation) = (90, 14);
        match side.hear() {
            Ok(Some(FromClient::Call(call))) => {
                ensure!(
                    matches!(call.request, Request::Subscribe | Request::Unsubscribe),
                    "{:?}",
                    call.request
                );
                if call.request == Request::Subscribe {
                    side.reply(call.id, Reply::View(Box::new(whole)))?;
                } else {
                    side.reply(call.id, done())?;
                    side.subscribed(whole)?;
                }
                pty.until("the new state", |screen| has_row(screen, &["Live", "gen 14"]))
            }
            _ => {
                let mut side = fake.accept()?;
                side.welcome(greeting(workspace))?;
                side.subscribed(whole)?;
                pty.until("the new state", |screen| has_row(screen, &["Live", "gen 14"]))
            }
        }
    })
}

/// The state of a good server that was restarted once.
fn true_view(server: &Workspace) -> Result<View> {
    match server.ask_server(Request::Subscribe)? {
        Reply::View(view) => Ok(*view),
        other => bail!("{other:?}"),
    }
}

/// A good server elsewhere with something to tell of.
fn model() -> Result<Workspace> {
    let server = Workspace::configured("[restart]\nbuild_command = \"echo compiling\"\n")?;
    start::run(server.binary().to_owned(), server.path(), Stays::Always)?;
    server.status_when("a worker", |status| status.worker_pid().is_some())?;
    server.restart(&[])?.complete()?;
    Ok(server)
}

#[test]
fn one_that_dies_in_the_middle_of_a_restart_leaves_what_came_of_it_open() -> Result<()> {
    let model = model()?;
    let mut view = true_view(&model)?;
    view.boot = "fake".to_owned();
    let restart = view.restart.as_mut().context("a restart")?;
    (restart.report.outcome, restart.report.completed_at) = (None, None);
    restart.report.phase = Phase::Preparation;
    let of = |phase, progress| Progress {
        restart_id: restart.report.restart_id.clone(),
        phase,
        progress,
        message: "waiting for two calls".to_owned(),
        elapsed_ms: 840.0,
        deadline_ms: Some(4200.0),
        held: 9,
        in_flight: 2,
    };
    let told = [of(Phase::Preparation, 10), of(Phase::TaskSuspension, 55)];
    hostile(|fake, pty, workspace| {
        let mut side = fake.accept()?;
        side.welcome(greeting(workspace))?;
        side.subscribed(view)?;
        for progress in told {
            side.tell(NOON, vec![Change::Progress(Box::new(progress))])?;
        }
        pty.until("the phase that runs", |screen| {
            has_row(screen, &["3 task_suspension"]) && is_live(screen)
        })?;
        drop(side);
        pty.until("that nobody knows how it ended", |screen| {
            has_row(screen, &["restart ran, how it ended is not known"]) && has_row(screen, &["Reconnecting"])
        })?;
        ensure!(row(&pty.screen(), &["restart runs"]).is_none(), "{}", pty.screen());
        Ok(())
    })?;
    model.finish()
}

/// What would do something to a terminal, or take more cells than it seems to.
const EVIL: &str = "\x1b]52;c;b3duZWQ=\x07\x1b[2J\u{9b}31mevil\r\n\t\u{202e}漢字e\u{301}\u{200d}👩‍💻\x1b]0;owned\x1b\\\u{85}\u{2028}";

/// What decides how the rest is read, and what may be done: replaced, it would hide the others.
const KEPT: [&str; 3] = ["/boot", "/kind", "/may/"];

/// Every text in it replaced, where that leaves it what it is: those of one field of all
/// rows together, for there may be many rows.
fn poisoned<T: Serialize + DeserializeOwned>(good: &T) -> Result<T> {
    let mut value = serde_json::to_value(good)?;
    let mut places = Vec::new();
    texts(&value, String::new(), &mut places);
    let mut fields = BTreeMap::<String, Vec<String>>::new();
    for place in places.into_iter().filter(|place| KEPT.iter().all(|kept| !place.contains(kept))) {
        let field = place.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        fields.entry(field).or_default().push(place);
    }
    for places in fields.values() {
        let mut tried = value.clone();
        for place in places {
            if let Some(text) = tried.pointer_mut(place) {
                *text = Value::from(EVIL);
            }
        }
        if T::deserialize(&tried).is_ok() {
            value = tried;
        }
    }
    Ok(serde_json::from_value(value)?)
}

fn texts(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| texts(value, format!("{place}/{at}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            texts(value, format!("{place}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The name of the screen that is shown: it is drawn reversed.
fn chosen_screen(screen: &Screen) -> String {
    let cells = (0..screen.size().1.get()).filter_map(|column| screen.cell(1, column));
    let name: String = cells.filter(|cell| cell.inverse()).map(|cell| cell.contents()).collect();
    name.trim().to_owned()
}

fn evil_rows(screen: &Screen) -> usize {
    screen.contents().lines().filter(|line| line.contains("evil")).count()
}

fn session(number: u64) -> SessionView {
    SessionView {
        number,
        client: format!("client-{number:08}"),
        pid: Some(4000),
        source: None,
        transport: "stdio".to_owned(),
        name: Some(format!("name{number}")),
        version: Some("1".to_owned()),
        protocol: Some("2025-11-25".to_owned()),
        connected_at: NOON.to_owned(),
        reconnects: 0,
        figures: SessionFigures {
            state: SessionState::Idle,
            in_flight: 0,
            buffered: 0,
            buffered_bytes: 0,
            oldest_ms: None,
            last_activity_ms: 0,
            requests: 1,
            dropped_notifications: 0,
        },
    }
}

#[test]
fn nothing_of_what_a_server_says_reaches_the_terminal_raw() -> Result<()> {
    let model = model()?;
    let mut view = true_view(&model)?;
    view.sessions = (0..3).map(session).collect();
    (view.server.safe_mode, view.server.refusal) = (Some("?".to_owned()), Some("?".to_owned()));
    view.server.audit_failure = Some("?".to_owned());
    view.boot = "fake".to_owned();
    let view = poisoned(&view)?;
    ensure!(
        view.server.workspace == EVIL
            && view.sessions.iter().all(|session| session.name.as_deref() == Some(EVIL))
    );
    let path = model.path().to_owned();
    hostile(|fake, pty, workspace| {
        let mut side = fake.accept()?;
        side.welcome(poisoned(&greeting(workspace))?)?;
        side.subscribed(view)?;
        let model = Workspace::at(&path, "")?;
        let (_told, _teller) = side.served(move |request| {
            let refused =
                || Refusal { error_code: ErrorCode::NotReady, error: EVIL.to_owned(), hint: EVIL.to_owned() };
            let is_asked = !request.operation().is_privileged()
                && !matches!(request, Request::FollowLogs(_) | Request::Unfollow);
            let answer = if is_asked { model.ask_server(request.clone()).ok() } else { None };
            answer.and_then(|answer| poisoned(&answer).ok()).unwrap_or_else(|| Reply::Refused(refused()))
        })?;
        pty.until("its state", |screen| has_row(screen, &["Live"]) && has_row(screen, &["SAFE MODE"]))?;
        // Head and banners have three such rows; every screen on which something is told, more.
        for (key, rows) in [("2", 4), ("3", 4), ("4", 3), ("5", 3), ("6", 3), ("7", 3), ("8", 4), ("9", 4)] {
            // What a screen asks for only when told to is asked for too.
            pty.keys(key)?;
            pty.keys("\x12")?;
            pty.until(key, |screen| chosen_screen(screen).starts_with(key) && evil_rows(screen) >= rows)?;
            pty.keys("\r")?;
            pty.keys("\x7f")?;
        }
        pty.keys("2")?;
        pty.until("the connections", |screen| chosen_screen(screen).starts_with('2'))?;
        for key in ["I", "H", "P", "L"] {
            pty.keys(key)?;
            pty.until("a page", |screen| has_row(screen, &["┐"]))?;
            pty.keys("\x7f")?;
            pty.until("the page to be gone", |screen| !has_row(screen, &["┐"]))?;
        }
        pty.keys("1")?;
        pty.until("the overview", |screen| chosen_screen(screen).starts_with('1'))?;
        for (columns, rows) in [(80, 24), (40, 10), (30, 4), (120, 40)] {
            let frames = pty.count("\x1b[2J");
            pty.resize(columns, rows)?;
            pty.wrote("\x1b[2J", frames + 1)?;
        }
        // `y` copies what is chosen, and then what is written is base64.
        for raw in [
            "\x1b]52;c;b3duZWQ=",
            "\x1b]0;",
            "\u{9b}",
            "\u{202e}",
            "\u{85}",
            "\u{2028}",
            "\x07",
            "\x1b[2Jevil",
        ] {
            ensure!(pty.count(raw) == 0, "{raw:?} reached the terminal");
        }
        Ok(())
    })?;
    model.finish()
}

#[test]
fn a_thousand_sessions_are_a_list_like_any_other() -> Result<()> {
    hostile(|fake, pty, workspace| {
        let mut side = fake.accept()?;
        side.welcome(greeting(workspace))?;
        let mut view = view(workspace.path());
        view.sessions = (1..=1000).map(session).collect();
        side.subscribed(view)?;
        let (changes, _teller) = side.served(|_| done())?;
        pty.until("its state", is_live)?;
        pty.keys("2")?;
        pty.shows("Connections 1/1000")?;
        for round in 0..50 {
            let rows = (1..=1000).map(|number| {
                let mut figures = session(number).figures;
                figures.requests = 2 + round;
                task_orchestrator_shared::admin::view::SessionRow::new(number, figures)
            });
            changes.send(vec![Change::Figures(rows.collect())])?;
        }
        pty.keys("G")?;
        pty.until("the last one, with its newest figures", |screen| {
            has_row(screen, &["Connections 1000/1000"]) && has_row(screen, &["❯ name1000", " 51 "])
        })?;
        pty.keys("/name:name77\r")?;
        pty.until("those that match", |screen| has_row(screen, &["name777"]))
    })
}
