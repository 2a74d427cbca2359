//! What one line tells.

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::role::Role;

use crate::heard::{Heard, LostKind};
use crate::model::Model;
use crate::msg::Msg;
use crate::sample::{connected, drawn, now, running, text_of, unconnected, view};
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::update;

fn told(model: &Model, width: u16, height: u16) -> String {
    text_of(&drawn(model, width, height, Symbols::Unicode, Depth::Ansi16))
}

#[test]
fn a_line_tells_the_phase_what_is_held_and_the_clients() {
    let mut view = view(7);
    view.restart = Some(running(Phase::TaskSuspension));
    let model = connected(view, Role::Admin);
    assert_eq!(
        told(&model, 120, 1),
        "● Live · task_suspension 55 % 840 ms · 24 held · 7 clients · shop · gen 12 · 2 in flight\n"
    );
    assert_eq!(
        told(&model, 30, 4),
        "● Live\ntask_suspension 55 % 840 ms\n24 held · 7 clients · shop\ngen 12 · 2 in flight\n"
    );
    assert_eq!(told(&model, 20, 1), "● Live · task_suspe…\n");
}

#[test]
fn a_line_tells_what_needs_somebody() {
    let mut view = view(0);
    view.server.safe_mode = Some("5 crashes within a minute".to_owned());
    view.server.held_by_operator = true;
    let model = connected(view, Role::Admin);
    assert_eq!(
        told(&model, 90, 2),
        "● Live · ✖ SAFE MODE +1 · idle · 0 held · 0 clients · shop · gen 12 · 2 in flight\n\n"
    );
}

#[test]
fn a_line_tells_that_there_is_no_server() {
    let mut model = unconnected();
    assert_eq!(told(&model, 60, 1), "▶ Connecting · shop\n");
    let lost = Heard::Lost { why: "nobody".to_owned(), kind: LostKind::NoServer, retry_in_ms: 4000 };
    update(&mut model, Msg::Heard(lost), now());
    assert_eq!(told(&model, 60, 1), "✖ Reconnecting, attempt 1 in 4 s · shop\n");
}
