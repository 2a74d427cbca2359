//! Keys and clicks: the topmost prompt sees them first, then the screen.

use crossterm::event::KeyCode;
use tui_input::InputRequest;

use super::{acts, choices, close, dialogs, lists};
use crate::action::ActionId;
use crate::key::{Key, Press};
use crate::model::Model;
use crate::model::dialog::{Content, Dialog, Focus};
use crate::model::filter::MAX_FILTER;
use crate::model::prompt::Prompt;
use crate::msg::{Effect, Hit};

/// Longest text of an input, in characters; what is more is not taken.
const MAX_INPUT: usize = 1000;

/// A key was pressed.
pub(super) fn pressed(model: &mut Model, press: Press) -> Vec<Effect> {
    let key = press.key;
    // The way out works everywhere, whatever the keymap says.
    if key == (Key { code: KeyCode::Char('c'), ctrl: true, alt: false }) {
        return acts::perform(model, ActionId::Quit);
    }
    match &model.prompt {
        Prompt::None => on_screen(model, key),
        Prompt::Confirm(_) if press.repeats => Vec::new(),
        Prompt::Confirm(_) => in_dialog(model, key),
        Prompt::Filter(_) => in_filter(model, key),
        Prompt::Palette(_) => in_palette(model, key),
        Prompt::Help { .. } | Prompt::Page(_) => in_text(model, key),
        Prompt::Choose(_) => in_choice(model, key),
    }
}

fn on_screen(model: &mut Model, key: Key) -> Vec<Effect> {
    let found = model.settings.keymap.find(model.screen, key);
    found.map_or_else(Vec::new, |action| acts::perform(model, action))
}

/// What is typed, as an order to the input.
fn edit(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.ctrl, key.alt) {
        (KeyCode::Char(letter), false, false) => InputRequest::InsertChar(letter),
        (KeyCode::Backspace, false, false) => InputRequest::DeletePrevChar,
        (KeyCode::Delete, false, false) => InputRequest::DeleteNextChar,
        (KeyCode::Left, false, false) => InputRequest::GoToPrevChar,
        (KeyCode::Right, false, false) => InputRequest::GoToNextChar,
        (KeyCode::Home, false, false) | (KeyCode::Char('a'), true, false) => InputRequest::GoToStart,
        (KeyCode::End, false, false) | (KeyCode::Char('e'), true, false) => InputRequest::GoToEnd,
        (KeyCode::Char('w'), true, false) | (KeyCode::Backspace, false, true) => InputRequest::DeletePrevWord,
        (KeyCode::Char('u'), true, false) => InputRequest::DeleteLine,
        (KeyCode::Char('k'), true, false) => InputRequest::DeleteTillEnd,
        _ => return None,
    })
}

/// Edits the input that the cursor is in.
pub(super) fn typed(model: &mut Model, request: InputRequest) {
    let inserts = matches!(request, InputRequest::InsertChar(_));
    let edit = |input: &mut tui_input::Input, most: usize| {
        if !inserts || input.value().chars().count() < most {
            input.handle(request);
        }
    };
    match &mut model.prompt {
        Prompt::Palette(palette) => {
            edit(&mut palette.input, MAX_INPUT);
            palette.at = 0;
        }
        Prompt::Filter(filter) => {
            edit(&mut filter.input, MAX_FILTER);
            lists::filter_typed(model);
        }
        Prompt::Confirm(dialog) => {
            dialog.refused = None;
            match dialog.focus {
                Focus::Typed => edit(&mut dialog.typed, MAX_INPUT),
                Focus::Field(at) => {
                    if let Some(Content::Text(input, _) | Content::Seconds(input)) =
                        dialog.fields.get_mut(at).map(|field| &mut field.content)
                    {
                        edit(input, MAX_INPUT);
                    }
                }
                Focus::Cancel | Focus::Confirm => {}
            }
        }
        Prompt::None | Prompt::Help { .. } | Prompt::Choose(_) | Prompt::Page(_) => {}
    }
}

fn in_dialog(model: &mut Model, key: Key) -> Vec<Effect> {
    let takes_text = model.prompt.takes_text();
    let Prompt::Confirm(dialog) = &mut model.prompt else { return Vec::new() };
    match key.code {
        KeyCode::Esc => close(model),
        KeyCode::Tab | KeyCode::Down => dialog.step(true),
        KeyCode::BackTab | KeyCode::Up => dialog.step(false),
        KeyCode::PageUp => lists::scroll_text(model, ActionId::PageUp),
        KeyCode::PageDown => lists::scroll_text(model, ActionId::PageDown),
        KeyCode::Enter => match dialog.focus {
            Focus::Cancel => close(model),
            Focus::Confirm => return dialogs::confirm(model),
            Focus::Field(_) | Focus::Typed => dialog.step(true),
        },
        _ if takes_text => {
            if let Some(request) = edit(key) {
                typed(model, request);
            }
        }
        KeyCode::Char('j') => dialog.step(true),
        KeyCode::Char('k') => dialog.step(false),
        KeyCode::Left | KeyCode::Char('h') => sideways(dialog, false),
        KeyCode::Right | KeyCode::Char('l') => sideways(dialog, true),
        KeyCode::Char(' ') => {
            if let Focus::Field(at) = dialog.focus {
                turn(dialog, at, true);
            }
        }
        KeyCode::Char('q' | 'n') => close(model),
        _ => {}
    }
    Vec::new()
}

/// From one button to the other, or the next of what can be chosen in a field.
fn sideways(dialog: &mut Dialog, forward: bool) {
    match dialog.focus {
        Focus::Cancel | Focus::Confirm => {
            dialog.focus = if forward { Focus::Confirm } else { Focus::Cancel };
        }
        Focus::Field(at) => turn(dialog, at, forward),
        Focus::Typed => {}
    }
}

fn turn(dialog: &mut Dialog, at: usize, forward: bool) {
    if let Some(field) = dialog.fields.get_mut(at) {
        field.turn(forward);
        // What was missing may not be any more.
        dialog.refused = None;
    }
}

fn in_filter(model: &mut Model, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Enter => close(model),
        KeyCode::Esc => lists::filter_abandoned(model),
        _ => {
            if let Some(request) = edit(key) {
                typed(model, request);
            }
        }
    }
    Vec::new()
}

fn in_palette(model: &mut Model, key: Key) -> Vec<Effect> {
    let found = crate::palette::found(model);
    let Prompt::Palette(palette) = &mut model.prompt else { return Vec::new() };
    match (key.code, key.ctrl) {
        (KeyCode::Esc, _) => close(model),
        (KeyCode::Up, _) | (KeyCode::Char('p'), true) => palette.at = palette.at.saturating_sub(1),
        (KeyCode::Down, _) | (KeyCode::Char('n'), true) => {
            palette.at = (palette.at + 1).min(found.len().saturating_sub(1));
        }
        (KeyCode::Enter, _) => {
            let chosen = found.get(palette.at).map(|action| action.id);
            close(model);
            return chosen.map_or_else(Vec::new, |action| acts::perform(model, action));
        }
        _ => {
            if let Some(request) = edit(key) {
                typed(model, request);
            }
        }
    }
    Vec::new()
}

/// Something to read: what moves in lists moves it.
fn in_text(model: &mut Model, key: Key) -> Vec<Effect> {
    match model.settings.keymap.find(model.screen, key) {
        Some(ActionId::Back | ActionId::Quit | ActionId::Help | ActionId::Open) => close(model),
        Some(
            action @ (ActionId::Up
            | ActionId::Down
            | ActionId::PageUp
            | ActionId::PageDown
            | ActionId::Top
            | ActionId::Bottom),
        ) => lists::scroll_text(model, action),
        Some(action @ (ActionId::Copy | ActionId::CopyAll | ActionId::Redraw | ActionId::Suspend)) => {
            return acts::perform(model, action);
        }
        _ => {}
    }
    Vec::new()
}

fn in_choice(model: &mut Model, key: Key) -> Vec<Effect> {
    let action = model.settings.keymap.find(model.screen, key);
    let Prompt::Choose(choose) = &mut model.prompt else { return Vec::new() };
    let last = choose.items.len().saturating_sub(1);
    match action {
        Some(ActionId::Back | ActionId::Quit) => close(model),
        Some(ActionId::Up) => choose.at = choose.at.saturating_sub(1),
        Some(ActionId::Down) => choose.at = (choose.at + 1).min(last),
        Some(ActionId::Top) => choose.at = 0,
        Some(ActionId::Bottom) => choose.at = last,
        Some(ActionId::Open | ActionId::Freeze) => return choices::chosen(model),
        _ => {}
    }
    Vec::new()
}

/// The mouse was pressed on something.
pub(super) fn clicked(model: &mut Model, hit: Hit) -> Vec<Effect> {
    match (&mut model.prompt, hit) {
        (Prompt::None, Hit::Screen(screen)) => return acts::go_to(model, screen),
        (Prompt::None, Hit::Row(key)) => return lists::choose(model, key),
        (Prompt::None, Hit::Column(column)) => model.list_mut().sort_by(column),
        (Prompt::None, Hit::Action(action)) => return acts::perform(model, action),
        (Prompt::Choose(choose), Hit::Item(at)) => {
            choose.at = at.min(choose.items.len().saturating_sub(1));
            return choices::chosen(model);
        }
        (Prompt::Palette(palette), Hit::Item(at)) => {
            palette.at = at;
            return in_palette(model, Key::plain(KeyCode::Enter));
        }
        (Prompt::Confirm(dialog), Hit::Field(at)) if at < dialog.fields.len() => {
            let again = dialog.focus == Focus::Field(at);
            dialog.focus = Focus::Field(at);
            if again {
                turn(dialog, at, true);
            }
        }
        (Prompt::Confirm(dialog), Hit::Typed) if dialog.must_type() => dialog.focus = Focus::Typed,
        (Prompt::Filter(_), Hit::Cancel) => lists::filter_abandoned(model),
        (_, Hit::Cancel) => close(model),
        (Prompt::Confirm(dialog), Hit::Confirm) => {
            dialog.focus = Focus::Confirm;
            return dialogs::confirm(model);
        }
        _ => {}
    }
    Vec::new()
}
