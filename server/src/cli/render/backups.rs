//! Snapshots and backups, and what is done with them, for people.

use std::io::{self, Write};

use jiff::Timestamp;
use task_orchestrator_shared::admin::backup::{
    Backup, Comparison, Due, Pruned, RestorePlan, Restored, Verified,
};
use task_orchestrator_shared::restart::StateReport;

use super::text::{bytes, clean, count, row, table};
use crate::cli::screen::Paint;

/// Prints one line for each of them; `looked` is what verifying has found just now.
pub(in crate::cli) fn list(
    backups: &[Backup],
    looked: &[Verified],
    now: Timestamp,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    if backups.is_empty() {
        return writeln!(out, "no snapshots and no backups yet");
    }
    let mut rows = vec![["NAME", "KIND", "GENERATION", "SIZE", "AGE", "STATE"].map(str::to_owned).to_vec()];
    rows.extend(backups.iter().map(|backup| {
        let generation = backup.generation.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let problem =
            looked.iter().find(|one| one.name == backup.name).and_then(|one| one.problem.as_deref());
        vec![
            clean(&backup.name),
            clean(&backup.kind),
            generation,
            bytes(backup.size_bytes),
            age(&backup.taken_at, now),
            state(backup, problem),
        ]
    }));
    table(out, paint, &rows)
}

fn state(backup: &Backup, problem: Option<&str>) -> String {
    let mut words = vec![match (problem, backup.verified) {
        (Some(problem), _) => clean(problem),
        (None, Some(true)) => "good".to_owned(),
        (None, Some(false)) => "broken".to_owned(),
        (None, None) => "not looked at".to_owned(),
    }];
    if backup.pinned {
        words.push("pinned".to_owned());
    }
    words.extend(backup.due.map(|due| match due {
        Due::Compress => "to be compressed".to_owned(),
        Due::Remove => "to be removed".to_owned(),
    }));
    words.join(", ")
}

fn age(taken_at: &str, now: Timestamp) -> String {
    let Ok(taken) = taken_at.parse::<Timestamp>() else { return "?".to_owned() };
    match now.duration_since(taken).as_secs().max(0) {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Prints what reading them from end to end has shown.
pub(in crate::cli) fn verified(all: &[Verified], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for one in all {
        let verdict = match &one.problem {
            None => paint.good("good"),
            Some(problem) => paint.bad(&clean(problem)),
        };
        writeln!(out, "{}: {verdict}", clean(&one.name))?;
    }
    Ok(())
}

/// Prints what differs.
pub(in crate::cli) fn comparison(found: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let all = found.added + found.removed + found.changed + found.sessions;
    if all == 0 {
        return writeln!(out, "the same open tasks and sessions");
    }
    found.lines.iter().try_for_each(|line| writeln!(out, "{}", clean(line)))?;
    let more = all.saturating_sub(found.lines.len() as u64);
    if more > 0 {
        writeln!(out, "and {more} more")?;
    }
    Ok(())
}

/// Prints what a restore would lose.
pub(in crate::cli) fn plan(plan: &RestorePlan, out: &mut dyn Write) -> io::Result<()> {
    let tasks = |number| count(number, "task", "tasks");
    writeln!(out, "{} holds {}", clean(&plan.name), tasks(plan.tasks))?;
    if plan.links_left_out > 0 {
        let links = count(plan.links_left_out, "link", "links");
        writeln!(out, "{links} to tasks that it does not hold would be left out")?;
    }
    if let Some(reason) = &plan.unknown {
        return writeln!(out, "what would be lost is not known: {}", clean(reason));
    }
    if plan.gone + plan.older + plan.artifacts == 0 {
        return writeln!(out, "nothing would be lost");
    }
    writeln!(out, "would be lost: {}; would go back: {}", tasks(plan.gone), tasks(plan.older))?;
    for lost in &plan.first {
        let fate = if lost.gone { "lost" } else { "goes back" };
        let (id, status, title) = (clean(&lost.task_id), clean(&lost.status), clean(&lost.title));
        writeln!(out, "  {fate:9}  {id:<20}  {status:<9}  {title}")?;
    }
    let more = (plan.gone + plan.older).saturating_sub(plan.first.len() as u64);
    if more > 0 {
        writeln!(out, "  and {more} more")?;
    }
    if plan.artifacts > 0 {
        let artifacts = count(plan.artifacts, "artifact", "artifacts");
        writeln!(out, "nothing names {artifacts} then; their files are removed an hour later")?;
    }
    Ok(())
}

/// Prints what a restore has done.
pub(in crate::cli) fn restored(done: &Restored, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "restored {}: {}", clean(&done.name), count(done.tasks, "task", "tasks"))?;
    if let Some(kept) = &done.kept {
        writeln!(out, "the database before is server_state/{}", clean(kept))?;
    }
    if let Some(lost) = &done.lost {
        writeln!(out, "what was lost is in server_state/{}", clean(lost))?;
    }
    Ok(())
}

/// Prints what rotation has done, or would do.
pub(in crate::cli) fn pruned(done: &Pruned, out: &mut dyn Write) -> io::Result<()> {
    let would = if done.dry_run { "would be " } else { "" };
    for name in &done.compressed {
        writeln!(out, "{would}compressed  {}", clean(name))?;
    }
    for name in &done.removed {
        writeln!(out, "{would}removed     {}", clean(name))?;
    }
    for one in &done.broken {
        writeln!(
            out,
            "broken      {}  {}",
            clean(&one.name),
            clean(one.problem.as_deref().unwrap_or_default())
        )?;
    }
    if done.compressed.is_empty() && done.removed.is_empty() && done.broken.is_empty() {
        writeln!(out, "nothing to do")
    } else if done.dry_run {
        writeln!(out, "`task-orchestrator state prune --yes` does it")
    } else {
        Ok(())
    }
}

/// Prints the snapshot that was taken.
pub(in crate::cli) fn snapshot(taken: &StateReport, out: &mut dyn Write) -> io::Result<()> {
    row(out, "snapshot", &clean(&taken.snapshot))?;
    let tasks = count(taken.active_tasks, "open task", "open tasks");
    row(out, "holds", &format!("{tasks}, {}", count(taken.client_sessions, "client", "clients")))?;
    row(out, "size", &bytes(taken.size_bytes))?;
    row(out, "sha256", &clean(&taken.sha256))
}
