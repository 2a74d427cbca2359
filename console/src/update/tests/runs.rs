//! Random messages of every kind, and what holds after each of them.

use std::cell::Cell;
use std::time::Duration;

use crossterm::event::KeyCode;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use task_orchestrator_shared::admin::log::{LogLevel, LogLine, LogLines};
use task_orchestrator_shared::admin::view::{Change, Delta};
use task_orchestrator_shared::admin::{Done, Reply, Skew};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::role::Role;

use super::{bar, dangerous};
use crate::action::ACTIONS;
use crate::heard::{Answer, Heard, LostKind, Tag};
use crate::key::{Key, Press};
use crate::model::dialog::{Content, Focus};
use crate::model::filter::MAX_FILTER;
use crate::model::notice::MAX_NOTICES;
use crate::model::prompt::Prompt;
use crate::model::{MAX_ASKED, Model, Now, rows};
use crate::msg::{Effect, Hit, Msg};
use crate::sample::{connected, now, readiness, running, session, view, welcome};
use crate::screen::Screen;
use crate::targets::TargetRow;
use crate::update::{update, wake};

/// A message, as far as it can be said before the model is known.
#[derive(Debug, Clone)]
enum Step {
    Msg(Msg),
    /// The answer to one of the last questions.
    Answer(u64, Answer),
    /// The next delta, or one that comes out of order.
    Delta(u64, Vec<Change>),
    /// What somebody does next who means what the dialog asks.
    Meant,
}

fn key() -> impl Strategy<Value = Press> {
    let bound: Vec<Key> =
        ACTIONS.iter().flat_map(|action| action.keys).map(|key| key.parse().unwrap()).collect();
    let letter = prop::char::range(' ', '~').prop_map(|letter| Key::plain(KeyCode::Char(letter)));
    let moves = [KeyCode::Enter, KeyCode::Tab, KeyCode::Up, KeyCode::Esc].map(Key::plain);
    let key = prop_oneof![
        4 => prop::sample::select(bound),
        1 => letter,
        4 => prop::sample::select(moves.to_vec()),
        2 => prop::sample::select(["r", "b", "E", "M", "R", "Q"].map(|key| key.parse().unwrap()).to_vec()),
    ];
    (key, prop::bool::weighted(0.1)).prop_map(|(key, repeats)| Press { key, repeats })
}

fn hit() -> impl Strategy<Value = Hit> {
    prop_oneof![
        prop::sample::select(Screen::ALL.to_vec()).prop_map(Hit::Screen),
        (0_u64..9).prop_map(|number| Hit::Row(session(number).client)),
        prop::sample::select(ACTIONS.to_vec()).prop_map(|action| Hit::Action(action.id)),
        (0_usize..90).prop_map(Hit::Item),
        (0_usize..6).prop_map(Hit::Field),
        Just(Hit::Column("client")),
        Just(Hit::Typed),
        Just(Hit::Cancel),
        Just(Hit::Confirm),
    ]
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![1 => prop::sample::select(Role::ALL.to_vec()), 4 => Just(Role::Admin)]
}

fn whole() -> impl Strategy<Value = Heard> {
    let parts = (0_u64..9, 12_u64..14, prop::bool::weighted(0.1), prop::bool::weighted(0.2));
    parts.prop_map(|(sessions, generation, is_other, runs)| {
        let mut view = view(sessions);
        view.server.generation = generation;
        if is_other {
            view.boot = "boot-2".to_owned();
        }
        view.restart = runs.then(|| running(Phase::StateSerialization));
        Heard::View { view: Box::new(view) }
    })
}

fn line() -> LogLine {
    LogLine {
        at: crate::sample::at(0),
        level: Some(LogLevel::Info),
        process: "front".to_owned(),
        pid: Some(4100),
        target: "restart".to_owned(),
        text: "a line".to_owned(),
    }
}

fn heard() -> impl Strategy<Value = Heard> {
    let kind = prop_oneof![Just(LostKind::NoServer), Just(LostKind::Broken)];
    let skew = prop_oneof![Just(Skew::UpgradeClient), Just(Skew::UpgradeServer)];
    prop_oneof![
        2 => (0_u32..9).prop_map(|attempt| Heard::Connecting { attempt }),
        4 => role().prop_map(|role| Heard::Live { welcome: welcome(role) }),
        1 => (role(), skew).prop_map(|(role, skew)| Heard::Incompatible { welcome: welcome(role), skew }),
        6 => whole(),
        2 => (kind, 0_u64..9000).prop_map(|(kind, retry_in_ms)| Heard::Lost { why: "lost".to_owned(), kind, retry_in_ms }),
        1 => (0_u64..9000).prop_map(|retry_in_ms| Heard::Denied { why: "denied".to_owned(), retry_in_ms }),
        2 => Just(Heard::Silent),
        3 => Just(Heard::Alive),
        1 => (0_usize..4).prop_map(|count| Heard::LogBegins { lines: vec![line(); count] }),
        1 => (0_usize..40, 0_u64..3).prop_map(|(count, missed)| Heard::Log { lines: LogLines { lines: vec![line(); count], missed } }),
        1 => Just(Heard::LogEnds { why: "ended".to_owned() }),
    ]
}

fn reply() -> impl Strategy<Value = Answer> {
    let reply = prop_oneof![
        4 => Just(readiness()),
        1 => Just(Reply::Done(Done { message: "done".to_owned() })),
        1 => Just(Reply::Config(Vec::new())),
        1 => Just(Reply::Audit(Vec::new())),
        1 => Just(Reply::Pruned(Box::default())),
    ];
    prop_oneof![
        5 => reply.prop_map(|reply| Answer::Reply(Box::new(reply))),
        1 => Just(Answer::Failed("failed".to_owned())),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0_u64..12).prop_map(|number| Change::Session(Box::new(session(number)))),
        (0_u64..12).prop_map(Change::SessionEnded),
        (12_u64..14, any::<bool>()).prop_map(|(generation, held)| {
            let mut server = view(0).server;
            (server.generation, server.held_by_operator) = (generation, held);
            Change::Server(Box::new(server))
        }),
        Just(Change::Restart(Box::new(running(Phase::TaskSuspension)))),
        Just(Change::Backups(Vec::new())),
        Just(Change::DeadLetters(Vec::new())),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let target =
        || TargetRow { socket: "/s".into(), workspace: "/w/other".into(), detail: "runs".to_owned() };
    prop_oneof![
        40 => key().prop_map(|press| Step::Msg(Msg::Key(press))),
        6 => heard().prop_map(|heard| Step::Msg(Msg::Heard(heard))),
        12 => (0_u64..3, reply()).prop_map(|(back, answer)| Step::Answer(back, answer)),
        4 => (prop_oneof![9 => Just(1_u64), 1 => 0_u64..5], vec(change(), 1..3)).prop_map(|(seq, changes)| Step::Delta(seq, changes)),
        40 => Just(Step::Meant),
        4 => hit().prop_map(|hit| Step::Msg(Msg::Click(hit))),
        2 => any::<bool>().prop_map(|down| Step::Msg(Msg::Wheel { down })),
        2 => "\\PC{0,30}".prop_map(|text| Step::Msg(Msg::Paste(text))),
        4 => Just(Step::Msg(Msg::Tick)),
        2 => (0_u16..130, 0_u16..45).prop_map(|(width, height)| Step::Msg(Msg::Resize(width, height))),
        1 => (0_usize..50).prop_map(|page_rows| Step::Msg(Msg::Drawn { page_rows })),
        1 => (0_usize..3).prop_map(move |count| Step::Msg(Msg::Targets(vec![target(); count]))),
        1 => any::<bool>().prop_map(|ok| Step::Msg(Msg::Started(if ok { Ok(()) } else { Err("no".to_owned()) }))),
        1 => any::<bool>().prop_map(|ok| Step::Msg(Msg::Said(if ok { Ok("said".to_owned()) } else { Err("no".to_owned()) }))),
    ]
}

impl Step {
    fn msg(self, model: &Model) -> Msg {
        match self {
            Self::Msg(msg) => msg,
            Self::Answer(back, answer) => {
                Msg::Heard(Heard::Answer { tag: Tag(model.last_tag.saturating_sub(back)), answer })
            }
            Self::Delta(ahead, changes) => {
                let known = model.seen.as_ref().map_or(0, |seen| seen.view.seq);
                let delta = Delta { seq: known + ahead, at: crate::sample::at(0), changes };
                Msg::Heard(Heard::Delta { delta })
            }
            Self::Meant => meant(model),
        }
    }
}

fn meant(model: &Model) -> Msg {
    let press = |code| Msg::Key(Press { key: Key::plain(code), repeats: false });
    let Prompt::Confirm(dialog) = &model.prompt else { return Msg::Tick };
    let is_empty = |at: usize| {
        let content = dialog.fields.get(at).map(|field| &field.content);
        matches!(content, Some(Content::Text(input, true)) if input.value().trim().is_empty())
    };
    match dialog.focus {
        Focus::Confirm => press(KeyCode::Enter),
        Focus::Field(at) if is_empty(at) => Msg::Paste("it hangs".to_owned()),
        Focus::Typed if dialog.typed.value().is_empty() => Msg::Paste(dialog.word.clone()),
        Focus::Field(_) | Focus::Typed | Focus::Cancel => press(KeyCode::Tab),
    }
}

/// What holds after a message.
fn check(before: &Model, msg: &Msg, effects: &[Effect], after: &Model) {
    let confirmed = dangerous(effects);
    if let Some(order) = confirmed.first() {
        // The time of the message counts, not that of the one before.
        let mut asked = before.clone();
        asked.now = after.now;
        // A click confirms as well as a key, and nothing else does.
        assert!(matches!(msg, Msg::Key(press) if !press.repeats) || matches!(msg, Msg::Click(Hit::Confirm)));
        assert_eq!(bar(&asked), None, "{order:?}");
        let Prompt::Confirm(dialog) = &before.prompt else { panic!("no dialog: {order:?}") };
        assert!(after.now.since(dialog.opened) >= Duration::from_millis(400), "not armed: {order:?}");
        assert_eq!(dialog.void, None);
        assert!(before.link.takes_orders());
        let generation = before.seen.as_ref().map(|seen| seen.view.server.generation);
        assert_eq!(order.context().expected_generation, generation);
        assert!(order.context().idempotency_key.is_some());
        assert_eq!(confirmed.len(), 1);
    }
    assert!(after.asked.len() <= MAX_ASKED && after.notices.len() <= MAX_NOTICES);
    assert!(after.last_tag >= before.last_tag);
    let mut last = before.last_tag;
    for effect in effects {
        if let Effect::Send { tag, .. } = effect {
            assert!(tag.0 > last && tag.0 <= after.last_tag, "a tag is used once");
            last = tag.0;
        }
    }
    if let (Some(one), Some(other)) = (&before.frozen, &after.frozen) {
        assert_eq!(one, other, "what is frozen does not change");
    }
    let is_switched = effects.iter().any(|effect| matches!(effect, Effect::Switch(_)));
    if !matches!(msg, Msg::Heard(_)) && !is_switched {
        assert_eq!(before.link, after.link, "only the link tells how it is");
        assert_eq!(before.seen, after.seen, "only the server tells how it is");
    }
    if let (Prompt::Confirm(one), Prompt::Confirm(other)) = (&before.prompt, &after.prompt)
        && one.opened == other.opened
        && one.ask == other.ask
    {
        assert!(one.void.is_none() || other.void.is_some(), "void once is void for good");
    }
    match &after.prompt {
        Prompt::Filter(filter) => assert!(filter.input.value().chars().count() <= MAX_FILTER),
        Prompt::Choose(choose) => assert!(choose.at < choose.items.len().max(1)),
        Prompt::Confirm(dialog) => assert!(dialog.places().contains(&dialog.focus), "{:?}", dialog.focus),
        _ => {}
    }
    if let Some(rows) = rows::of(after)
        && after.screen != Screen::Logs
    {
        let list = after.list();
        let order = rows::arranged(&*rows, &list);
        let place = rows::place(&*rows, &order, &list);
        assert!(place < order.len().max(1) && list.top < order.len().max(1));
    }
    if matches!(msg, Msg::Tick) {
        assert!(wake::next(after, after.now).is_none_or(|next| !next.is_zero()), "it would spin");
    }
}

#[test]
fn whatever_happens_no_order_comes_but_from_a_confirmed_dialog() {
    // The same in every run; and it has to come to confirmed orders, or it shows nothing.
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 150, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let orders = Cell::new(0_usize);
    let runs = vec((step(), 0_u64..700), 1..160);
    runner
        .run(&(runs, 0_u16..130, 0_u16..45), |(steps, width, height)| {
            let mut model = connected(view(7), Role::Admin);
            let mut at = now().running;
            for (number, (step, wait)) in steps.into_iter().enumerate() {
                let msg = step.msg(&model);
                at += Duration::from_millis(wait);
                let before = model.clone();
                let effects = update(&mut model, msg.clone(), Now { running: at, ..now() });
                check(&before, &msg, &effects, &model);
                orders.set(orders.get() + dangerous(&effects).len());
                if number % 16 == 0 {
                    draw(&model, width, height);
                }
            }
            draw(&model, width, height);
            Ok(())
        })
        .unwrap();
    assert!(orders.get() > 20, "only {} orders in all runs", orders.get());
}

fn draw(model: &Model, width: u16, height: u16) {
    for area in [Rect::new(0, 0, width, height), Rect::new(0, 0, model.size.0, model.size.1)] {
        crate::view::view(model, area, &mut Buffer::empty(area));
    }
}
