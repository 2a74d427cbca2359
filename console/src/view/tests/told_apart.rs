//! States are told apart by a word or a sign, never by a colour alone.

use std::collections::BTreeMap;

use task_orchestrator_shared::admin::Skew;
use task_orchestrator_shared::admin::audit::AuditOutcome;
use task_orchestrator_shared::admin::view::SessionState;
use task_orchestrator_shared::report::Level;
use task_orchestrator_shared::restart::Outcome;
use task_orchestrator_shared::role::Role;

use crate::heard::{Heard, LostKind};
use crate::model::rows::{audit, sessions};
use crate::model::{Model, checks, steps};
use crate::msg::Msg;
use crate::sample::{connected, drawn, now, text_of, unconnected, view, welcome};
use crate::screen::Screen;
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::update;
use crate::view::{chrome, restarts};
use crate::widgets::level_look;

/// None of these is said like another one, in letters and signs alone.
fn differ<T: std::fmt::Debug>(told: impl IntoIterator<Item = (T, String)>) {
    let mut seen: BTreeMap<String, T> = BTreeMap::new();
    for (what, said) in told {
        assert!(!said.trim().is_empty(), "{what:?} is said by nothing");
        if let Some(other) = seen.insert(said.clone(), what) {
            panic!("{other:?} and {:?} are both said as {said:?}", seen.get(&said));
        }
    }
}

#[test]
fn how_something_is_differs_without_colours() {
    for symbols in [Symbols::Unicode, Symbols::Ascii] {
        let levels = [Level::Healthy, Level::Degraded, Level::Unhealthy];
        differ(levels.map(|level| (level, symbols.of(level_look(Some(level)).0).to_owned())));
        differ(levels.map(|level| (level, checks::level(level).to_owned())));
        let outcomes = [Outcome::Complete, Outcome::Failed, Outcome::RolledBack, Outcome::Cancelled];
        let outcomes = outcomes.map(Some).into_iter().chain([None]);
        differ(outcomes.clone().map(|outcome| (outcome, steps::outcome(outcome).to_owned())));
        differ(outcomes.map(|outcome| {
            (outcome, format!("{} {}", symbols.of(restarts::look(outcome).0), steps::outcome(outcome)))
        }));
    }
    let ends = [AuditOutcome::Done, AuditOutcome::Failed, AuditOutcome::Refused, AuditOutcome::Unknown];
    differ(ends.map(|end| (end, audit::outcome_word(end).plain().into_owned())));
    let states = [SessionState::Idle, SessionState::Active, SessionState::Waiting, SessionState::Slow];
    differ(states.map(|state| (state, sessions::state(state).0.to_owned())));
}

/// The link in each of its states, with and without something that was seen before.
fn links() -> Vec<(&'static str, Vec<Heard>)> {
    let lost = |kind| Heard::Lost { why: "it ended".to_owned(), kind, retry_in_ms: 4000 };
    let incompatible = |skew| Heard::Incompatible { welcome: welcome(Role::Admin), skew };
    let live = || Heard::Live { welcome: welcome(Role::Admin) };
    vec![
        ("connecting", vec![Heard::Connecting { attempt: 1 }]),
        ("live", vec![live()]),
        ("stale", vec![live(), Heard::Silent]),
        ("waiting", vec![lost(LostKind::NoServer)]),
        ("trying again", vec![lost(LostKind::Broken), Heard::Connecting { attempt: 2 }]),
        ("the server is old", vec![incompatible(Skew::UpgradeServer)]),
        ("the console is old", vec![incompatible(Skew::UpgradeClient)]),
        ("denied", vec![Heard::Denied { why: "you are not of the group".to_owned(), retry_in_ms: 9000 }]),
    ]
}

fn after(mut model: Model, events: Vec<Heard>) -> Model {
    for heard in events {
        update(&mut model, Msg::Heard(heard), now());
    }
    model
}

#[test]
fn how_the_link_is_differs_without_colours_and_stands_on_every_screen() {
    for symbols in [Symbols::Unicode, Symbols::Ascii] {
        differ(links().into_iter().map(|(name, events)| {
            let (symbol, _, words) = chrome::link(&after(unconnected(), events));
            (name, format!("{} {words}", symbols.of(symbol)))
        }));
    }
    for (name, events) in links() {
        for model in [unconnected(), connected(view(3), Role::Admin)] {
            let mut model = after(model, events.clone());
            for screen in Screen::ALL {
                model.screen = screen;
                for (width, height) in [(120, 40), (80, 24), (40, 10), (40, 1)] {
                    let text = text_of(&drawn(&model, width, height, Symbols::Ascii, Depth::None));
                    let state = model.link.name();
                    assert!(text.contains(state), "{name} on {screen:?} at {width}x{height}:\n{text}");
                }
            }
        }
    }
}

#[test]
fn what_was_seen_before_is_told_with_why_it_is_old() {
    let seen = |events| {
        let model = after(connected(view(3), Role::Admin), events);
        text_of(&drawn(&model, 120, 40, Symbols::Unicode, Depth::None))
    };
    let denied = seen(vec![Heard::Denied { why: "you are not of the group".to_owned(), retry_in_ms: 9000 }]);
    assert!(denied.contains("Denied, tried again in 9 s"), "{denied}");
    assert!(denied.contains("refuses this console: you are not of the group"), "{denied}");
    assert!(denied.contains("what is shown was so at"), "{denied}");
    let old = seen(vec![Heard::Incompatible { welcome: welcome(Role::Admin), skew: Skew::UpgradeServer }]);
    assert!(old.contains("Incompatible: upgrade the server"), "{old}");
}

#[test]
fn nobody_is_ordered_about_by_a_console_of_another_version() {
    let events = [
        Heard::Incompatible { welcome: welcome(Role::Admin), skew: Skew::UpgradeServer },
        Heard::View { view: Box::new(view(3)) },
    ];
    let mut model = after(unconnected(), events.to_vec());
    assert!(model.view().unwrap().1.is_live(), "what it says is so");
    assert_eq!(model.target.name, "shop", "it is known whose server it is");
    for key in ["r", "b", "E", "M", "R", "Q", "X", "ctrl-b"] {
        let effects = crate::sample::press(&mut model, &[key], now());
        assert_eq!(effects, [], "{key}");
        assert!(matches!(model.prompt, crate::model::prompt::Prompt::None), "{key} asks what cannot be");
        assert!(model.notice().unwrap().text.contains("only look"), "{:?}", model.notice());
    }
}
