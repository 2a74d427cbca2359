//! Effects in the words of the tables, and what workers say.

use crate::link::{TakeOver, WorkerPrepared, WorkerReady};
use crate::restart::WorkerId;
use crate::restart::effect::{Begin, Effect};
use crate::restart::event::Event;

/// Its first word.
pub(super) fn word(name: &str) -> &str {
    name.split(' ').next().unwrap_or_default()
}

/// An effect as the tables write it.
pub(super) fn name(effect: &Effect) -> String {
    match effect {
        Effect::Build(_) => "build".to_owned(),
        Effect::Examine { reload, .. } => format!("examine{}", if *reload { " reload" } else { "" }),
        Effect::Start { worker, build, begin } => {
            let begin = if *begin == Begin::Prepare { "prepare" } else { "activate" };
            format!("start w{} b{} {begin}", worker.0, build.0)
        }
        Effect::Activate { worker, take_over } => {
            let how = if *take_over == TakeOver::Handover { "handover" } else { "alone" };
            format!("activate w{} {how}", worker.0)
        }
        Effect::Snapshot(_, worker) => format!("snapshot w{}", worker.0),
        Effect::Verify(_, worker, _) => format!("verify w{}", worker.0),
        Effect::Plan { current, other, .. } => {
            format!("plan b{} {}", current.0, other.map_or("-".to_owned(), |other| format!("b{}", other.0)))
        }
        Effect::Hold => "hold".to_owned(),
        Effect::Suspend { worker, drain } => {
            format!("suspend w{}{}", worker.0, if *drain { " drain" } else { "" })
        }
        Effect::Collect => "collect".to_owned(),
        Effect::Fix => "fix".to_owned(),
        Effect::Restore(worker) => format!("restore w{}", worker.0),
        Effect::Release { to, clear } => format!("release w{}{}", to.0, if *clear { " clear" } else { "" }),
        Effect::Apart(_) => "apart".to_owned(),
        Effect::Seal(..) => "seal".to_owned(),
        Effect::DiscardSnapshot => "discard".to_owned(),
        Effect::Watch(worker) => format!("watch w{}", worker.0),
        Effect::Retire(worker) => format!("retire w{}", worker.0),
        Effect::Stop(worker) => format!("stop w{}", worker.0),
        Effect::Kill(worker) => format!("kill w{}", worker.0),
        Effect::TellFront => "tell".to_owned(),
        Effect::Refuse(_) => "refuse".to_owned(),
        Effect::Verdict(verdict) => format!("verdict {:?}", verdict.outcome),
        Effect::Joined(_) => "joined".to_owned(),
        Effect::CancelAnswer(answer) => format!("cancel {}", if answer.is_ok() { "yes" } else { "no" }),
        Effect::SafeModeEntered(_) => "safe".to_owned(),
        Effect::SafeModeLeft => "unsafe".to_owned(),
    }
}

pub(super) fn ended(worker: WorkerId, hopeless: bool) -> Event {
    Event::Ended { worker, reason: "signal 9".to_owned(), hopeless }
}

pub(super) fn ready(worker: WorkerId) -> Event {
    Event::Ready(worker, WorkerReady { generation: 1, open_tasks: 0, migration: None })
}

pub(super) fn prepared(worker: WorkerId, migration_due: bool, reversible: bool) -> Event {
    let prepared = WorkerPrepared { schema: 2, found: 1, migration_due, reversible, open_tasks: 0 };
    Event::Prepared(worker, prepared)
}
