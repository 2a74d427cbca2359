//! Draws the README's pictures from the real console, with a real server and twenty
//! clients: `pictures [DIRECTORY]`, which is `assets` unless told otherwise.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use task_orchestrator_tests::picture::{Paper, film, still};
use task_orchestrator_tests::program;
use task_orchestrator_tests::pty::{Pty, Started};
use vt100::Screen;

/// Columns and rows of a picture.
const SIZE: (u16, u16) = (112, 34);

/// How long a film shows its last picture.
const END: Duration = Duration::from_secs(4);

/// Frames are shown at least so long, and pauses no longer than so long: a film of a
/// restart has to be followed with the eye.
const FRAME: (Duration, Duration) = (Duration::from_millis(120), Duration::from_millis(1500));

fn main() -> Result<()> {
    let directory = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("assets"), PathBuf::from);
    let home = tempfile::tempdir()?;
    overview_and_restart(home.path(), &directory)?;
    light(home.path(), &directory)
}

fn demo(home: &Path, theme: &str) -> Result<Pty> {
    let console = Started::program(&program::beside("task-orchestrator-console")?, home);
    let pty =
        Pty::start(console.arg("--demo").arg("--theme").arg(theme).env("COLORTERM", "truecolor"), SIZE)?;
    pty.shows("20 stdio")?;
    Ok(pty)
}

fn overview_and_restart(home: &Path, directory: &Path) -> Result<()> {
    let mut pty = demo(home, "dark")?;
    // Some seconds of figures make curves.
    pty.until("curves", |screen| screen.contents().contains("healthy") && curve(screen) >= 20)?;
    let frames = RefCell::new(vec![(Instant::now(), now(&pty)?)]);
    fs::write(directory.join("console-overview.svg"), still(&now(&pty)?, Paper::DARK))?;
    let record = |screen: &Screen| {
        let mut frames = frames.borrow_mut();
        if frames.last().is_none_or(|(_, last)| last.contents_formatted() != screen.contents_formatted()) {
            frames.push((Instant::now(), screen.clone()));
        }
    };
    for (keys, text) in [("r", "armed"), ("\x1b[C", "Restart ]"), ("\r", "restart complete")] {
        pty.keys(keys)?;
        pty.until(text, |screen| {
            record(screen);
            screen.contents().contains(text)
        })?;
    }
    let frames = frames.into_inner();
    let ends = frames.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
    let shown = frames.iter().zip(ends).map(|((at, screen), end)| {
        let lasted = end.map_or(END, |end| end.duration_since(*at).clamp(FRAME.0, FRAME.1));
        (lasted, screen.clone())
    });
    fs::write(directory.join("console-restart.svg"), film(&shown.collect::<Vec<_>>(), Paper::DARK))?;
    pty.keys("q")?;
    pty.ends()?;
    Ok(())
}

/// The same in a light terminal, on the list of clients.
fn light(home: &Path, directory: &Path) -> Result<()> {
    let mut pty = demo(home, "light")?;
    pty.keys("2")?;
    pty.shows("cursor")?;
    fs::write(directory.join("console-connections.svg"), still(&now(&pty)?, Paper::LIGHT))?;
    pty.keys("q")?;
    pty.ends()?;
    Ok(())
}

/// The screen as it is.
fn now(pty: &Pty) -> Result<Screen> {
    let screen = RefCell::new(None);
    pty.until("anything", |seen| {
        *screen.borrow_mut() = Some(seen.clone());
        true
    })?;
    screen.into_inner().ok_or_else(|| anyhow::anyhow!("nothing was seen"))
}

/// Cells of curves on the screen.
fn curve(screen: &Screen) -> usize {
    screen.contents().chars().filter(|letter| ('▁'..='█').contains(letter)).count()
}
