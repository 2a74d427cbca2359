//! What came of a question.

use task_orchestrator_shared::admin::{Refusal, Reply};

use super::dialogs;
use crate::heard::{Answer, Tag};
use crate::model::known::{Fetched, Held};
use crate::model::{Asked, Model, Purpose};
use crate::msg::Effect;

/// Takes an answer in. One that nobody waits for any more is dropped.
pub(super) fn take(model: &mut Model, tag: Tag, answer: Answer) -> Vec<Effect> {
    let Some(Asked { purpose, .. }) = model.asked.remove(&tag) else { return Vec::new() };
    let reply = match answer {
        Answer::Reply(reply) => match *reply {
            Reply::Refused(refusal) => Err(words(&refusal)),
            reply => Ok(reply),
        },
        Answer::Failed(why) => Err(why),
    };
    let boot = model.seen.as_ref().map(|seen| seen.view.boot.clone()).unwrap_or_default();
    let at = model.now;
    macro_rules! fetched {
        ($place:ident, $pattern:pat => $value:expr) => {
            match reply {
                Ok($pattern) => model.$place = Fetched::Have(Box::new(Held { value: $value, at, boot })),
                Ok(_) => model.$place = Fetched::Failed(OTHER_ANSWER.to_owned()),
                Err(why) => model.$place = Fetched::Failed(why),
            }
        };
    }
    match purpose {
        Purpose::Config => fetched!(config, Reply::Config(entries) => entries),
        Purpose::Audit => fetched!(audit, Reply::Audit(records) => records),
        Purpose::Tasks => fetched!(tasks, Reply::Tasks(tree) => *tree),
        Purpose::Session => {
            fetched!(session, Reply::Session(detail) => *detail);
            return super::poll::detail_answered(model);
        }
        Purpose::Page => super::pages::answered(model, tag, reply),
        Purpose::Facts => dialogs::answered(model, tag, reply),
        Purpose::Order(ask) => return super::pages::ordered(model, &ask, reply),
        Purpose::Small(action) => super::pages::answered_small(model, action.label, reply),
    }
    Vec::new()
}

const OTHER_ANSWER: &str = "the server answered another question than was asked; it is of another version";

fn words(refusal: &Refusal) -> String {
    format!("{} {}", refusal.error, refusal.hint)
}
