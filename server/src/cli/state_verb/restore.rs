//! `state restore`: says what would be lost, asks, and does it.

use std::io::{BufRead as _, IsTerminal as _, Write};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::json;

use crate::exit::Exit;
use crate::front::{FrontError, FrontLock};
use crate::state::restore::{self, Places, Prepared, Present};
use crate::workspace::Workspace;

/// How the caller has confirmed.
pub(super) struct Consent<'a> {
    /// The name, typed once more.
    pub(super) typed: Option<&'a str>,
    /// Without a name.
    pub(super) given: bool,
}

pub(super) fn run(
    workspace: &Workspace,
    name: &str,
    consent: Consent<'_>,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    if consent.typed.is_some_and(|typed| typed != name) {
        bail!("--confirm must repeat the name exactly: {name}");
    }
    let _lock = match FrontLock::take(workspace, false) {
        Ok(lock) => lock,
        Err(FrontError::AlreadyRunning { pid, .. }) => bail!(
            "a server is running here (pid {pid}); stop it first with `task-orchestrator stop`, \
             and keep clients from starting one meanwhile"
        ),
        Err(error) => return Err(error).context("the workspace cannot be locked"),
    };
    let places = Places::from(workspace);
    if let Some(undone) = restore::recover(&places)?.filter(|_| !json) {
        writeln!(out, "undid a {} that was begun at {} and not finished", undone.saga, undone.started_at)?;
    }
    let prepared = restore::prepare(&places, name)?;
    if !json {
        describe(&prepared, out)?;
    }
    if !consent.given && consent.typed.is_none() && !asked(name, json, out)? {
        writeln!(out, "nothing was changed")?;
        return Ok(Exit::Failed);
    }
    let restored = restore::restore(&prepared, Timestamp::now())?;
    if json {
        let shown = json!({
            "restored": name, "tasks": restored.tasks, "links_left_out": prepared.links_left_out,
            "kept": restored.kept, "lost": restored.lost, "losses": prepared.losses,
        });
        writeln!(out, "{shown}")?;
        return Ok(Exit::Done);
    }
    writeln!(out, "restored {name}: {} tasks", restored.tasks)?;
    if let Some(kept) = restored.kept {
        writeln!(out, "the database before is server_state/{kept}")?;
    }
    if let Some(lost) = restored.lost {
        writeln!(out, "what was lost is in server_state/{lost}")?;
    }
    Ok(Exit::Done)
}

fn describe(prepared: &Prepared, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{} holds {} tasks", prepared.name, prepared.tasks)?;
    if prepared.links_left_out > 0 {
        writeln!(out, "{} links to tasks that it does not hold are left out", prepared.links_left_out)?;
    }
    let losses = &prepared.losses;
    match (&prepared.present, &losses.unknown) {
        (Present::Absent, _) => return writeln!(out, "there is no database now, so nothing is lost"),
        (Present::Unreadable(reason), _) | (Present::Valid, Some(reason)) => {
            return writeln!(out, "what would be lost is not known: {reason}");
        }
        (Present::Valid, None) if losses.is_none() => return writeln!(out, "nothing would be lost"),
        (Present::Valid, None) => {}
    }
    writeln!(out, "would be lost: {} tasks; would go back: {} tasks", losses.gone, losses.older)?;
    for lost in &losses.first {
        let fate = if lost.gone { "lost" } else { "goes back" };
        writeln!(out, "  {fate:9}  {:<20}  {:<9}  {}", lost.task_id, lost.status.as_str(), lost.title)?;
    }
    let more = (losses.gone + losses.older).saturating_sub(losses.first.len() as u64);
    if more > 0 {
        writeln!(out, "  and {more} more")?;
    }
    if losses.artifacts > 0 {
        let count = losses.artifacts;
        writeln!(out, "nothing names {count} artifacts then; their files are removed an hour later")?;
    }
    Ok(())
}

/// Lets a person type the name. Nobody there is no consent.
fn asked(name: &str, json: bool, out: &mut dyn Write) -> anyhow::Result<bool> {
    if json || !std::io::stdin().is_terminal() {
        bail!("this replaces the database: confirm with --confirm {name}");
    }
    write!(out, "type the name to restore it: ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim() == name)
}
