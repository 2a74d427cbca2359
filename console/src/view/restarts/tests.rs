//! What the restarts look like.

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::Outcome;
use task_orchestrator_shared::role::Role;

use crate::model::Model;
use crate::msg::Msg;
use crate::sample::{at, connected, drawn, now, pictures, press, running, text_of, view};
use crate::screen::Screen;
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::update;

fn shown(view: task_orchestrator_shared::admin::view::View) -> Model {
    let mut model = connected(view, Role::Admin);
    model.screen = Screen::Restarts;
    model
}

#[test]
fn earlier_ones_and_the_chosen_one() {
    let mut model = shown(view(2));
    press(&mut model, &["j", "x", "j", "x"], now());
    model.settings.objective_ms = 200.0;
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn the_one_that_runs_with_its_build() {
    let mut view = view(2);
    let mut restart = running(Phase::Preparation);
    restart.build_output = (1..=40).map(|line| format!("   Compiling crate-{line} v0.1.{line}")).collect();
    view.restart = Some(restart);
    insta::assert_snapshot!(pictures(&shown(view)));
}

#[test]
fn one_in_full_on_a_small_screen() {
    let mut model = shown(view(2));
    press(&mut model, &["j", "j", "enter"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn none_yet() {
    let mut view = view(2);
    view.history = Some(Default::default());
    insta::assert_snapshot!(pictures(&shown(view)));
}

#[test]
fn what_does_not_fit_on_a_small_screen_is_scrolled() {
    let mut view = view(2);
    let mut last = running(Phase::ServiceResume);
    last.report.outcome = Some(Outcome::Complete);
    last.report.completed_at = Some(at(0));
    last.build_output = vec!["   Compiling shop v0.1.1".to_owned(), "    Finished".to_owned()];
    view.restart = Some(last);
    let mut model = shown(view);
    model.size = (40, 10);
    let draw = |model: &mut Model| {
        let buffer = drawn(model, 40, 10, Symbols::Unicode, Depth::Ansi16);
        let page_rows = 7;
        update(model, Msg::Drawn { page_rows }, now());
        text_of(&buffer)
    };
    press(&mut model, &["enter"], now());
    let first = draw(&mut model);
    assert!(first.contains("complete at 12:00:00") && first.contains("more below"), "{first}");
    press(&mut model, &["G"], now());
    let last = draw(&mut model);
    assert!(last.contains("    Finished") && !last.contains("more below"), "{last}");
    press(&mut model, &["j"], now());
    assert!(draw(&mut model).contains("Restart r-1"), "another one is read from its beginning");
}

#[test]
fn what_the_build_said_last_is_seen_at_once_in_the_usual_terminal() {
    let mut view = view(2);
    let mut last = running(Phase::Preparation);
    last.report.phase = Phase::Failed;
    last.report.outcome = Some(Outcome::Failed);
    last.report.completed_at = Some(at(0));
    last.build_output = (1..=9).map(|line| format!("   Compiling crate-{line}")).collect();
    last.build_output.push("error: no such crate".to_owned());
    view.restart = Some(last);
    let model = shown(view);
    let text = text_of(&drawn(&model, 80, 24, Symbols::Unicode, Depth::None));
    assert!(text.contains("error: no such crate"), "{text}");
    assert!(text.contains("were not reached") && !text.contains("8 service_resume"), "{text}");
}

#[test]
fn enter_reads_one_in_full_in_the_usual_terminal_too() {
    let mut model = shown(view(2));
    model.size = (80, 24);
    press(&mut model, &["enter"], now());
    let text = text_of(&drawn(&model, 80, 24, Symbols::Unicode, Depth::None));
    assert!(text.contains("Restart r-") && !text.contains("ended    outcome"), "{text}");
    press(&mut model, &["esc"], now());
    let text = text_of(&drawn(&model, 80, 24, Symbols::Unicode, Depth::None));
    assert!(text.contains("ended    outcome"), "{text}");
}
