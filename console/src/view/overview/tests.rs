//! What the overview looks like.

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::role::{Operation, Role};

use crate::heard::{Heard, LostKind};
use crate::msg::Msg;
use crate::sample::{connected, curves, health, now, pictures, running, view};
use crate::update::update;

#[test]
fn a_server_at_rest() {
    let mut view = view(7);
    view.health = Some(health(false));
    let mut model = connected(view, Role::Admin);
    curves(&mut model);
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn a_restart_that_runs_with_something_to_look_at() {
    let mut view = view(7);
    view.health = Some(health(true));
    view.restart = Some(running(Phase::TaskSuspension));
    view.server.phase = Phase::TaskSuspension;
    view.traffic.held_bytes = 15 << 20;
    view.limits.next_rotation = None;
    insta::assert_snapshot!(pictures(&connected(view, Role::Operator)));
}

#[test]
fn somebody_who_may_see_little() {
    let may = |operation: Operation| Role::Readonly.may(operation);
    insta::assert_snapshot!(pictures(&connected(view(0).only(may), Role::Readonly)));
}

#[test]
fn a_server_that_is_gone() {
    let mut model = connected(view(3), Role::Admin);
    let lost =
        Heard::Lost { why: "the server has ended".to_owned(), kind: LostKind::NoServer, retry_in_ms: 4000 };
    update(&mut model, Msg::Heard(lost), now());
    insta::assert_snapshot!(pictures(&model));
}
