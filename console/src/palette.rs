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
    let typed = palette.input.value().trim();
    if typed.is_empty() {
        return here.collect();
    }
    let mut search = Search::new(typed);
    let mut scored: Vec<(u32, &'static Action)> =
        here.filter_map(|action| search.score(action).map(|score| (score, action))).collect();
    // Stable: of equally good ones the one that help shows first comes first.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, action)| action).collect()
}

/// What is looked for. It is made anew for each frame and each key, and kept by nobody.
#[derive(Debug)]
pub struct Search {
    pattern: Pattern,
    matcher: Matcher,
    letters: Vec<char>,
}

impl Search {
    /// For what is typed.
    pub fn new(typed: &str) -> Self {
        Self {
            pattern: Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart),
            matcher: Matcher::new(Config::DEFAULT),
            letters: Vec::new(),
        }
    }

    /// How well an action matches. What it is called counts for more than what is said
    /// about it.
    fn score(&mut self, action: &Action) -> Option<u32> {
        let texts = [(action.name, 2000), (action.label, 1000), (action.help, 0)];
        texts.iter().find_map(|(text, weight)| {
            let letters = Utf32Str::new(text, &mut self.letters);
            let score = self.pattern.score(letters, &mut self.matcher)?;
            Some(score.saturating_add(*weight))
        })
    }

    /// Which letters of a text match, by their number, in order; none where it does not.
    pub fn letters(&mut self, text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        let text = Utf32Str::new(text, &mut self.letters);
        if self.pattern.indices(text, &mut self.matcher, &mut found).is_none() {
            return Vec::new();
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use task_orchestrator_shared::role::Role;

    use super::*;
    use crate::model::prompt::Palette;
    use crate::sample;

    fn names(typed: &str) -> Vec<&'static str> {
        let mut model = sample::connected(sample::view(3), Role::Admin);
        let input = tui_input::Input::from(typed.to_owned());
        model.prompt = Prompt::Palette(Palette { input, at: 0 });
        found(&model).iter().map(|action| action.name).collect()
    }

    #[test]
    fn what_it_is_called_comes_before_what_is_said_about_it() {
        assert_eq!(names("restart").first(), Some(&"restart"));
        assert_eq!(names("rbk").first(), Some(&"rollback"));
        assert_eq!(names("EMERG").first(), Some(&"emergency"));
        assert!(names("worker").contains(&"emergency"), "found by what is said about it");
        assert!(names("qqqq").is_empty());
    }

    #[test]
    fn everything_that_can_be_done_here_is_there_and_nothing_else() {
        let all = names("");
        assert!(all.contains(&"restart") && !all.contains(&"verify-audit"));
        assert_eq!(all, names("  "));
    }

    #[test]
    fn letters_that_match_are_told() {
        assert_eq!(Search::new("rbk").letters("rollback"), [0, 4, 7]);
        assert!(Search::new("rbk").letters("restart").is_empty());
    }
}
