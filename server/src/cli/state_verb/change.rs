//! The verbs that are one question each: `state diff`, `prune`, `pin`, `unpin` and
//! `snapshot`.

use anyhow::bail;
use task_orchestrator_shared::admin::{Reply, Request};

use super::source::Source;
use crate::cli::GlobalArgs;
use crate::cli::ask::{WrongReply, accepted, ask_with_events};
use crate::cli::render::backups;
use crate::cli::render::text::clean;
use crate::cli::screen::Screen;
use crate::exit::Exit;

/// How long a snapshot may take: the worker reads all open tasks.
const SNAPSHOT: std::time::Duration = std::time::Duration::from_secs(120);

pub(super) fn diff(
    global: &GlobalArgs,
    older: &str,
    newer: &str,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    let request = Request::CompareBackups { older: older.to_owned(), newer: newer.to_owned() };
    match Source::new(global, json).ask(&request, screen)? {
        Reply::Comparison(found) if json => screen.print_json(&found)?,
        Reply::Comparison(found) => backups::comparison(&found, screen.out)?,
        _ => return Err(WrongReply.into()),
    }
    Ok(Exit::Done)
}

pub(super) fn prune(
    global: &GlobalArgs,
    dry_run: bool,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    let mut source = Source::new(global, json);
    // Before anything is removed: what --set says would not hold there.
    if !global.set.is_empty() && source.asked(&Request::Status)?.is_some() {
        bail!(
            "a server runs here and prunes as its own configuration says: leave --set out, or stop it first"
        );
    }
    match source.ask(&Request::PruneBackups { dry_run }, screen)? {
        Reply::Pruned(done) if json => screen.print_json(&done)?,
        Reply::Pruned(done) => backups::pruned(&done, screen.out)?,
        _ => return Err(WrongReply.into()),
    }
    Ok(Exit::Done)
}

pub(super) fn pin(
    global: &GlobalArgs,
    name: &str,
    pinned: bool,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    let request = Request::PinBackup { name: name.to_owned(), pinned };
    match Source::new(global, json).ask(&request, screen)? {
        Reply::Done(done) if json => screen.print_json(&done)?,
        Reply::Done(done) => writeln!(screen.out, "{}", clean(&done.message))?,
        _ => return Err(WrongReply.into()),
    }
    Ok(Exit::Done)
}

pub(super) fn snapshot(global: &GlobalArgs, json: bool, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
    // Only a worker can: it has the sessions, and the database as of one moment.
    let reply = ask_with_events(global, &Request::Snapshot, SNAPSHOT, |_| {})?;
    match accepted(reply, json, screen)? {
        Reply::Snapshot(taken) if json => screen.print_json(&taken)?,
        Reply::Snapshot(taken) => backups::snapshot(&taken, screen.out)?,
        _ => return Err(WrongReply.into()),
    }
    Ok(Exit::Done)
}
