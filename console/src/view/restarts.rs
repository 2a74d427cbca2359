//! The restart that runs, earlier ones, and the chosen one in full.

use task_orchestrator_shared::restart::Outcome;

use crate::symbols::Symbol;
use crate::theme::Tone;

/// Sign and tone of how a restart ended.
pub(super) fn look(outcome: Option<Outcome>) -> (Symbol, Tone) {
    match outcome {
        None => (Symbol::Busy, Tone::Busy),
        Some(Outcome::Complete) => (Symbol::Done, Tone::Good),
        Some(Outcome::Failed) => (Symbol::Bad, Tone::Bad),
        Some(Outcome::RolledBack) => (Symbol::Warn, Tone::Warn),
        Some(Outcome::Cancelled) => (Symbol::NotApplicable, Tone::Dim),
    }
}
