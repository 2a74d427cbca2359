//! How the screen looks: with work, without any, and where it may not be seen.

use task_orchestrator_shared::role::Role;

use crate::model::Model;
use crate::model::filter::Filter;
use crate::model::known::Fetched;
use crate::model::list::Direction;
use crate::sample;
use crate::screen::Screen;

fn with(role: Role) -> Model {
    let mut model = sample::connected(sample::view(2), role);
    model.screen = Screen::Tasks;
    model
}

fn shown() -> Model {
    let mut model = with(Role::Monitor);
    model.tasks = sample::tasks();
    model
}

#[test]
fn a_tree_with_a_closed_branch() {
    let mut model = shown();
    model.closed.insert("s2".to_owned());
    model.list_mut().chosen = Some("t3".to_owned());
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn a_task_alone() {
    let mut model = shown();
    model.list_mut().chosen = Some("t3".to_owned());
    model.is_open = true;
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn what_is_found_is_shown_with_what_it_belongs_to() {
    let mut model = shown();
    model.closed.insert("s2".to_owned());
    model.list_mut().filter = Filter::parse("deploy", &[]).unwrap();
    model.list_mut().sort = Some(("status", Direction::Up));
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn nothing_and_not_to_be_seen_differ() {
    let mut model = with(Role::Monitor);
    insta::assert_snapshot!("asked", sample::pictures(&model));
    model.tasks = Fetched::Failed("no worker is ready".to_owned());
    insta::assert_snapshot!("failed", sample::pictures(&model));
    insta::assert_snapshot!("not_allowed", sample::pictures(&with(Role::Readonly)));
}
