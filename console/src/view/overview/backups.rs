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
    let words = format!("{} snapshots, {kinds} database, {kept} pinned", backups.len() - kinds);
    pen.fact("kinds", [(Tone::Plain, words)]);
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
    parts.push((Tone::Plain, format!("{good} good, {unknown} not read")));
    pen.fact("verified", parts);
}

fn rotation(model: &Model, view: &View, backups: &[Backup], pen: &mut Pen<'_, '_>) {
    let due = |what| backups.iter().filter(|backup| backup.due == Some(what)).count();
    let (removes, compresses) = (due(Due::Remove), due(Due::Compress));
    let at = match &view.limits.next_rotation {
        Some(at) => clock(model, at),
        None => format!("{} not known", pen.sign(Symbol::Unknown)),
    };
    let does = format!(", removes {removes}, compresses {compresses}");
    pen.fact("rotation", [(Tone::Plain, at), (Tone::Plain, does)]);
}
