//! What needs somebody, in its order, and what it looks like.

use task_orchestrator_shared::admin::Skew;
use task_orchestrator_shared::admin::view::{Change, Delta};
use task_orchestrator_shared::role::Role;

use super::calls;
use crate::action::ActionId;
use crate::heard::{Heard, LostKind};
use crate::model::Model;
use crate::msg::Msg;
use crate::sample::{at, connected, drawn, health, now, pictures, press, text_of, view, welcome};
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::update;

fn troubled() -> Model {
    let mut view = view(2);
    view.server.safe_mode = Some("5 crashes within a minute".to_owned());
    view.server.refusal = Some("safe mode".to_owned());
    view.server.audit_failure = Some("no space left on the device".to_owned());
    view.server.held_by_operator = true;
    view.health = Some(health(true));
    connected(view, Role::Admin)
}

#[test]
fn the_most_urgent_comes_first_with_what_helps() {
    let calls = calls(&troubled());
    let helps: Vec<_> = calls.iter().map(|call| call.help.unwrap()).collect();
    assert_eq!(helps, [ActionId::Rollback, ActionId::Audit, ActionId::Maintenance, ActionId::State]);
    assert!(calls.iter().all(|call| !call.text.is_empty()));
}

#[test]
fn nothing_is_called_for_where_all_is_well() {
    assert_eq!(calls(&connected(view(2), Role::Admin)), []);
}

#[test]
fn what_is_old_calls_for_nothing_but_a_connection() {
    let mut model = troubled();
    let lost = Heard::Lost { why: "it has ended".to_owned(), kind: LostKind::NoServer, retry_in_ms: 4000 };
    update(&mut model, Msg::Heard(lost), now());
    let calls = calls(&model);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].help, Some(ActionId::StartServer));
    assert!(calls[0].text.contains("12:00:00"), "{}", calls[0].text);
    let incompatible = Heard::Incompatible { welcome: welcome(Role::Admin), skew: Skew::UpgradeServer };
    update(&mut model, Msg::Heard(incompatible), now());
    assert!(super::calls(&model)[0].text.contains("install a newer"));
}

#[test]
fn trouble() {
    insta::assert_snapshot!(pictures(&troubled()));
}

#[test]
fn a_frozen_view_is_stamped_and_hides_nothing_urgent() {
    let mut model = connected(view(2), Role::Admin);
    press(&mut model, &["space"], now());
    let held = text_of(&drawn(&model, 120, 40, Symbols::Unicode, Depth::Ansi16));
    let mut server = model.seen.clone().unwrap().view.server;
    server.safe_mode = Some("5 crashes within a minute".to_owned());
    let delta = Delta { seq: 6, at: at(1), changes: vec![Change::Server(Box::new(server))] };
    update(&mut model, Msg::Heard(Heard::Delta { delta }), now());
    let texts: Vec<String> = calls(&model).into_iter().map(|call| call.text).collect();
    assert!(texts[0].starts_with("SAFE MODE") && texts[1].starts_with("Frozen"), "{texts:?}");
    assert!(texts[1].ends_with("12:00:00"));
    assert!(held.contains("Frozen: what is shown was so at 12:00:00"), "{held}");
}
