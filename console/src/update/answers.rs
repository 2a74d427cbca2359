//! What came of a question; and what nobody waits for any more is forgotten, so that it
//! takes nobody's place among the [`MAX_ASKED`](crate::model::MAX_ASKED).

use std::time::Duration;

use task_orchestrator_shared::admin::{Refusal, Reply};

use super::dialogs;
use crate::heard::{Answer, Tag};
use crate::model::dialog::Facts;
use crate::model::known::{Fetched, Held};
use crate::model::prompt::Prompt;
use crate::model::{Asked, Model, Now, Purpose};
use crate::msg::Effect;

/// After this time the answer to what a screen asks for by itself is not waited for any more.
const GIVEN_UP: Duration = Duration::from_secs(10);

/// Forgets questions whose answer nobody waits for any more. What came of an order is
/// waited for as long as it takes.
pub(super) fn forget(model: &mut Model) -> Vec<Effect> {
    let is_over = |(tag, asked): &(&Tag, &Asked)| is_over(&model.prompt, model.now, **tag, asked);
    let over: Vec<Tag> = model.asked.iter().filter(is_over).map(|(tag, _)| *tag).collect();
    for tag in &over {
        if let Some(asked) = model.asked.remove(tag) {
            given_up(model, &asked.purpose);
        }
    }
    over.into_iter().map(Effect::Forget).collect()
}

fn is_over(prompt: &Prompt, now: Now, tag: Tag, asked: &Asked) -> bool {
    match asked.purpose {
        Purpose::Page => !matches!(prompt, Prompt::Page(page) if page.waits_for == Some(tag)),
        Purpose::Facts => {
            let facts = if let Prompt::Confirm(dialog) = prompt { Some(&dialog.facts) } else { None };
            !matches!(facts, Some(Facts::Asked(waits_for, _)) if *waits_for == tag)
        }
        Purpose::Tasks | Purpose::Config | Purpose::Audit | Purpose::Session => {
            now.since(asked.at) >= GIVEN_UP
        }
        Purpose::Order(_) | Purpose::Small(_) => false,
    }
}

fn given_up(model: &mut Model, purpose: &Purpose) {
    let why = "the server has not answered within 10 s";
    match purpose {
        Purpose::Tasks => model.tasks.give_up(why),
        Purpose::Config => model.config.give_up(why),
        Purpose::Audit => model.audit.give_up(why),
        Purpose::Session => model.session.give_up(why),
        Purpose::Page | Purpose::Facts | Purpose::Order(_) | Purpose::Small(_) => {}
    }
}

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
