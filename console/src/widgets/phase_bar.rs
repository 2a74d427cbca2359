//! The phases of a restart in one bar: each as long as its part of the time, and each
//! with a sign of its own, its number.

use ratatui::layout::Rect;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::PhaseRecord;

use super::Canvas;
use crate::symbols::{Symbol, Symbols};
use crate::theme::Tone;

/// Signs that fill the phases in turn, so that one can be told from the next.
const FILLS: [Symbol; 3] = [Symbol::Full, Symbol::Medium, Symbol::Dark];

/// The bar as text, `cells` wide: the number of a phase, and behind it what fills its
/// part. A phase that is too short for a cell of its own is not there.
pub fn text(symbols: Symbols, phases: &[PhaseRecord], cells: u16) -> String {
    let cells = usize::from(cells);
    let took = |record: &PhaseRecord| record.duration_ms.filter(|took| took.is_finite() && *took > 0.0);
    let total: f64 = phases.iter().filter_map(took).sum();
    let mut bar = String::with_capacity(cells * 3);
    if total <= 0.0 {
        return bar;
    }
    let (mut until, mut at) = (0.0, 0);
    for record in phases {
        until += took(record).unwrap_or(0.0);
        let end = ((until / total * cells as f64).round() as usize).min(cells);
        let Some(number) = Phase::EIGHT.iter().position(|phase| *phase == record.phase) else { continue };
        let fill = FILLS.get(number % FILLS.len()).copied().unwrap_or(Symbol::Full);
        if end > at {
            bar.push_str(&(number + 1).to_string());
            bar.push_str(&symbols.of(fill).repeat(end - at - 1));
            at = end;
        }
    }
    bar
}

/// Draws it into the first row of an area.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, phases: &[PhaseRecord], tone: Tone) {
    let bar = text(canvas.look().symbols, phases, area.width);
    canvas.put(area, &bar, tone);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(took: &[f64]) -> Vec<PhaseRecord> {
        let record = |(phase, took): (&Phase, &f64)| PhaseRecord {
            phase: *phase,
            started_ms: 0.0,
            duration_ms: Some(*took),
        };
        Phase::EIGHT.iter().zip(took).map(record).collect()
    }

    #[test]
    fn a_phase_is_as_long_as_its_part() {
        assert_eq!(text(Symbols::Ascii, &phases(&[5.0, 3.0, 2.0]), 10), "1####2--3=");
        assert_eq!(text(Symbols::Unicode, &phases(&[5.0, 5.0]), 4), "1█2▒");
        assert_eq!(text(Symbols::Ascii, &phases(&[100.0, 0.1, 100.0]), 4), "1#3=");
        assert_eq!(text(Symbols::Ascii, &phases(&[0.0]), 4), "");
        assert_eq!(text(Symbols::Ascii, &[], 4), "");
        assert_eq!(text(Symbols::Ascii, &phases(&[1.0, 1.0]), 0), "");
    }
}
