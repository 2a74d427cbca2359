//! What is asked anew, when, and that it is one question at a time.

use std::time::Duration;

use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::role::Role;

use crate::action::ActionId;
use crate::heard::{Answer, Heard, Tag};
use crate::key::Press;
use crate::model::known::Fetched;
use crate::model::{Model, Now};
use crate::msg::{Effect, Msg};
use crate::sample;
use crate::screen::Screen;
use crate::update::{update, wake};

fn later(millis: u64) -> Now {
    let now = sample::now();
    Now { running: now.running + Duration::from_millis(millis), ..now }
}

fn act(model: &mut Model, action: ActionId, now: Now) -> Vec<Effect> {
    let key = *model.settings.keymap.keys(action).first().unwrap();
    update(model, Msg::Key(Press { key, repeats: false }), now)
}

fn asked(effects: &[Effect]) -> Vec<(Tag, Request)> {
    let asked = effects.iter().filter_map(|effect| match effect {
        Effect::Send { tag, order } => Some((*tag, order.request().clone())),
        _ => None,
    });
    asked.collect()
}

fn session_of(number: u64) -> Request {
    Request::Session { session: sample::session(number).client }
}

fn answer(model: &mut Model, tag: Tag, answer: Answer, now: Now) -> Vec<Effect> {
    update(model, Msg::Heard(Heard::Answer { tag, answer }), now)
}

fn told(number: u64) -> Answer {
    Answer::Reply(Box::new(Reply::Session(Box::new(sample::detail(number)))))
}

#[test]
fn the_chosen_session_is_asked_for_every_two_seconds() {
    let mut model = sample::connected(sample::view(5), Role::Monitor);
    let [(tag, request)]: [_; 1] =
        asked(&act(&mut model, ActionId::Connections, later(0))).try_into().unwrap();
    assert_eq!(request, session_of(1));
    assert!(asked(&update(&mut model, Msg::Tick, later(2500))).is_empty(), "one question at a time");
    answer(&mut model, tag, told(1), later(2600));
    assert_eq!(model.session.value().map(|detail| detail.number), Some(1));
    let left = wake::next(&model, later(2600)).unwrap();
    assert!(left <= Duration::from_secs(2), "it wakes for it");
    assert!(asked(&update(&mut model, Msg::Tick, later(2700))).is_empty(), "it is too early");
    assert_eq!(asked(&update(&mut model, Msg::Tick, later(4500))).len(), 1);
}

#[test]
fn however_fast_one_moves_there_is_one_question_and_the_last_row_is_asked_for() {
    let mut model = sample::connected(sample::view(5), Role::Monitor);
    let first = asked(&act(&mut model, ActionId::Connections, later(0)));
    for _ in 0..3 {
        assert!(asked(&act(&mut model, ActionId::Down, later(10))).is_empty());
    }
    let next = asked(&answer(&mut model, first[0].0, told(1), later(20)));
    assert_eq!(next.iter().map(|(_, request)| request.clone()).collect::<Vec<_>>(), [session_of(4)]);
    assert!(asked(&answer(&mut model, next[0].0, told(4), later(30))).is_empty());
}

#[test]
fn an_answer_that_never_comes_is_given_up() {
    let mut model = sample::connected(sample::view(5), Role::Monitor);
    act(&mut model, ActionId::Connections, later(0));
    assert!(asked(&update(&mut model, Msg::Tick, later(9000))).is_empty());
    assert_eq!(asked(&update(&mut model, Msg::Tick, later(11_000))).len(), 1);
}

#[test]
fn why_it_failed_stays_until_there_is_an_answer() {
    let mut model = sample::connected(sample::view(5), Role::Monitor);
    let first = asked(&act(&mut model, ActionId::Tasks, later(0)));
    assert_eq!(first[0].1, Request::Tasks);
    answer(&mut model, first[0].0, Answer::Failed("no worker".to_owned()), later(10));
    assert_eq!(asked(&update(&mut model, Msg::Tick, later(4000))).len(), 0);
    assert_eq!(asked(&update(&mut model, Msg::Tick, later(5100))).len(), 1);
    assert_eq!(model.tasks, Fetched::Failed("no worker".to_owned()));
}

#[test]
fn nothing_is_asked_where_it_would_be_of_no_use() {
    let refused = sample::connected(sample::view(5), Role::Readonly);
    let frozen = {
        let mut model = sample::connected(sample::view(5), Role::Admin);
        act(&mut model, ActionId::Freeze, later(0));
        model
    };
    let silent = {
        let mut model = sample::connected(sample::view(5), Role::Admin);
        update(&mut model, Msg::Heard(Heard::Silent), later(0));
        model
    };
    for mut model in [refused, frozen, silent, sample::unconnected()] {
        model.screen = Screen::Connections;
        assert!(asked(&update(&mut model, Msg::Tick, later(60_000))).is_empty());
        model.screen = Screen::Tasks;
        assert!(asked(&update(&mut model, Msg::Tick, later(90_000))).is_empty());
        assert_eq!(super::left(&model, later(90_000)), None);
    }
}

#[test]
fn questions_that_are_never_answered_do_not_keep_an_order_from_being_given() {
    let mut model = sample::connected(sample::view(5), Role::Admin);
    let mut forgotten = 0;
    let mut count = |effects: Vec<Effect>| {
        forgotten += effects.iter().filter(|effect| matches!(effect, Effect::Forget(_))).count();
    };
    for round in 0..100 {
        let at = later(round * 11_000);
        for action in [ActionId::Connections, ActionId::Tasks, ActionId::Configuration, ActionId::Health] {
            count(act(&mut model, action, at));
            update(&mut model, Msg::Key(Press { key: "esc".parse().unwrap(), repeats: false }), at);
        }
        count(act(&mut model, ActionId::Prepare, at));
        count(update(&mut model, Msg::Click(crate::msg::Hit::Cancel), at));
        assert!(model.asked.len() <= 6, "{:?}", model.asked);
    }
    assert!(forgotten > 300, "the link is told of each: {forgotten}");
    assert!(matches!(model.tasks, Fetched::Failed(_)), "it is said: {:?}", model.tasks);
    let sent = asked(&act(&mut model, ActionId::Restart, later(2_000_000)));
    assert_eq!(sent.len(), 1, "{:?}", model.notice());
}

#[test]
fn what_was_known_stays_and_is_old_when_the_next_answer_does_not_come() {
    let mut model = sample::connected(sample::view(5), Role::Monitor);
    let [(tag, _)]: [_; 1] = asked(&act(&mut model, ActionId::Connections, later(0))).try_into().unwrap();
    answer(&mut model, tag, told(1), later(10));
    let is_live = |model: &Model| model.freshness_of(model.session.held().unwrap()).is_live();
    assert!(is_live(&model));
    assert_eq!(asked(&update(&mut model, Msg::Tick, later(2100))).len(), 1);
    act(&mut model, ActionId::Overview, later(2200));
    update(&mut model, Msg::Tick, later(12_200));
    assert!(!is_live(&model), "nobody has said so for ten seconds");
}
