//! `state restore`: says what would be lost, asks, and has it done by the server, or
//! does it where none runs.

use std::time::Duration;

use anyhow::bail;
use serde::Serialize;
use task_orchestrator_shared::admin::backup::{RestorePlan, Restored};
use task_orchestrator_shared::admin::{Reply, Request};

use super::source::{Files, Source};
use crate::cli::GlobalArgs;
use crate::cli::ask::{WrongReply, accepted};
use crate::cli::confirm::confirm;
use crate::cli::render::backups;
use crate::cli::screen::Screen;
use crate::exit::Exit;
use crate::state::restore;

/// How the caller has confirmed.
pub(super) struct Consent<'a> {
    /// The name, typed once more.
    pub(super) typed: Option<&'a str>,
    /// Without a name.
    pub(super) given: bool,
}

/// What is printed for programs: what was done, and what was said before.
#[derive(Serialize)]
struct Done<'a> {
    #[serde(flatten)]
    restored: &'a Restored,
    plan: &'a RestorePlan,
}

pub(super) fn run(
    global: &GlobalArgs,
    name: &str,
    consent: &Consent<'_>,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    if consent.typed.is_some_and(|typed| typed != name) {
        bail!("--confirm must repeat the name exactly: {name}");
    }
    let mut source = Source::new(global, json);
    let (ask_plan, ask_restore) =
        (Request::PlanRestore { name: name.to_owned() }, Request::RestoreBackup { name: name.to_owned() });
    let (plan, restored) = match source.asked(&ask_plan)? {
        Some(reply) => {
            let Reply::RestorePlan(plan) = accepted(reply, json, screen)? else {
                return Err(WrongReply.into());
            };
            consented(&plan, consent, json, screen)?;
            // Never by the files from here on: the server that was asked may be about to do it.
            let Some(reply) = source.asked(&ask_restore)? else {
                bail!("the server ended meanwhile: look with `task-orchestrator state list`, and ask again");
            };
            let Reply::Restored(restored) = accepted(reply, json, screen)? else {
                return Err(WrongReply.into());
            };
            (plan, restored)
        }
        None => of_files(source.files(&ask_restore)?, name, consent, json, screen)?,
    };
    if json {
        screen.print_json(&Done { restored: &restored, plan: &plan })?;
    } else {
        backups::restored(&restored, screen.out)?;
    }
    Ok(Exit::Done)
}

/// The files are locked: no server starts meanwhile.
fn of_files(
    files: &Files,
    name: &str,
    consent: &Consent<'_>,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<(Box<RestorePlan>, Box<Restored>)> {
    if let Some(undone) = restore::recover(&(&files.workspace).into())?.filter(|_| !json) {
        writeln!(
            screen.out,
            "undid a {} that was begun at {} and not finished",
            undone.saga, undone.started_at
        )?;
    }
    let refused = |refusal, screen: &mut Screen<'_>| match accepted(Reply::Refused(refusal), json, screen) {
        Err(error) => error,
        Ok(_) => WrongReply.into(),
    };
    let prepared = match files.backups.prepare(name) {
        Ok(prepared) => prepared,
        Err(refusal) => return Err(refused(refusal, screen)),
    };
    let plan = Box::new(prepared.plan());
    consented(&plan, consent, json, screen)?;
    match files.backups.restore(&prepared) {
        Ok(restored) => Ok((plan, Box::new(restored.report(name, Duration::ZERO)))),
        Err(refusal) => Err(refused(refusal, screen)),
    }
}

/// Says what would be lost; lets a person type the name unless it was given.
fn consented(
    plan: &RestorePlan,
    consent: &Consent<'_>,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    if consent.given || consent.typed.is_some() {
        if !json {
            backups::plan(plan, screen.out)?;
        }
        return Ok(());
    }
    let mut text = Vec::new();
    backups::plan(plan, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    confirm("replacing the database", text.trim_end(), &plan.name, screen)
}
