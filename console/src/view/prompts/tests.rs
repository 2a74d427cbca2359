//! How prompts look, and that none of them fails for want of room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::backup::{LostTask, RestorePlan};
use task_orchestrator_shared::role::Role;

use crate::model::Model;
use crate::model::dialog::{Ask, Dialog, Facts};
use crate::model::prompt::{Page, PageLine, Prompt};
use crate::sample::{
    answer, before, connected, now, pictures, press, readiness, type_text, unconnected, view,
};
use crate::screen::Screen;
use crate::theme::Tone;

fn admin() -> Model {
    connected(view(7), Role::Admin)
}

/// The dialog of a restart, armed, and the server has said what it would mean.
fn restart() -> Model {
    let mut model = admin();
    press(&mut model, &["r"], before(1000));
    answer(&mut model, readiness(), before(900));
    model
}

fn emergency() -> Model {
    let mut model = admin();
    press(&mut model, &["E"], before(1000));
    model
}

/// Prompts of every kind, for what holds of all.
fn all() -> Vec<Model> {
    let opened = |keys: &[&str]| {
        let mut model = admin();
        model.screen = Screen::Connections;
        press(&mut model, keys, before(1000));
        model
    };
    let asks = [
        Ask::Upgrade,
        Ask::CancelRestart,
        Ask::Rollback,
        Ask::Maintenance(true),
        Ask::ClearBuffers(None),
        Ask::Disconnect("0198f0c2-0000-7000-8000-000000000001".to_owned()),
        Ask::Prune,
        Ask::RetryLetter(1),
        Ask::DiscardLetter(2),
        Ask::Reload,
        Ask::Stop,
    ];
    let asked = asks.into_iter().map(|ask| {
        let mut model = admin();
        let facts = Facts::Known((0..9).map(|line| format!("line {line} of what it would mean")).collect());
        let dialog = Dialog::new(ask, facts, "shop".to_owned(), model.world().unwrap(), before(1000));
        model.prompt = Prompt::Confirm(Box::new(dialog));
        model
    });
    [restart(), emergency(), opened(&["?"]), opened(&[":"]), opened(&["/"]), opened(&["L"]), long_page()]
        .into_iter()
        .chain(asked)
        .collect()
}

fn long_page() -> Model {
    let mut model = admin();
    let line = |number: u32| {
        PageLine::plain(format!("{number}: a line that is too long for a small terminal and breaks"))
    };
    let lines = [PageLine::of(Tone::Title, "A title")].into_iter().chain((0..60).map(line)).collect();
    model.prompt = Prompt::Page(Page::of("Something to read", lines));
    model
}

#[test]
fn a_restart_is_asked_for() {
    insta::assert_snapshot!(pictures(&restart()));
}

#[test]
fn a_restart_is_asked_for_while_it_arms_and_the_server_is_asked() {
    let mut model = admin();
    press(&mut model, &["r"], before(100));
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn a_restart_for_a_reason_that_clears_buffers_asks_for_the_word() {
    let mut model = restart();
    press(&mut model, &["tab", "tab", "left"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn an_emergency_looks_different_and_says_what_is_missing() {
    let mut model = emergency();
    press(&mut model, &["tab"], now());
    type_text(&mut model, "sho", now());
    press(&mut model, &["tab", "tab", "enter"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn an_emergency_can_be_confirmed_once_all_is_given() {
    let mut model = emergency();
    type_text(&mut model, "the worker hangs and the disk is full", now());
    press(&mut model, &["tab"], now());
    type_text(&mut model, "shop", now());
    press(&mut model, &["tab", "tab"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn a_restore_names_what_would_be_lost_and_a_long_word() {
    let mut model = admin();
    let name = "backup_state_20261121T120000Z_generation_12.json".to_owned();
    let plan = RestorePlan {
        name: name.clone(),
        tasks: 31,
        gone: 2,
        older: 12,
        artifacts: 1,
        links_left_out: 0,
        first: (0..14)
            .map(|number| LostTask {
                task_id: format!("t{number}"),
                title: format!("Write the {number}th chapter of the book about restarts"),
                status: "active".to_owned(),
                gone: number < 2,
            })
            .collect(),
        unknown: None,
    };
    let world = model.world().unwrap();
    let facts = Facts::Asked(crate::heard::Tag(1), vec!["snapshot taken at noon, 4.0 KiB".to_owned()]);
    let dialog = Dialog::new(Ask::Restore(name.clone()), facts, name, world, before(1000));
    model.prompt = Prompt::Confirm(Box::new(dialog));
    (model.last_tag, model.asked) = (1, std::iter::once(asked()).collect());
    // The file is there: otherwise the question is void.
    if let Some(first) = model.seen.as_mut().and_then(|seen| seen.view.backups.as_mut()?.first_mut()) {
        first.name = plan.name.clone();
    }
    answer(&mut model, Reply::RestorePlan(Box::new(plan)), before(900));
    insta::assert_snapshot!(pictures(&model));
}

fn asked() -> (crate::heard::Tag, crate::model::Asked) {
    (crate::heard::Tag(1), crate::model::Asked { purpose: crate::model::Purpose::Facts, at: before(1000) })
}

#[test]
fn a_void_dialog_says_why() {
    let mut model = restart();
    let mut other = view(7);
    other.server.generation = 13;
    let heard = crate::heard::Heard::View { view: Box::new(other) };
    crate::update::update(&mut model, crate::msg::Msg::Heard(heard), now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn the_keys_of_a_screen() {
    let mut model = admin();
    model.screen = Screen::Connections;
    press(&mut model, &["?"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn the_keys_of_somebody_who_may_less() {
    let mut model = connected(view(7), Role::Monitor);
    press(&mut model, &["?"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn the_palette_with_what_matches() {
    let mut model = connected(view(7), Role::Operator);
    press(&mut model, &[":"], now());
    type_text(&mut model, "re", now());
    press(&mut model, &["down"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn a_filter_that_is_wrong() {
    let mut model = admin();
    model.screen = Screen::Logs;
    press(&mut model, &["/"], now());
    type_text(&mut model, "level:warn colour:red", now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn one_of_several() {
    let mut model = admin();
    press(&mut model, &["L"], now());
    press(&mut model, &["j"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn something_to_read() {
    let mut model = long_page();
    press(&mut model, &["pagedown"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn the_foot_without_a_server() {
    insta::assert_snapshot!(pictures(&unconnected()));
}

#[test]
fn the_foot_of_a_screen_for_somebody_who_may_less_while_a_restart_runs() {
    let mut view = view(7);
    view.restart = Some(crate::sample::running(task_orchestrator_shared::phase::Phase::StateSerialization));
    let mut model = connected(view, Role::Monitor);
    model.screen = Screen::Connections;
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn what_came_of_something_is_said_at_the_foot() {
    let mut model = connected(view(7), Role::Monitor);
    press(&mut model, &["r"], now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn every_prompt_fits_into_any_size() {
    for mut model in all() {
        for (width, height) in
            (0..45).map(|size| (size, size / 3)).chain([(40, 10), (41, 11), (80, 24), (300, 90)])
        {
            let area = Rect::new(0, 0, width, height);
            crate::update::update(&mut model, crate::msg::Msg::Resize(width, height), now());
            crate::view::view(&model, area, &mut Buffer::empty(area));
        }
    }
}

/// The buttons and why it cannot be confirmed are there at every size at which dialogs are.
#[test]
fn a_dialog_always_shows_its_buttons_and_its_state() {
    for mut model in all() {
        let Prompt::Confirm(dialog) = &model.prompt else { continue };
        let (verb, places) = (dialog.ask.verb(), dialog.places());
        for (width, height) in [(40, 10), (41, 11), (60, 12), (80, 24), (120, 40)] {
            for focus in &places {
                if let Prompt::Confirm(dialog) = &mut model.prompt {
                    dialog.focus = *focus;
                }
                let area = Rect::new(0, 0, width, height);
                let mut buffer = Buffer::empty(area);
                let drawn = crate::view::view(&model, area, &mut buffer);
                let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
                assert!(text.contains("[ Cancel ]") && text.contains(verb), "{verb} at {width}x{height}");
                let found = |hit| {
                    (0..height)
                        .flat_map(|y| (0..width).map(move |x| (x, y)))
                        .any(|(x, y)| drawn.hits.at(x, y) == Some(hit))
                };
                assert!(found(&crate::msg::Hit::Cancel) && found(&crate::msg::Hit::Confirm));
            }
        }
    }
}

#[test]
fn a_page_takes_no_more_room_than_its_text() {
    let mut model = admin();
    model.prompt = Prompt::Page(Page::of("Read", vec![PageLine::plain("Good: 1 file was read".to_owned())]));
    let text = crate::sample::text_of(&crate::sample::drawn(
        &model,
        80,
        24,
        crate::symbols::Symbols::Unicode,
        crate::theme::Depth::None,
    ));
    assert!(text.contains("Good: 1 file was read"), "{text}");
    assert!(text.contains("active pid"), "what it is about is seen beside it: {text}");
}
