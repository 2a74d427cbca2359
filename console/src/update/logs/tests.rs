use task_orchestrator_shared::admin::log::{LogFilter, LogLines};
use task_orchestrator_shared::role::Role;

use crate::heard::Heard;
use crate::model::Model;
use crate::msg::{Effect, Msg};
use crate::sample::{connected, log_lines, now, view};
use crate::screen::Screen;
use crate::update::update;

fn on_logs(lines: u64) -> Model {
    let mut model = connected(view(3), Role::Monitor);
    press(&mut model, "7");
    hear(&mut model, Heard::LogBegins { lines: log_lines(lines) });
    update(&mut model, Msg::Drawn { page_rows: 10 }, now());
    model
}

fn hear(model: &mut Model, heard: Heard) -> Vec<Effect> {
    update(model, Msg::Heard(heard), now())
}

fn press(model: &mut Model, key: &str) -> Vec<Effect> {
    let press = crate::key::Press { key: key.parse().unwrap(), repeats: false };
    update(model, Msg::Key(press), now())
}

fn new_below(model: &Model) -> usize {
    model.logs.new_below(model.logs.at(super::shape(model)).unwrap())
}

fn wanted(effects: &[Effect]) -> Option<&LogFilter> {
    match effects {
        [Effect::Follow(filter)] => Some(filter),
        _ => None,
    }
}

#[test]
fn the_log_is_followed_while_it_is_shown() {
    let mut model = connected(view(3), Role::Monitor);
    let effects = press(&mut model, "7");
    assert_eq!(wanted(&effects), Some(&LogFilter { tail: 1000, ..LogFilter::default() }));
    assert_eq!(press(&mut model, "7"), []);
    assert_eq!(press(&mut model, "8"), [Effect::Unfollow]);
    assert!(wanted(&press(&mut model, "7")).is_some());
    let mut model = connected(view(3), Role::Readonly);
    assert_eq!(press(&mut model, "7"), []);
}

#[test]
fn level_and_session_are_asked_of_the_server() {
    let mut model = on_logs(5);
    let effects = press(&mut model, "v");
    assert_eq!(wanted(&effects).unwrap().level.unwrap().as_str(), "debug");
    let chosen = model.seen.as_ref().unwrap().view.sessions[1].client.clone();
    model.lists.entry(Screen::Connections).or_default().chosen = Some(chosen.clone());
    assert_eq!(wanted(&press(&mut model, "i")).unwrap().session, Some(chosen));
    assert_eq!(model.screen, Screen::Logs);
    hear(&mut model, Heard::LogBegins { lines: log_lines(2) });
    assert_eq!(model.logs.count(), 2, "lines of the question before are gone");
    assert_eq!(wanted(&press(&mut model, "i")).unwrap().session, None);
}

#[test]
fn who_moves_away_from_the_newest_line_stays_and_who_comes_back_follows() {
    let mut model = on_logs(30);
    press(&mut model, "k");
    assert_eq!(model.logs.held.unwrap().at.line, 28);
    hear(&mut model, Heard::Log { lines: LogLines { lines: log_lines(37), missed: 0 } });
    assert_eq!((model.logs.held.unwrap().at.line, new_below(&model)), (28, 37));
    press(&mut model, "j");
    assert_eq!((model.logs.held.unwrap().at.line, new_below(&model)), (29, 37));
    press(&mut model, "g");
    assert_eq!(model.logs.held.unwrap().at.line, 9, "the page begins with the first line");
    press(&mut model, "k");
    assert_eq!(model.logs.held.unwrap().at.line, 9);
    for _ in 0..7 {
        press(&mut model, "ctrl-d");
    }
    assert_eq!((model.logs.held, new_below(&model)), (None, 0));
    press(&mut model, "f");
    assert_eq!(model.logs.held.unwrap().at.line, 66);
    press(&mut model, "f");
    assert_eq!(model.logs.held, None);
}

#[test]
fn a_frozen_view_holds_the_log_until_it_goes_on() {
    let mut model = on_logs(30);
    press(&mut model, "space");
    assert_eq!(model.logs.held.unwrap().at.line, 29);
    hear(&mut model, Heard::Log { lines: LogLines { lines: log_lines(5), missed: 0 } });
    press(&mut model, "f");
    press(&mut model, "G");
    assert!(model.logs.held.is_some(), "frozen is frozen");
    press(&mut model, "space");
    assert_eq!(model.logs.held, None);
    // Who stayed somewhere before stays there behind it.
    press(&mut model, "k");
    press(&mut model, "space");
    press(&mut model, "space");
    assert!(model.logs.held.is_some());
}

#[test]
fn what_is_typed_as_a_filter_holds_at_once() {
    let mut model = on_logs(30);
    press(&mut model, "/");
    for letter in ["s", "n", "a", "p"] {
        press(&mut model, letter);
    }
    assert_eq!(model.logs.shown(), 10);
    hear(&mut model, Heard::Log { lines: LogLines { lines: log_lines(6), missed: 0 } });
    assert_eq!((model.logs.shown(), model.logs.count()), (12, 36));
    press(&mut model, "esc");
    assert_eq!(model.logs.shown(), 36);
}

#[test]
fn lines_that_were_asked_for_before_are_not_shown_as_those_of_another_level() {
    let mut model = on_logs(5);
    let shown = |model: &Model| {
        let drawn =
            crate::sample::drawn(model, 80, 24, crate::symbols::Symbols::Unicode, crate::theme::Depth::None);
        crate::sample::text_of(&drawn).contains("shown are those of before")
    };
    press(&mut model, "v");
    assert!(shown(&model));
    hear(&mut model, Heard::LogBegins { lines: log_lines(2) });
    assert!(!shown(&model));
}
