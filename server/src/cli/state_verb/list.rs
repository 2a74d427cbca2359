//! `state list` and `state verify`.

use jiff::Timestamp;
use serde_json::json;
use task_orchestrator_shared::admin::{Reply, Request};

use super::source::Source;
use crate::cli::GlobalArgs;
use crate::cli::ask::WrongReply;
use crate::cli::render::backups;
use crate::cli::screen::Screen;
use crate::exit::Exit;

pub(super) fn list(
    global: &GlobalArgs,
    verify: bool,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    let mut source = Source::new(global, json);
    let looked =
        match verify.then(|| source.ask(&Request::VerifyBackup { name: None }, screen)).transpose()? {
            None => None,
            Some(Reply::Verified(looked)) => Some(looked),
            Some(_) => return Err(WrongReply.into()),
        };
    let Reply::Backups(listed) = source.ask(&Request::Backups, screen)? else {
        return Err(WrongReply.into());
    };
    if !json {
        let looked = looked.unwrap_or_default();
        backups::list(&listed, &looked, Timestamp::now(), screen.paint, screen.out)?;
    } else if let Some(looked) = looked {
        screen.print_json(&json!({ "backups": listed, "verified": looked }))?;
    } else {
        screen.print_json_as("backups", &listed)?;
    }
    Ok(Exit::Done)
}

pub(super) fn verify(
    global: &GlobalArgs,
    name: Option<&str>,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    let request = Request::VerifyBackup { name: name.map(str::to_owned) };
    let Reply::Verified(verified) = Source::new(global, json).ask(&request, screen)? else {
        return Err(WrongReply.into());
    };
    if json {
        screen.print_json_as("verified", &verified)?;
    } else {
        backups::verified(&verified, screen.paint, screen.out)?;
    }
    let is_good = verified.iter().all(|one| one.problem.is_none());
    Ok(if is_good { Exit::Done } else { Exit::Failed })
}
