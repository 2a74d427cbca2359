//! When something that is shown changes by itself, without a message. While nothing
//! does, the console sleeps.

use std::time::Duration;

use crate::model::dialog::ARMS_AFTER;
use crate::model::link_state::LinkState;
use crate::model::notice::SHOWN_FOR;
use crate::model::prompt::Prompt;
use crate::model::{Model, Now};
use crate::screen::Screen;

const SECOND: Duration = Duration::from_secs(1);

/// How often a restart that runs is drawn anew, for its clock.
const RUNNING: Duration = Duration::from_millis(100);

/// How often curves go on while the newest figures stand still: a cell of a curve is some
/// seconds wide, and a server that lives says something more often than that.
const CURVES: Duration = Duration::from_secs(4);

/// When to send the next [`crate::msg::Msg::Tick`], from now; nothing when nothing changes.
pub fn next(model: &Model, now: Now) -> Option<Duration> {
    let arming = match &model.prompt {
        Prompt::Confirm(dialog) => {
            ARMS_AFTER.checked_sub(now.since(dialog.opened)).filter(|left| !left.is_zero())
        }
        _ => None,
    };
    let notice = model
        .notices
        .back()
        .and_then(|notice| SHOWN_FOR.checked_sub(now.since(notice.at)))
        .filter(|left| !left.is_zero());
    let waits = match &model.link {
        LinkState::Waiting { next, .. } | LinkState::Denied { next, .. } => {
            let left = now.until(*next);
            // The countdown shows whole seconds.
            (!left.is_zero()).then(|| part_of_second(left))
        }
        LinkState::Stale { .. } => Some(SECOND),
        LinkState::Connecting { .. } | LinkState::Live(_) | LinkState::Incompatible { .. } => None,
    };
    let runs = model.is_live()
        && model.frozen.is_none()
        && model
            .seen
            .as_ref()
            .and_then(|seen| seen.view.restart.as_ref())
            .is_some_and(|restart| restart.report.outcome.is_none());
    let curves =
        model.screen == Screen::Overview && model.is_live() && model.frozen.is_none() && model.series.moves();
    // Only the second behind the last activity shows other figures at once.
    let curves = curves.then(|| if model.series.stands_still() { CURVES } else { SECOND });
    let poll = super::poll::left(model, now);
    [arming, notice, waits, poll, runs.then_some(RUNNING), curves].into_iter().flatten().min()
}

/// What is left until a whole number of seconds is left.
fn part_of_second(left: Duration) -> Duration {
    let part = Duration::from_nanos(u64::from(left.subsec_nanos()));
    if part.is_zero() { SECOND } else { part }
}

#[cfg(test)]
mod tests {
    use task_orchestrator_shared::role::Role;

    use super::*;
    use crate::msg::Msg;
    use crate::sample::{connected, now, view};
    use crate::update::update;

    #[test]
    fn curves_of_a_server_without_requests_cost_no_wakeup_each_second() {
        let mut model = connected(view(3), Role::Admin);
        assert_eq!(next(&model, now()), Some(SECOND), "the figures are about to change");
        let later = Now { running: now().running + SECOND * 2, ..now() };
        update(&mut model, Msg::Tick, later);
        assert_eq!(next(&model, later), Some(CURVES), "only the curve goes on");
    }
}
