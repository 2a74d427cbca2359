//! The table of keys, as the README has it: from the action table, with the keys that
//! the keymap has for each.

use std::fmt::Write as _;

use crate::action::{ACTIONS, Action, Danger, Where};
use crate::keymap::Keymap;

/// In Markdown, one row for each action.
pub fn markdown(keymap: &Keymap) -> String {
    let mut text = "| Key | What it does | Where | Needs | Asks first |\n|---|---|---|---|---|\n".to_owned();
    for action in ACTIONS {
        // Writing into memory cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            keys(action, keymap),
            action.help.replace('|', "\\|"),
            place(action),
            action.least_role().map_or("", |role| role.as_str()),
            asks(action.danger)
        );
    }
    text
}

fn keys(action: &Action, keymap: &Keymap) -> String {
    let keys: Vec<String> = keymap.keys(action.id).iter().map(|key| format!("`{key}`")).collect();
    if keys.is_empty() { format!("`:{}`", action.name) } else { keys.join(" ") }
}

fn place(action: &Action) -> String {
    match action.place {
        Where::Everywhere => "everywhere".to_owned(),
        Where::On(screens) => screens.iter().map(|screen| screen.title()).collect::<Vec<_>>().join(", "),
    }
}

const fn asks(danger: Danger) -> &'static str {
    match danger {
        Danger::None | Danger::Looks | Danger::Harmless => "",
        Danger::Confirm => "yes",
        Danger::Typed => "the workspace's name has to be typed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_row_and_every_row_all_columns() {
        let table = markdown(&Keymap::default());
        assert_eq!(table.lines().count(), ACTIONS.len() + 2);
        for line in table.lines() {
            assert_eq!(line.replace("\\|", "").matches('|').count(), 6, "{line}");
        }
        assert!(table.contains("| `q` `ctrl-c` | End the console; the server goes on | everywhere |  |  |"));
    }
}
