//! `state prune`.

use std::io::Write;

use jiff::Timestamp;
use serde_json::json;

use crate::config::Config;
use crate::exit::Exit;
use crate::state::keeper::{Keeper, Kept};
use crate::state::rotation::Action;
use crate::state::{Kind, Policy, RealDisk};
use crate::workspace::Workspace;

pub(super) fn run(
    workspace: &Workspace,
    config: &Config,
    dry_run: bool,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut keeper = Keeper::new(workspace.server_state(), Policy::from(&config.state));
    let (mut all, mut broken) = (Kept::default(), Vec::new());
    for kind in [Kind::Snapshot, Kind::Database] {
        let now = Timestamp::now();
        if dry_run {
            let planned = keeper.plan(kind, now)?;
            broken.extend(planned.broken.into_iter().map(|(name, _)| name));
            for action in planned.actions {
                match action {
                    Action::Compress(name) => all.compressed.push(name.to_string()),
                    Action::Remove(name) => all.removed.push(name.to_string()),
                }
            }
        } else {
            let kept = keeper.keep(&RealDisk, kind, now)?;
            all.compressed.extend(kept.compressed);
            all.removed.extend(kept.removed);
            broken.extend(kept.set_aside.into_iter().map(|one| one.name));
        }
    }
    if json {
        let Kept { compressed, removed, .. } = &all;
        let shown = json!({
            "dry_run": dry_run, "compressed": compressed, "removed": removed, "broken": broken,
        });
        writeln!(out, "{shown}")?;
        return Ok(Exit::Done);
    }
    let would = if dry_run { "would be " } else { "" };
    for name in &all.compressed {
        writeln!(out, "{would}compressed  {name}")?;
    }
    for name in &all.removed {
        writeln!(out, "{would}removed     {name}")?;
    }
    for name in &broken {
        writeln!(out, "broken      {name}")?;
    }
    if all == Kept::default() && broken.is_empty() {
        writeln!(out, "nothing to do")?;
    } else if dry_run {
        writeln!(out, "`task-orchestrator state prune --yes` does it")?;
    }
    Ok(Exit::Done)
}
