//! Actions by what somebody remembers of their names.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::action::{ACTIONS, Action};
use crate::model::Model;
use crate::model::prompt::Prompt;

/// The actions of this screen that match what is typed, the best first; all of them
/// while nothing is typed.
pub fn found(model: &Model) -> Vec<&'static Action> {
    let Prompt::Palette(palette) = &model.prompt else { return Vec::new() };
    let here = ACTIONS.iter().copied().filter(|action| action.is_on(model.screen));
    let typed = palette.input.value();
    if typed.is_empty() {
        return here.collect();
    }
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    let mut scored: Vec<(u32, &'static Action)> = here
        .filter_map(|action| {
            let name = pattern.score(Utf32Str::new(action.name, &mut letters), &mut matcher);
            let help = pattern.score(Utf32Str::new(action.help, &mut letters), &mut matcher);
            // What it is called counts for more than what is said about it.
            name.map(|score| score.saturating_add(1000)).or(help).map(|score| (score, action))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, action)| action).collect()
}
