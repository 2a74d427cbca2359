//! The keys of a screen, from the table of actions.

use crate::action::{ACTIONS, Danger, Where};
use crate::keymap::Keymap;
use crate::model::prompt::PageLine;
use crate::screen::Screen;
use crate::theme::Tone;

/// Every action of the screen with its keys, those of this screen alone first.
pub fn lines(keymap: &Keymap, screen: Screen) -> Vec<PageLine> {
    let mut lines = vec![PageLine::of(Tone::Title, format!("On {}", screen.title()))];
    let here = ACTIONS.iter().filter(|action| action.is_on(screen));
    let (own, everywhere): (Vec<_>, Vec<_>) = here.partition(|action| action.place != Where::Everywhere);
    for action in own {
        lines.push(line(keymap, action));
    }
    lines.push(PageLine::plain(""));
    lines.push(PageLine::of(Tone::Title, "Everywhere"));
    lines.extend(everywhere.into_iter().map(|action| line(keymap, action)));
    lines
}

fn line(keymap: &Keymap, action: &crate::action::Action) -> PageLine {
    let keys: Vec<String> = keymap.keys(action.id).iter().map(ToString::to_string).collect();
    let role = action.least_role().map_or_else(String::new, |role| format!(" ({role})"));
    let tone = if action.danger == Danger::Typed { Tone::Warn } else { Tone::Plain };
    PageLine::of(tone, format!("{:<16} {:<20} {}{role}", keys.join(" "), action.name, action.help))
}
