//! The console through whole restarts of a real server: watched phase by phase, called
//! off, with a build that fails, by force, and while its terminal changes.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_tests::console::{self, Gate, has_row, row};
use task_orchestrator_tests::{Client, Pty, Workspace};

fn worker(workspace: &Workspace) -> Result<u32> {
    workspace
        .status_when("an active worker", |status| status.worker_pid().is_some())?
        .worker_pid()
        .context("a worker")
}

/// The eight names, in their order.
fn phases() -> [String; 8] {
    Phase::EIGHT.map(|phase| phase.to_string())
}

/// Whether each of the eight is done, with how long it took.
fn all_done(screen: &str) -> bool {
    phases().iter().enumerate().all(|(at, phase)| {
        let step = format!("✔ {} {phase}", at + 1);
        row(screen, &[&step, " ms"]).or_else(|| row(screen, &[&step, " s"])).is_some()
    })
}

/// How long the first phase runs already, in whole tenths of a second.
fn elapsed(screen: &str) -> Option<u32> {
    let row = row(screen, &["▶ 1 preparation", "gives up in"])?;
    let (before, _) = row.split_once("gives up in")?;
    let (_, figure) = before.trim_end().strip_suffix(" s")?.rsplit_once(' ')?;
    figure.replace('.', "").parse().ok()
}

fn answers(client: &Client) -> Result<()> {
    client.call("orchestrator_plan_task", json!({"title": "t", "description": "d"})).map(drop)
}

#[test]
fn a_graceful_restart_is_watched_through_all_its_phases() -> Result<()> {
    let gate = Gate::open()?;
    Workspace::configured(&gate.config())?.check(|workspace| {
        let client = Client::open(workspace)?;
        let before = worker(workspace)?;
        let mut pty = console::live(workspace, &[])?;
        let title = format!("Restart {}?", console::name(workspace)?);
        // Cancel is what enter does.
        pty.keys("r")?;
        pty.until("the dialog, armed", |screen| has_row(screen, &["✔ armed"]))?;
        let screen = pty.screen();
        ensure!(row(&screen, &[&title]).is_some(), "{screen}");
        ensure!(row(&screen, &["1 client, 0 in flight, 0 suspended"]).is_some(), "{screen}");
        ensure!(row(&screen, &["❯[ Cancel ]", "[ Restart ]"]).is_some(), "{screen}");
        pty.keys("\r")?;
        pty.until("the dialog to be gone", |screen| !has_row(screen, &[&title]))?;
        ensure!(workspace.history()?.is_empty(), "{:?}", workspace.history());

        gate.set(false)?;
        console::confirm(&mut pty, "r", &title)?;
        pty.until("a phase that runs for a while", |screen| elapsed(&screen.contents()).is_some())?;
        let at = elapsed(&pty.screen());
        pty.until("its time to pass", |screen| elapsed(&screen.contents()) > at)?;
        ensure!(row(&pty.screen(), &["○ 8 service_resume"]).is_some(), "{}", pty.screen());
        // The worker from before serves meanwhile.
        answers(&client)?;
        ensure!(worker(workspace)? == before);
        gate.set(true)?;
        pty.until("every phase done", |screen| all_done(&screen.contents()))?;
        pty.until("the outcome, and the next generation", |screen| {
            has_row(screen, &["restart complete in", "generation 2"])
                && has_row(screen, &["Live", "gen 2", "idle"])
                && has_row(screen, &["✔ complete"])
        })?;
        ensure!(worker(workspace)? != before);
        answers(&client)?;
        console::quits(pty)?;
        client.quit()
    })
}

#[test]
fn a_restart_is_called_off_before_the_fence() -> Result<()> {
    let gate = Gate::open()?;
    Workspace::configured(&gate.config())?.check(|workspace| {
        let client = Client::open(workspace)?;
        let before = worker(workspace)?;
        let mut pty = console::live(workspace, &[])?;
        let name = console::name(workspace)?;
        gate.set(false)?;
        console::confirm(&mut pty, "r", &format!("Restart {name}?"))?;
        pty.shows("▶ 1 preparation")?;
        console::confirm(&mut pty, "X", &format!("Call the restart of {name} off?"))?;
        pty.until("that nothing has changed", |screen| {
            has_row(screen, &["cancelled"]) && has_row(screen, &["Live", "gen 1", "idle"])
        })?;
        gate.set(true)?;
        ensure!(worker(workspace)? == before);
        answers(&client)?;
        console::quits(pty)?;
        client.quit()
    })
}

const BUILDS: &str = "[restart]\nbuild_command = \"sh build.sh\"\n";

/// A build that says something, waits to be let through, and then fails.
const BROKEN: &str = "echo compiling shop\nwhile [ ! -e open ]; do sleep 0.02; done\n\
                      echo 'error[E0308]: mismatched types' >&2\nexit 101\n";

#[test]
fn a_build_that_fails_shows_its_words_while_the_old_worker_serves() -> Result<()> {
    Workspace::configured(BUILDS)?.check(|workspace| {
        let script = workspace.path().join("build.sh");
        fs::write(&script, BROKEN)?;
        let client = Client::open(workspace)?;
        let before = worker(workspace)?;
        let mut pty = console::live(workspace, &[])?;
        let title = format!("Build and restart {}?", console::name(workspace)?);
        console::confirm(&mut pty, "b", &title)?;
        pty.until("the build's words while it runs", |screen| {
            has_row(screen, &["compiling shop"]) && has_row(screen, &["▶ 1 preparation"])
        })?;
        answers(&client)?;
        fs::write(workspace.path().join("open"), "")?;
        pty.until("how it failed", |screen| {
            has_row(screen, &["✖ failed"])
                && has_row(screen, &["error[E0308]: mismatched types"])
                && has_row(screen, &["✖ 1 preparation"])
        })?;
        ensure!(row(&pty.screen(), &["Live", "gen 1"]).is_some(), "{}", pty.screen());
        ensure!(worker(workspace)? == before);
        answers(&client)?;

        fs::write(&script, "echo built\n")?;
        console::confirm(&mut pty, "b", &title)?;
        pty.until("the next generation", |screen| has_row(screen, &["Live", "gen 2", "idle"]))?;
        ensure!(worker(workspace)? != before);
        answers(&client)?;
        console::quits(pty)?;
        client.quit()
    })
}

/// From the last field over Cancel to what does it, and enter.
const DO_IT: &str = "\t\t\r";

fn refuses(pty: &Pty, why: &str) -> Result<()> {
    pty.until(why, |screen| has_row(screen, &["✖", why]) && has_row(screen, &["EMERGENCY: end"]))
}

#[test]
fn an_emergency_takes_a_reason_and_the_right_word() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let before = worker(workspace)?;
        let name = console::name(workspace)?;
        let mut pty = console::live(workspace, &[])?;
        pty.keys("E")?;
        pty.until("the dialog, armed", |screen| has_row(screen, &["○ the reason is missing"]))?;
        // The word without a reason.
        pty.keys(&format!("\t{name}{DO_IT}"))?;
        refuses(&pty, "the reason is missing")?;
        // From what does it round to the reason; then another word than the right one.
        pty.keys(&format!("\tthe worker hangs\tx{DO_IT}"))?;
        refuses(&pty, "the word is not typed yet")?;
        ensure!(workspace.history()?.is_empty() && worker(workspace)? == before);
        // Back over Cancel to the word, which had one letter too much.
        pty.keys(&format!("\x1b[Z\x1b[Z\x7f{DO_IT}"))?;
        pty.until("the end of the emergency", |screen| {
            has_row(screen, &["emergency", "complete"]) && has_row(screen, &["Live", "gen 2", "idle"])
        })?;
        ensure!(worker(workspace)? != before);
        let past = workspace.history()?;
        let newest = past.first().context("a restart in the history")?;
        ensure!(newest.success, "{newest:?}");
        answers(&client)?;
        console::quits(pty)?;
        client.quit()
    })
}

#[test]
fn any_size_during_a_restart_is_survived() -> Result<()> {
    let gate = Gate::open()?;
    Workspace::configured(&gate.config())?.check(|workspace| {
        let client = Client::open(workspace)?;
        let mut pty = console::live(workspace, &[])?;
        let name = console::name(workspace)?;
        gate.set(false)?;
        console::confirm(&mut pty, "r", &format!("Restart {name}?"))?;
        pty.shows("▶ 1 preparation")?;
        for (columns, rows) in [(80, 24), (40, 10), (20, 3), (7, 2), (1, 1), (300, 1), (1, 100), (2, 2)] {
            let frames = pty.count("\x1b[2J");
            pty.resize(columns, rows)?;
            pty.wrote("\x1b[2J", frames + 1)?;
        }
        // Where nothing can be read nothing can be confirmed.
        pty.keys("X\x1b[C\r\x1b")?;
        pty.resize(console::WIDE.0, console::WIDE.1)?;
        pty.shows("▶ 1 preparation")?;
        gate.set(true)?;
        pty.until("the next generation", |screen| has_row(screen, &["Live", "gen 2", "idle"]))?;
        console::quits(pty)?;
        client.quit()
    })
}
