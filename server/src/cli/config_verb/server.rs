//! The configuration of the running server: what it has, and having it read again.

use task_orchestrator_shared::admin::{Reply, Request};

use crate::cli::ask::{WrongReply, ask, ask_in};
use crate::cli::privileged::PrivilegedArgs;
use crate::cli::render::config;
use crate::cli::screen::Screen;
use crate::cli::{GlobalArgs, done};
use crate::exit::Exit;

/// Prints what the server has.
pub(super) fn show(json: bool, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
    let Reply::Config(entries) = ask(global, &Request::ShowConfig, json, screen)? else {
        return Err(WrongReply.into());
    };
    if json {
        screen.print_json_as("config", &entries)?;
    } else {
        config::entries(&entries, screen.paint, screen.out)?;
    }
    Ok(Exit::Done)
}

/// Has the server read it again, and prints what holds now and what does not yet.
pub(super) fn reload(
    json: bool,
    privileged: &PrivilegedArgs,
    global: &GlobalArgs,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    match ask_in(global, &Request::ReloadConfig, privileged.context(), json, screen)? {
        Reply::Reloaded(reloaded) if json => screen.print_json(&reloaded)?,
        Reply::Reloaded(reloaded) => config::reloaded(&reloaded, screen.paint, screen.out)?,
        other => return done::tell(other, json, screen),
    }
    Ok(Exit::Done)
}
