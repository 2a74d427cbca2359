//! How the screen looks: with letters, with one alone, without any, and where they may not
//! be seen.

use task_orchestrator_shared::role::Role;

use crate::model::Model;
use crate::sample;
use crate::screen::Screen;

fn shown(role: Role) -> Model {
    let mut model = sample::connected(sample::view(3), role);
    model.screen = Screen::DeadLetters;
    model
}

#[test]
fn letters_and_the_chosen_one() {
    let mut model = shown(Role::Admin);
    model.list_mut().chosen = Some("2".to_owned());
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn one_alone() {
    let mut model = shown(Role::Admin);
    model.is_open = true;
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn none_and_not_to_be_seen_differ() {
    let mut view = sample::view(1);
    view.dead_letters = Some(Vec::new());
    let mut model = sample::connected(view, Role::Admin);
    model.screen = Screen::DeadLetters;
    insta::assert_snapshot!("none", sample::pictures(&model));
    let mut view = sample::view(1);
    view.dead_letters = None;
    let mut model = sample::connected(view, Role::Readonly);
    model.screen = Screen::DeadLetters;
    insta::assert_snapshot!("not_allowed", sample::pictures(&model));
}
