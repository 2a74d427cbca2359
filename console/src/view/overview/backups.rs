//! Snapshots and backups: how many, the newest, and what rotation does next.

use task_orchestrator_shared::admin::backup::{Backup, Due};
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::role::Operation;

use super::{clock, missing};
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Part, Pen};

/// What stands above it.
pub(super) fn title(_model: &Model, view: &View) -> String {
    match &view.backups {
        None => "Backups".to_owned(),
        Some(backups) => {
            let bytes = backups.iter().map(|backup| backup.size_bytes).sum();
            format!("Backups: {}, {}", backups.len(), words::bytes(bytes))
        }
    }
}

/// Draws it.
pub(super) fn draw(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let Some(backups) = &view.backups else {
        let why = missing(model, pen, Operation::ViewBackups);
        pen.line([why]);
        return;
    };
    newest(model, "newest", backups, pen);
    rotation(model, view, backups, pen);
    verified(backups, pen);
    let kept = backups.iter().filter(|backup| backup.pinned).count();
    let kinds = backups.iter().filter(|backup| backup.kind == "database").count();
    let snapshots = (backups.len() - kinds) as u64;
    let whole = words::counted(snapshots, "snapshot", "snapshots");
    let whole = format!("{whole}, {kinds} database, {kept} pinned");
    let short = format!("{snapshots} state, {kinds} database");
    pen.fact_in("kinds", [vec![(Tone::Plain, whole)], vec![(Tone::Plain, short)]]);
}

/// The newest one in a line.
pub(super) fn newest(model: &Model, label: &str, backups: &[Backup], pen: &mut Pen<'_, '_>) {
    let Some(newest) = backups.iter().max_by(|one, two| one.taken_at.cmp(&two.taken_at)) else {
        pen.fact(label, [(Tone::Warn, format!("{} there is none", pen.sign(Symbol::Warn)))]);
        return;
    };
    let taken = (Tone::Plain, format!("{}  ", clock(model, &newest.taken_at)));
    let verdict = verdict(newest.verified, pen);
    pen.fact(label, [taken, verdict]);
}

fn verdict(verified: Option<bool>, pen: &Pen<'_, '_>) -> Part {
    match verified {
        Some(true) => (Tone::Good, format!("{} verified", pen.sign(Symbol::Done))),
        Some(false) => (Tone::Bad, format!("{} damaged", pen.sign(Symbol::Bad))),
        None => (Tone::Dim, format!("{} not verified", pen.sign(Symbol::Unknown))),
    }
}

fn verified(backups: &[Backup], pen: &mut Pen<'_, '_>) {
    let count = |wanted| backups.iter().filter(|backup| backup.verified == wanted).count();
    let (good, bad, unknown) = (count(Some(true)), count(Some(false)), count(None));
    let mut parts = Vec::new();
    if bad > 0 {
        parts.push((Tone::Bad, format!("{} {bad} damaged, ", pen.sign(Symbol::Bad))));
    }
    let told = |words: String| [parts.clone(), vec![(Tone::Plain, words)]].concat();
    let ways = [told(format!("{good} good, {unknown} not read")), told(format!("{good} good"))];
    pen.fact_in("verified", ways);
}

fn rotation(model: &Model, view: &View, backups: &[Backup], pen: &mut Pen<'_, '_>) {
    let due = |what| backups.iter().filter(|backup| backup.due == Some(what)).count();
    let (removes, compresses) = (due(Due::Remove), due(Due::Compress));
    let at = match &view.limits.next_rotation {
        Some(at) => clock(model, at),
        None => format!("{} not known", pen.sign(Symbol::Unknown)),
    };
    let told = |does: String| vec![(Tone::Plain, at.clone()), (Tone::Plain, does)];
    let ways = match (removes, compresses) {
        (0, 0) => [told(", nothing to do".to_owned()), told(", nothing".to_owned())],
        (0, _) => [told(format!(", compresses {compresses}")), told(format!(", {compresses} due"))],
        _ => {
            let both = format!(", removes {removes}, compresses {compresses}");
            [told(both), told(format!(", removes {removes}"))]
        }
    };
    pen.fact_in("rotation", ways);
}
