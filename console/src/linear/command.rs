//! What a typed line means. Does nothing.

use super::menu;
use crate::action::{ACTIONS, Action, ActionId};
use crate::key::Key;
use crate::model::Model;

/// What a typed line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Nothing was typed.
    Nothing,
    /// What comes behind what was printed last.
    More,
    /// The screen once more.
    Again,
    /// The numbered choices.
    Menu,
    /// How everything is done, or one action.
    Help(Option<&'static str>),
    /// Whatever was numbered last.
    Number(usize),
    /// A row of the list.
    Row(usize),
    /// A choice of the menu.
    Choice(usize),
    /// Rows that match.
    Filter(String),
    /// An action.
    Do(ActionId),
    /// Nobody knows; the name that comes closest.
    Unknown(Option<&'static str>),
}

/// Reads a line.
pub(super) fn read(model: &Model, line: &str) -> Command {
    let line = line.trim();
    if let Some(words) = line.strip_prefix('/') {
        return Command::Filter(words.trim().to_owned());
    }
    if let Ok(number) = line.parse() {
        return Command::Number(number);
    }
    let lower = line.to_lowercase();
    let (word, rest) = lower.split_once(' ').map_or((lower.as_str(), ""), |(word, rest)| (word, rest.trim()));
    match (word, rest, rest.parse()) {
        ("", ..) => return Command::Nothing,
        ("more", "", _) => return Command::More,
        ("again", "", _) => return Command::Again,
        ("menu" | "choices", "", _) => return Command::Menu,
        ("help", "", _) => return Command::Help(None),
        ("help", name, _) => return help(name),
        ("exit", "", _) => return Command::Do(ActionId::Quit),
        ("row", _, Ok(number)) => return Command::Row(number),
        ("choice", _, Ok(number)) => return Command::Choice(number),
        // As it was typed: what is looked for may be in capitals.
        ("filter", ..) => return Command::Filter(line.get(6..).unwrap_or_default().trim().to_owned()),
        _ => {}
    }
    named(&lower).or_else(|| by_key(model, line)).unwrap_or_else(|| Command::Unknown(closest(&lower)))
}

fn help(name: &str) -> Command {
    named_action(name)
        .map_or_else(|| Command::Unknown(closest(name)), |action| Command::Help(Some(action.name)))
}

fn named(lower: &str) -> Option<Command> {
    let action = named_action(lower)?;
    Some(if action.id == ActionId::Help { Command::Help(None) } else { Command::Do(action.id) })
}

fn named_action(name: &str) -> Option<&'static Action> {
    let name = name.replace([' ', '_'], "-");
    Action::named(&name)
}

fn by_key(model: &Model, line: &str) -> Option<Command> {
    let key: Key = line.parse().ok()?;
    let action = model.settings.keymap.find(model.screen, key)?;
    Some(if action == ActionId::Help { Command::Help(None) } else { Command::Do(action) })
}

/// The name that is meant, perhaps.
fn closest(typed: &str) -> Option<&'static str> {
    let near = |name: &'static str| (strsim::jaro_winkler(name, typed), name);
    let names = ACTIONS.iter().filter(|action| menu::is_linear(action.id)).map(|action| near(action.name));
    let best = names.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(score, _)| *score > 0.8).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn lines_mean_what_they_say() {
        let model = sample::unconnected();
        for (line, meant) in [
            ("", Command::Nothing),
            ("  ", Command::Nothing),
            ("12", Command::Number(12)),
            ("row 3", Command::Row(3)),
            ("choice 10", Command::Choice(10)),
            ("r", Command::Do(ActionId::Restart)),
            ("R", Command::Do(ActionId::Rollback)),
            ("Restart", Command::Do(ActionId::Restart)),
            ("dead letters", Command::Do(ActionId::DeadLetters)),
            ("ctrl-b", Command::Do(ActionId::ClearBuffers)),
            ("/state:Active !x", Command::Filter("state:Active !x".to_owned())),
            ("filter Claude", Command::Filter("Claude".to_owned())),
            ("filter", Command::Filter(String::new())),
            ("?", Command::Help(None)),
            ("help restart", Command::Help(Some("restart"))),
            ("q", Command::Do(ActionId::Quit)),
            ("exit", Command::Do(ActionId::Quit)),
            ("restrat", Command::Unknown(Some("restart"))),
            ("wxyz", Command::Unknown(None)),
        ] {
            assert_eq!(read(&model, line), meant, "{line:?}");
        }
    }
}
