//! How the screen looks: with the details beside the list, alone, and where there are none.

use task_orchestrator_shared::role::Role;

use crate::action::ActionId;
use crate::model::Model;
use crate::model::known::{Fetched, Held};
use crate::model::list::Direction;
use crate::sample;
use crate::screen::Screen;

fn shown(sessions: u64) -> Model {
    let mut model = sample::connected(sample::view(sessions), Role::Admin);
    model.screen = Screen::Connections;
    model
}

/// With the details of this session.
fn detailed(sessions: u64, number: u64) -> Model {
    let mut model = shown(sessions);
    model.list_mut().chosen = Some(sample::session(number).client);
    let value = sample::detail(number);
    let held = Held { value, at: sample::now(), boot: "boot-1".to_owned() };
    model.session = Fetched::Have(Box::new(held));
    model
}

#[test]
fn the_list_with_the_chosen_session() {
    insta::assert_snapshot!(sample::pictures(&detailed(40, 6)));
}

#[test]
fn the_chosen_session_alone() {
    let mut model = detailed(40, 6);
    model.is_open = true;
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn without_any_and_without_the_right_to_more() {
    insta::assert_snapshot!("nobody", sample::pictures(&shown(0)));
    let mut model = sample::connected(sample::view(5), Role::Readonly);
    model.screen = Screen::Connections;
    insta::assert_snapshot!("readonly", sample::pictures(&model));
    let mut model = sample::unconnected();
    model.screen = Screen::Connections;
    insta::assert_snapshot!("unconnected", sample::pictures(&model));
}

#[test]
fn sorted_and_filtered() {
    let mut model = shown(40);
    model.list_mut().sort = Some(("buffered", Direction::Down));
    model.list_mut().filter = crate::model::filter::Filter::parse("state:waiting", &["state"]).unwrap();
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn what_is_old_looks_old() {
    let mut model = detailed(5, 2);
    let lost = crate::heard::Heard::Lost {
        why: "the server ended".to_owned(),
        kind: crate::heard::LostKind::Broken,
        retry_in_ms: 400,
    };
    crate::update::update(&mut model, crate::msg::Msg::Heard(lost), sample::now());
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn details_alone_can_be_scrolled_to_their_end() {
    let mut model = detailed(40, 6);
    model.is_open = true;
    model.page_rows = 5;
    let perform = |model: &mut Model, action: ActionId| {
        let key = model.settings.keymap.keys(action).first().copied().unwrap();
        let press = crate::key::Press { key, repeats: false };
        crate::update::update(model, crate::msg::Msg::Key(press), sample::now());
    };
    let lines = super::detail_lines(&model);
    perform(&mut model, ActionId::Bottom);
    assert_eq!(model.list().detail_top, lines - 5);
    perform(&mut model, ActionId::PageUp);
    assert_eq!(model.list().detail_top, lines - 10);
    perform(&mut model, ActionId::Down);
    assert_eq!(model.list().detail_top, 0, "another session is read from its beginning");
    assert_eq!(model.list().chosen, Some(sample::session(7).client));
}
