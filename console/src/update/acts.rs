//! What an action does.

use task_orchestrator_shared::admin::Request;
use task_orchestrator_shared::admin::audit::MAX_AUDIT_RECORDS;

use super::poll::{refresh, refresh_detail};
use super::{ask, choices, dialogs, lists, say};
use crate::action::{Action, ActionId};
use crate::heard::LostKind;
use crate::model::dialog::Ask;
use crate::model::link_state::LinkState;
use crate::model::prompt::{Choice, Page, Palette, Prompt};
use crate::model::{Model, Purpose};
use crate::msg::Effect;
use crate::screen::Screen;
use crate::symbols::Symbols;
use crate::theme::{Theme, Tone};

/// Does it, or says why not.
pub(super) fn perform(model: &mut Model, id: ActionId) -> Vec<Effect> {
    let action = id.action();
    if !action.is_on(model.screen) {
        return Vec::new();
    }
    if let Some(why) = model.barred(action) {
        say(model, Tone::Warn, format!("{}: {why}", action.label));
        return Vec::new();
    }
    if let Some(why) = dialogs::pointless(model, id) {
        say(model, Tone::Warn, format!("{}: {why}", action.label));
        return Vec::new();
    }
    match id {
        ActionId::Restart => dialogs::open(model, Ask::Restart),
        ActionId::Build => dialogs::open(model, Ask::Build),
        ActionId::Upgrade => dialogs::open(model, Ask::Upgrade),
        ActionId::CancelRestart => dialogs::open(model, Ask::CancelRestart),
        ActionId::Rollback => dialogs::open(model, Ask::Rollback),
        ActionId::Emergency => dialogs::open(model, Ask::Emergency),
        ActionId::Maintenance => {
            let on = !model.seen.as_ref().is_some_and(|seen| seen.view.server.held_by_operator);
            dialogs::open(model, Ask::Maintenance(on))
        }
        ActionId::Stop => dialogs::open(model, Ask::Stop),
        ActionId::ClearBuffers => dialogs::open(model, Ask::ClearBuffers(None)),
        ActionId::Prune => dialogs::open(model, Ask::Prune),
        ActionId::Reload => dialogs::open(model, Ask::Reload),
        ActionId::ClearBuffer => on_chosen(model, |key| Some(Ask::ClearBuffers(Some(key)))),
        ActionId::Disconnect => on_chosen(model, |key| Some(Ask::Disconnect(key))),
        ActionId::Restore => on_chosen(model, |key| Some(Ask::Restore(key))),
        ActionId::RetryLetter => on_chosen(model, |key| key.parse().ok().map(Ask::RetryLetter)),
        ActionId::DiscardLetter => on_chosen(model, |key| key.parse().ok().map(Ask::DiscardLetter)),

        ActionId::Prepare => page(model, action, Request::Prepare),
        ActionId::Health => page(model, action, Request::Health),
        ActionId::Identity => page(model, action, Request::Roles),
        ActionId::ReconnectTestAll => page(model, action, Request::ReconnectTest { session: None }),
        ActionId::VerifyAll => page(model, action, Request::VerifyBackup { name: None }),
        ActionId::VerifyAudit => page(model, action, Request::VerifyAudit),
        ActionId::ReconnectTest => {
            page_of_chosen(model, action, |session| Some(Request::ReconnectTest { session: Some(session) }))
        }
        ActionId::Verify => {
            page_of_chosen(model, action, |name| Some(Request::VerifyBackup { name: Some(name) }))
        }
        ActionId::ReadLetter => {
            page_of_chosen(model, action, |id| id.parse().ok().map(|id| Request::DeadLetter { id }))
        }
        ActionId::Compare => compare(model, action),
        ActionId::Snapshot => ask(model, Purpose::Small(action), Request::Snapshot),
        ActionId::Pin => pin(model, action),
        ActionId::LogLevel => choices::choose_level(model),
        ActionId::Explain => super::pages::explain(model),
        ActionId::CompareRestarts => super::pages::compare_restarts(model),

        ActionId::Follow | ActionId::LevelUp | ActionId::LogSession | ActionId::Wrap => {
            super::logs::perform(model, id)
        }
        ActionId::OwnDenials => {
            model.own_denials = !model.own_denials;
            Vec::new()
        }
        ActionId::Mark => {
            if let Some(key) = lists::chosen(model) {
                model.list_mut().mark(&key);
            }
            Vec::new()
        }

        ActionId::Up
        | ActionId::Down
        | ActionId::PageUp
        | ActionId::PageDown
        | ActionId::Top
        | ActionId::Bottom => moved(model, id),
        ActionId::Left | ActionId::Right => super::tree::branch(model, id == ActionId::Right),
        ActionId::Open => open(model),
        ActionId::Back => back(model),
        ActionId::Filter => {
            lists::open_filter(model);
            Vec::new()
        }
        ActionId::Sort => choices::choose_column(model, Choice::Sort),
        ActionId::Columns => choices::choose_column(model, Choice::Columns),
        ActionId::Refresh => {
            let mut effects = refresh(model);
            effects.extend(older_records(model));
            if !model.link.is_live() {
                effects.push(Effect::RetryNow);
            }
            effects
        }
        ActionId::Freeze => {
            model.frozen = if model.frozen.is_some() { None } else { model.seen.clone() };
            model.frozen_series = model.frozen.as_ref().map(|_| model.series.clone()).unwrap_or_default();
            Vec::new()
        }
        ActionId::Copy => lists::chosen(model).map_or_else(Vec::new, |key| vec![Effect::Copy(key)]),
        ActionId::CopyAll => {
            super::pages::everything(model).map_or_else(Vec::new, |text| vec![Effect::Copy(text)])
        }

        ActionId::Overview => go_to(model, Screen::Overview),
        ActionId::Connections => go_to(model, Screen::Connections),
        ActionId::Restarts => go_to(model, Screen::Restarts),
        ActionId::State => go_to(model, Screen::State),
        ActionId::Tasks => go_to(model, Screen::Tasks),
        ActionId::DeadLetters => go_to(model, Screen::DeadLetters),
        ActionId::Logs => go_to(model, Screen::Logs),
        ActionId::Audit => go_to(model, Screen::Audit),
        ActionId::Configuration => go_to(model, Screen::Configuration),
        ActionId::NextScreen => go_to(model, model.screen.next()),
        ActionId::PreviousScreen => go_to(model, model.screen.previous()),

        ActionId::Help => {
            model.prompt = Prompt::Help { top: 0 };
            Vec::new()
        }
        ActionId::Palette => {
            model.prompt = Prompt::Palette(Palette::default());
            Vec::new()
        }
        ActionId::Targets => vec![Effect::FindTargets],
        ActionId::StartServer => start_server(model),
        ActionId::Mouse => {
            model.settings.mouse = !model.settings.mouse;
            let what = if model.settings.mouse {
                "the mouse is taken; hold shift to select text"
            } else {
                "the mouse is the terminal's"
            };
            say(model, Tone::Plain, what.to_owned());
            vec![Effect::Mouse(model.settings.mouse)]
        }
        ActionId::Theme => {
            let at = Theme::ALL.iter().position(|theme| *theme == model.settings.look.theme).unwrap_or(0);
            let theme = Theme::ALL.get(at + 1).copied().unwrap_or_default();
            model.settings.look.theme = theme;
            say(model, Tone::Plain, format!("theme {}", theme.as_str()));
            Vec::new()
        }
        ActionId::Signs => {
            let look = &mut model.settings.look;
            look.symbols = if look.symbols == Symbols::Ascii { Symbols::Unicode } else { Symbols::Ascii };
            Vec::new()
        }
        ActionId::Redraw => vec![Effect::Redraw],
        ActionId::Suspend => vec![Effect::Suspend],
        ActionId::Quit => {
            model.is_over = true;
            vec![Effect::Quit]
        }
    }
}

fn on_chosen(model: &mut Model, with: impl FnOnce(String) -> Option<Ask>) -> Vec<Effect> {
    match lists::chosen(model).and_then(with) {
        Some(what) => dialogs::open(model, what),
        None => nothing_chosen(model),
    }
}

fn nothing_chosen(model: &mut Model) -> Vec<Effect> {
    say(model, Tone::Warn, "nothing is chosen: choose a row first".to_owned());
    Vec::new()
}

/// A page with the answer to a question.
pub(super) fn page(model: &mut Model, action: &'static Action, request: Request) -> Vec<Effect> {
    let effects = ask(model, Purpose::Page, request);
    if let Some(Effect::Send { tag, .. }) = effects.first() {
        model.prompt = Prompt::Page(Page::waiting(action.help, *tag));
    }
    effects
}

fn page_of_chosen(
    model: &mut Model,
    action: &'static Action,
    with: impl FnOnce(String) -> Option<Request>,
) -> Vec<Effect> {
    match lists::chosen(model).and_then(with) {
        Some(request) => page(model, action, request),
        None => nothing_chosen(model),
    }
}

/// Compares the two marked files, or the chosen one with the database.
fn compare(model: &mut Model, action: &'static Action) -> Vec<Effect> {
    let marked = model.list().marked;
    let pair = match marked.as_slice() {
        [one, other] => {
            // The list has the newest first, and names tell when a file was taken.
            let (older, newer) =
                if taken(model, one) <= taken(model, other) { (one, other) } else { (other, one) };
            Some((older.clone(), newer.clone()))
        }
        _ => lists::chosen(model).map(|name| (name, "database".to_owned())),
    };
    match pair {
        Some((older, newer)) => page(model, action, Request::CompareBackups { older, newer }),
        None => nothing_chosen(model),
    }
}

fn taken(model: &Model, name: &str) -> String {
    let backups = model.seen.iter().filter_map(|seen| seen.view.backups.as_ref()).flatten();
    backups
        .into_iter()
        .find(|backup| backup.name == name)
        .map_or_else(String::new, |backup| backup.taken_at.clone())
}

fn pin(model: &mut Model, action: &'static Action) -> Vec<Effect> {
    let Some(name) = lists::chosen(model) else { return nothing_chosen(model) };
    let backups = model.seen.iter().filter_map(|seen| seen.view.backups.as_ref()).flatten();
    let pinned = backups.into_iter().any(|backup| backup.name == name && backup.pinned);
    ask(model, Purpose::Small(action), Request::PinBackup { name, pinned: !pinned })
}

/// Shows a screen, and asks for what it shows.
pub(super) fn go_to(model: &mut Model, screen: Screen) -> Vec<Effect> {
    let mut effects = Vec::new();
    if model.screen != screen {
        if model.screen == Screen::Logs {
            effects = super::logs::leave(model);
        }
        model.screen = screen;
        model.is_open = false;
    }
    effects.extend(refresh(model));
    effects
}

/// Asks for more of the audit than the view holds.
fn older_records(model: &mut Model) -> Vec<Effect> {
    let request = Request::Audit { limit: u32::try_from(MAX_AUDIT_RECORDS).unwrap_or(u32::MAX) };
    let may = model.link.welcome().is_some_and(|welcome| welcome.you.may.contains(&request.operation()));
    if model.screen != Screen::Audit || !model.link.is_live() || !may || model.audit.is_asked() {
        return Vec::new();
    }
    model.audit.ask();
    ask(model, Purpose::Audit, request)
}

fn moved(model: &mut Model, id: ActionId) -> Vec<Effect> {
    if model.screen == Screen::Logs {
        super::logs::scroll(model, id);
        return Vec::new();
    }
    if model.is_open
        && (matches!(
            model.screen,
            Screen::Connections
                | Screen::State
                | Screen::Tasks
                | Screen::DeadLetters
                | Screen::Audit
                | Screen::Configuration
        ) || crate::view::has_details_alone(model))
        && matches!(id, ActionId::PageUp | ActionId::PageDown | ActionId::Top | ActionId::Bottom)
    {
        lists::scroll_detail(model, id);
        return Vec::new();
    }
    if lists::step(model, id) { refresh_detail(model) } else { Vec::new() }
}

fn open(model: &mut Model) -> Vec<Effect> {
    match model.screen {
        Screen::Tasks => super::tree::toggle(model),
        Screen::Logs | Screen::Overview => Vec::new(),
        _ => {
            model.is_open = true;
            refresh_detail(model)
        }
    }
}

fn back(model: &mut Model) -> Vec<Effect> {
    if model.is_open {
        model.is_open = false;
    } else if model.frozen.is_some() {
        model.frozen = None;
    } else if model.screen == Screen::Logs {
        model.logs.filter = crate::model::filter::Filter::default();
    } else {
        model.list_mut().filter = crate::model::filter::Filter::default();
    }
    Vec::new()
}

fn start_server(model: &mut Model) -> Vec<Effect> {
    let no_server = match &model.link {
        LinkState::Waiting { lost, .. } => lost.kind == LostKind::NoServer,
        LinkState::Connecting { last, .. } => {
            last.as_ref().is_some_and(|lost| lost.kind == LostKind::NoServer)
        }
        _ => false,
    };
    if !no_server {
        say(
            model,
            Tone::Warn,
            "not started: a server runs for this workspace, or it is not known yet whether one does"
                .to_owned(),
        );
        return Vec::new();
    }
    if model.is_starting {
        return Vec::new();
    }
    model.is_starting = true;
    say(model, Tone::Busy, "starting a server".to_owned());
    vec![Effect::StartServer(model.target.workspace.clone())]
}
