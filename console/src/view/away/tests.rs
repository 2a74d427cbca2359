//! What is shown while nothing is known of a server.

use crate::heard::{Heard, LostKind};
use crate::msg::{Effect, Msg};
use crate::sample::{now, pictures, press, unconnected};
use crate::update::update;

fn lost(kind: LostKind) -> crate::model::Model {
    let mut model = unconnected();
    update(&mut model, Msg::Heard(Heard::Connecting { attempt: 3 }), now());
    let why = "no server listens on /run/user/1000/task-orchestrator/shop.sock";
    update(&mut model, Msg::Heard(Heard::Lost { why: why.to_owned(), kind, retry_in_ms: 4000 }), now());
    model
}

#[test]
fn at_first() {
    insta::assert_snapshot!(pictures(&unconnected()));
}

#[test]
fn no_server_runs_and_one_can_be_started() {
    let mut model = lost(LostKind::NoServer);
    insta::assert_snapshot!(pictures(&model));
    let effects = press(&mut model, &["S"], now());
    assert_eq!(effects, [Effect::StartServer("/home/ann/shop".into())]);
}

#[test]
fn the_way_to_it_is_broken() {
    insta::assert_snapshot!(pictures(&lost(LostKind::Broken)));
}

#[test]
fn denied() {
    let mut model = unconnected();
    let why = "uid 1001 (bob) has no role at this server".to_owned();
    update(&mut model, Msg::Heard(Heard::Denied { why, retry_in_ms: 30_000 }), now());
    insta::assert_snapshot!(pictures(&model));
}
