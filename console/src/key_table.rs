//! The table of keys as Markdown, for the README: from the table of actions and the
//! keymap, so that no document names another key than the program has.

use std::fmt::Write;

use crate::action::{ACTIONS, Action, Danger, Where};
use crate::key::Key;
use crate::keymap::Keymap;
use crate::screen::Screen;

/// The table of keys: what works everywhere, then what each screen has besides.
pub fn markdown(keymap: &Keymap) -> String {
    let mut text = String::from("| Key | Action | What it does | Least role |\n| --- | --- | --- | --- |\n");
    let everywhere = ACTIONS.iter().filter(|action| action.place == Where::Everywhere);
    section(&mut text, keymap, "Everywhere", everywhere);
    for screen in Screen::ALL {
        let own = |action: &&&Action| action.place != Where::Everywhere && action.is_on(screen);
        section(&mut text, keymap, screen.title(), ACTIONS.iter().filter(own));
    }
    text
}

fn section<'a>(
    text: &mut String,
    keymap: &Keymap,
    title: &str,
    actions: impl Iterator<Item = &'a &'static Action>,
) {
    let mut actions = actions.peekable();
    if actions.peek().is_none() {
        return;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "| | **{title}** | | |");
    for action in actions {
        let keys: Vec<String> = keymap.keys(action.id).iter().map(code).collect();
        let role = action.least_role().map_or("", |role| role.as_str());
        let help = escaped(action.help);
        let asks = match action.danger {
            Danger::None | Danger::Looks | Danger::Harmless => "",
            Danger::Confirm => "; asks first",
            Danger::Typed => "; asks, and a word has to be typed",
        };
        let _ = writeln!(text, "| {} | `{}` | {help}{asks} | {role} |", keys.join(" "), action.name);
    }
}

fn code(key: &Key) -> String {
    format!("`{}`", escaped(&key.to_string()))
}

/// A bar would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_stands_in_it_with_its_keys() {
        let text = markdown(&Keymap::default());
        for action in ACTIONS {
            let line = text.lines().find(|line| line.contains(&format!("| `{}` |", action.name)));
            let line = line.unwrap_or_else(|| panic!("{} is missing", action.name));
            for key in action.keys {
                assert!(line.contains(&format!("`{key}`")), "{line}");
            }
            assert_eq!(line.matches(" | ").count(), 3, "{line}");
        }
    }
}
