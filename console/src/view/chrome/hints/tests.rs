//! Which hints there are when.

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::role::Role;

use crate::model::Model;
use crate::model::notice::Notice;
use crate::sample::{connected, drawn, now, press, running, text_of, view};
use crate::symbols::Symbols;
use crate::theme::{Depth, Tone};

/// The last row of the usual terminal.
fn foot(model: &Model) -> String {
    let text = text_of(&drawn(model, 80, 24, Symbols::Unicode, Depth::None));
    text.lines().last().unwrap_or_default().to_owned()
}

fn at(phase: Option<Phase>) -> Model {
    let mut view = view(3);
    view.restart = phase.map(running);
    connected(view, Role::Admin)
}

#[test]
fn a_restart_that_can_be_called_off_is_the_first_thing_that_is_told() {
    for (phase, can) in [
        (None, false),
        (Some(Phase::Preparation), true),
        (Some(Phase::StateSerialization), true),
        (Some(Phase::ConnectionPreservation), false),
        (Some(Phase::ServiceResume), false),
    ] {
        let foot = foot(&at(phase));
        assert_eq!(foot.starts_with("? help  X cancel"), can, "{phase:?}: {foot}");
        assert_eq!(foot.contains("X cancel"), can, "{phase:?}: {foot}");
        assert_eq!(foot.contains("r restart"), phase.is_none(), "{phase:?}: {foot}");
    }
}

#[test]
fn how_to_get_out_of_a_prompt_is_told_beside_what_came_of_something_else() {
    let mut model = at(None);
    press(&mut model, &["?"], now());
    let text =
        "snapshot taken and verified: 2935 open tasks, 20 sessions, and a name that is long".to_owned();
    model.notices.push_back(Notice { tone: Tone::Good, text, at: now() });
    let foot = foot(&model);
    assert!(foot.starts_with("snapshot taken") && foot.trim_end().ends_with("esc closes"), "{foot}");
}

#[test]
fn the_end_of_a_long_sentence_is_read_in_the_usual_terminal() {
    let mut model = connected(view(3), Role::Monitor);
    model.settings.read_only = false;
    press(&mut model, &["E"], now());
    let told = model.notice().unwrap().text.clone();
    assert!(told.len() > 80, "{told}");
    let text = text_of(&drawn(&model, 80, 24, Symbols::Unicode, Depth::None));
    assert!(text.trim_end().ends_with(told.rsplit(' ').next().unwrap()), "{text}");
    drawn(&model, 3, 2, Symbols::Unicode, Depth::None);
}
