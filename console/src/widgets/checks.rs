//! What a health check has found: a sign, a name, a word and what was found.

use task_orchestrator_shared::report::Level;

use super::Pen;
use crate::model::checks::{self, Check};
use crate::symbols::Symbol;
use crate::theme::Tone;

/// Sign and tone of how something is; of what is told without a verdict.
pub fn level_look(level: Option<Level>) -> (Symbol, Tone) {
    match level {
        None => (Symbol::NotApplicable, Tone::Plain),
        Some(Level::Healthy) => (Symbol::Good, Tone::Good),
        Some(Level::Degraded) => (Symbol::Warn, Tone::Warn),
        Some(Level::Unhealthy) => (Symbol::Bad, Tone::Bad),
    }
}

/// Writes these, a line each; where there is no room for all, the last line says how
/// many are left out.
pub fn checks(pen: &mut Pen<'_, '_>, checks: &[Check]) {
    let rows = usize::from(pen.rows());
    let shown = if checks.len() <= rows { rows } else { rows.saturating_sub(1) };
    for check in checks.iter().take(shown) {
        let (symbol, tone) = level_look(check.level);
        let sign = pen.sign(symbol);
        let word = match check.level {
            None | Some(Level::Healthy) => String::new(),
            Some(level) => format!("{}: ", checks::level(level)),
        };
        pen.line([
            (tone, format!("{sign} ")),
            (Tone::Plain, format!("{:<9} ", check.name)),
            (tone, word),
            (Tone::Plain, check.words.clone()),
        ]);
    }
    let left_out = checks.len().saturating_sub(shown);
    if left_out > 0 {
        let worst = checks.iter().skip(shown).filter_map(|check| check.level).max();
        let said = worst.map_or("more", checks::level);
        pen.line([(Tone::Dim, format!("  and {left_out} {said}"))]);
    }
}
