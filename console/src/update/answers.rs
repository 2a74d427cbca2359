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

/// What was refused, and what to do about it: two sentences, however the first ends.
pub(super) fn refusal_in_words(error: &str, hint: &str) -> String {
    let error = error.trim_end();
    match hint.trim() {
        "" => error.to_owned(),
        hint if error.ends_with(['.', '!', '?', ':', ';']) => format!("{error} {hint}"),
        hint if hint.starts_with(char::is_uppercase) => format!("{error}. {hint}"),
        hint => format!("{error}; {hint}"),
    }
}

fn words(refusal: &Refusal) -> String {
    refusal_in_words(&refusal.error, &refusal.hint)
}

#[cfg(test)]
mod tests {
    use super::refusal_in_words;

    #[test]
    fn a_refusal_and_its_hint_are_two_sentences() {
        for (error, hint, told) in [
            ("it is busy", "Ask again.", "it is busy. Ask again."),
            ("it is busy", "ask again", "it is busy; ask again"),
            ("It is busy.", "Ask again.", "It is busy. Ask again."),
            ("it is busy", "", "it is busy"),
        ] {
            assert_eq!(refusal_in_words(error, hint), told);
        }
    }
}
