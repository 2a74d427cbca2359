//! Snapshots and backups: read, compared, what restoring and removing mean.

use task_orchestrator_shared::admin::backup::{Backup, Comparison, Pruned, RestorePlan, Verified};

use super::{blank, fact, or_none, time, title, toned};
use crate::model::prompt::PageLine;
use crate::model::{Model, words};
use crate::theme::Tone;

/// Every file, a line each.
pub(super) fn backups(model: &Model, backups: &[Backup]) -> Vec<PageLine> {
    let line = |backup: &Backup| {
        let (at, size) = (time(model, &backup.taken_at), words::bytes(backup.size_bytes));
        PageLine::plain(format!("{}: {} of {at}, {size}", backup.name, backup.kind))
    };
    or_none(backups.iter().map(line).collect(), "there is none")
}

/// What reading files from end to end has shown: what is wrong first.
pub(super) fn verified(verified: &[Verified]) -> Vec<PageLine> {
    let bad = verified.iter().filter(|file| file.problem.is_some()).count();
    let files = words::counted(verified.len() as u64, "file was", "files were");
    let mut lines = match (verified.len(), bad) {
        (0, _) => return vec![PageLine::of(Tone::Dim, "There is no file to read.")],
        (_, 0) => vec![PageLine::of(Tone::Good, format!("Good: {files} read from end to end."))],
        (_, bad) => vec![PageLine::of(Tone::Bad, format!("{bad} NOT GOOD: {files} read from end to end."))],
    };
    let (bad, good): (Vec<_>, Vec<_>) = verified.iter().partition(|file| file.problem.is_some());
    lines.extend(bad.iter().map(|file| broken(file)));
    lines.extend(good.iter().map(|file| toned(Tone::Good, "good", &file.name)));
    lines
}

fn broken(file: &Verified) -> PageLine {
    let problem = file.problem.as_deref().unwrap_or_default();
    toned(Tone::Bad, "NOT GOOD", format!("{}: {problem}", file.name))
}

/// What differs between two states.
pub(super) fn comparison(comparison: &Comparison) -> Vec<PageLine> {
    let of = |name: &str| {
        if name == "database" { "the database as it is now".to_owned() } else { name.to_owned() }
    };
    let mut lines = vec![fact("from", of(&comparison.older)), fact("to", of(&comparison.newer))];
    let (added, removed, changed) = (comparison.added, comparison.removed, comparison.changed);
    if added + removed + changed + comparison.sessions == 0 {
        lines.push(PageLine::of(Tone::Good, "Nothing differs."));
        return lines;
    }
    lines.push(fact("tasks", format!("{added} more, {removed} fewer, {changed} changed")));
    lines.push(fact("sessions", format!("{} differ", comparison.sessions)));
    lines.push(blank());
    lines.extend(comparison.lines.iter().map(PageLine::plain));
    lines
}

/// What a restore would do.
pub(super) fn plan(plan: &RestorePlan) -> Vec<PageLine> {
    let (gone, older) = (plan.gone, plan.older);
    let mut lines = vec![fact("file", &plan.name), fact("afterwards", tasks(plan.tasks))];
    if let Some(why) = &plan.unknown {
        lines.push(toned(Tone::Bad, "NOT KNOWN", why));
    } else if gone + older == 0 {
        lines.push(toned(Tone::Good, "lost", "nothing"));
    } else {
        lines.push(toned(Tone::Bad, "LOST", tasks(gone)));
        lines.push(toned(Tone::Warn, "set back", tasks(older)));
    }
    if plan.artifacts > 0 {
        let artifacts = words::counted(plan.artifacts, "artifact", "artifacts");
        lines.push(toned(Tone::Warn, "unnamed", format!("{artifacts} that nothing names any more")));
    }
    if plan.links_left_out > 0 {
        let links = words::counted(plan.links_left_out, "link", "links");
        lines.push(toned(Tone::Warn, "left out", format!("{links} to tasks that are not in the file")));
    }
    lines.extend(plan.first.iter().map(|task| {
        let (tone, label) = if task.gone { (Tone::Bad, "  lost") } else { (Tone::Warn, "  set back") };
        toned(tone, label, format!("{} ({}, {})", task.title, task.status, task.task_id))
    }));
    lines
}

fn tasks(count: u64) -> String {
    words::counted(count, "task", "tasks")
}

/// What a rotation did, or would do.
pub(super) fn pruned(pruned: &Pruned) -> Vec<PageLine> {
    let [removes, compresses] = match pruned.dry_run {
        true => ["would be removed", "would be compressed"],
        false => ["was removed", "was compressed"],
    };
    let mut lines = vec![title(if pruned.dry_run { "A rotation now" } else { "The rotation" })];
    let mut files: Vec<PageLine> = pruned.broken.iter().map(broken).collect();
    let of = |files: &[String], tone, what: &str| {
        files.iter().map(|name| PageLine::of(tone, format!("{name} {what}"))).collect::<Vec<_>>()
    };
    files.extend(of(&pruned.removed, Tone::Warn, removes));
    files.extend(of(&pruned.compressed, Tone::Plain, compresses));
    lines.extend(or_none(files, "nothing to do"));
    lines
}
