//! What the restarts look like.

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::role::Role;

use crate::model::Model;
use crate::sample::{connected, now, pictures, press, running, view};
use crate::screen::Screen;

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
