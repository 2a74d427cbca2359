//! The choices of a screen, numbered, and help: all from the table of actions.

use task_orchestrator_shared::role::Role;

use super::text::wrapped;
use crate::action::{ACTIONS, Action, ActionId, Danger, Where};
use crate::model::Model;
use crate::screen::Screen;

/// The actions that only make sense where a screen is drawn, or are done in another
/// way here: rows are chosen by their numbers.
const DRAWN_ONLY: [ActionId; 19] = [
    ActionId::Up,
    ActionId::Down,
    ActionId::PageUp,
    ActionId::PageDown,
    ActionId::Top,
    ActionId::Bottom,
    ActionId::Left,
    ActionId::Right,
    ActionId::Filter,
    ActionId::Freeze,
    ActionId::Wrap,
    ActionId::Mouse,
    ActionId::Theme,
    ActionId::Signs,
    ActionId::Redraw,
    ActionId::Suspend,
    ActionId::Palette,
    ActionId::NextScreen,
    ActionId::PreviousScreen,
];

/// Whether the action can be done in linear mode.
pub(super) fn is_linear(action: ActionId) -> bool {
    !DRAWN_ONLY.contains(&action)
}

/// The screen that an action leads to.
pub(super) fn screen_of(action: ActionId) -> Option<Screen> {
    Some(match action {
        ActionId::Overview => Screen::Overview,
        ActionId::Connections => Screen::Connections,
        ActionId::Restarts => Screen::Restarts,
        ActionId::State => Screen::State,
        ActionId::Tasks => Screen::Tasks,
        ActionId::DeadLetters => Screen::DeadLetters,
        ActionId::Logs => Screen::Logs,
        ActionId::Audit => Screen::Audit,
        ActionId::Configuration => Screen::Configuration,
        _ => return None,
    })
}

/// What can be chosen: the screens first, as their keys are numbered, then what can be
/// done on this screen alone, then what can be done everywhere.
pub(super) fn choices(screen: Screen) -> Vec<&'static Action> {
    let here = ACTIONS.iter().copied().filter(|action| action.is_on(screen) && is_linear(action.id));
    let mut choices: Vec<&'static Action> = here.collect();
    // Stable: within each part they stay in the order of help.
    choices.sort_by_key(|action| match (screen_of(action.id), action.place) {
        (Some(_), _) => 0,
        (None, Where::On(_)) => 1,
        (None, Where::Everywhere) => 2,
    });
    choices
}

/// The numbered choices, each with what is in its way.
pub(super) fn menu(model: &Model) -> Vec<String> {
    let mut lines = vec![format!("Choices on {}:", model.screen.title())];
    let mut reason = None;
    for (at, action) in choices(model.screen).into_iter().enumerate() {
        let name = if screen_of(action.id).is_some() { action.name } else { action.label };
        let called = if name == action.name { String::new() } else { format!(" [{}]", action.name) };
        let barred = match (model.barred(action), lacked(model, action)) {
            (None, _) => String::new(),
            (Some(_), Some(least)) => format!(" (not possible, needs {least})"),
            (Some(why), None) => {
                reason = Some(why);
                " (not possible now)".to_owned()
            }
        };
        lines.extend(wrapped(&format!("{} {name}{called}: {}{barred}", at + 1, action.help)));
    }
    lines.extend(reason.iter().flat_map(|why| wrapped(&format!("Not possible now: {why}."))));
    lines.push("Type a number or a name. help explains the rest.".to_owned());
    lines
}

/// The role that is needed, where one has a lower one.
fn lacked(model: &Model, action: &'static Action) -> Option<Role> {
    let you = &model.link.welcome()?.you;
    action.operation.filter(|operation| !you.may.contains(operation)).and(action.least_role())
}

/// How everything is done here.
pub(super) fn help(model: &Model) -> Vec<String> {
    let mut lines = Vec::new();
    for text in HELP {
        lines.extend(wrapped(text));
    }
    lines.push(String::new());
    lines.push(format!("Actions on {}, by name, with their keys:", model.screen.title()));
    for action in choices(model.screen) {
        lines.extend(wrapped(&about(model, action)));
    }
    lines
}

/// One action in a sentence.
pub(super) fn about(model: &Model, action: &'static Action) -> String {
    let keys: Vec<String> = model.settings.keymap.keys(action.id).iter().map(ToString::to_string).collect();
    let keys = if keys.is_empty() { String::new() } else { format!(" ({})", keys.join(" ")) };
    let danger = match action.danger {
        Danger::Typed => " Asks for a word to be typed.",
        Danger::Confirm => " Asks before it is done.",
        Danger::None | Danger::Looks | Danger::Harmless => "",
    };
    let role = action.least_role().map_or_else(String::new, |role| format!(" Needs {role}."));
    let barred = model.barred(action).map_or_else(String::new, |why| format!(" Not possible now: {why}."));
    format!("{}{keys}: {}.{danger}{role}{barred}", action.name, action.help)
}

const HELP: [&str; 9] = [
    "Lines are only ever added. What happens at the server is said as it happens.",
    "menu: the numbered choices of this screen. The name of a screen goes there: overview, connections, \
     restarts, state, tasks, dead-letters, logs, audit, configuration.",
    "An action is done by its name or its key: restart, or r. help NAME explains one.",
    "A number means a row once a list was printed, and a choice once the menu was; row N and choice N \
     always mean that. Choosing a row prints its details; actions of a list concern the chosen row.",
    "again: this screen once more. more: the next lines or rows. refresh: ask the server anew.",
    "/WORDS: show only rows that match: words, column:words, !not. / alone shows all. sort: choose a column.",
    "On logs, follow prints lines as they come; enter ends that.",
    "Before something dangerous questions are asked, one after another: enter takes what stands in \
     brackets, cancel does nothing at all.",
    "quit, or the end of the input: the console ends, the server goes on.",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_screen_has_its_key_as_its_number_and_every_action_is_there_once() {
        for screen in Screen::ALL {
            let choices = choices(screen);
            let screens: Vec<_> = choices.iter().take(9).map(|action| screen_of(action.id)).collect();
            assert_eq!(screens, Screen::ALL.map(Some));
            for action in ACTIONS.iter().filter(|action| action.is_on(screen) && is_linear(action.id)) {
                assert_eq!(choices.iter().filter(|choice| choice.id == action.id).count(), 1);
            }
        }
    }

    #[test]
    fn what_a_monitor_sees() {
        let model = sample::connected(sample::view(3), Role::Monitor);
        insta::assert_snapshot!(menu(&model).join("\n"));
    }

    #[test]
    fn help_on_a_list() {
        let mut model = sample::connected(sample::view(3), Role::Operator);
        model.screen = Screen::Connections;
        insta::assert_snapshot!(help(&model).join("\n"));
    }
}
