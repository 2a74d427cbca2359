use task_orchestrator_shared::role::Role;

use crate::heard::{Heard, LostKind};
use crate::model::{Model, Now};
use crate::msg::Msg;
use crate::sample::{connected, now, pictures, view};
use crate::screen::Screen;
use crate::update::update;

fn on_state(role: Role) -> Model {
    let mut model = connected(view(3), role);
    model.screen = Screen::State;
    model
}

#[test]
fn files_with_what_rotation_does_and_the_chosen_one() {
    let mut model = on_state(Role::Admin);
    model.list_mut().chosen = Some("backup_state_04.json".to_owned());
    model.list_mut().marked = vec!["backup_state_01.json".to_owned(), "current_state.json".to_owned()];
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn the_details_alone_where_there_is_no_room_for_both() {
    let mut model = on_state(Role::Admin);
    model.list_mut().chosen = Some("backup_state_02.json".to_owned());
    model.is_open = true;
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn nothing_is_there_or_it_may_not_be_seen_or_it_is_old() {
    let mut model = on_state(Role::Readonly);
    model.seen.as_mut().unwrap().view.backups = None;
    insta::assert_snapshot!("may_not", pictures(&model));
    let mut model = on_state(Role::Monitor);
    model.seen.as_mut().unwrap().view.backups = Some(Vec::new());
    insta::assert_snapshot!("none", pictures(&model));
    let mut model = on_state(Role::Monitor);
    let later = Now { running: now().running + std::time::Duration::from_secs(3), ..now() };
    let lost = Heard::Lost { why: "nobody listens".to_owned(), kind: LostKind::NoServer, retry_in_ms: 500 };
    update(&mut model, Msg::Heard(lost), later);
    insta::assert_snapshot!("old", pictures(&model));
}
