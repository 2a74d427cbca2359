//! How much is said at once: a screen reader that falls behind says what is over.
//! What matters is always said; of the rest at most [`AT_ONCE`] lines in [`WINDOW`],
//! at most [`KEPT`] wait for their turn, and how many were left out is said.

use std::collections::VecDeque;
use std::time::Duration;

/// Most lines within [`WINDOW`], besides those that matter.
const AT_ONCE: usize = 12;

/// How long what was said counts.
const WINDOW: Duration = Duration::from_secs(5);

/// Most lines that wait; of more, the oldest are left out.
const KEPT: usize = 12;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Speaker {
    /// When the last lines were said; at most [`AT_ONCE`].
    said: VecDeque<Duration>,
    waiting: VecDeque<String>,
    left_out: usize,
}

impl Speaker {
    /// Something that can be left out.
    pub(super) fn say(&mut self, line: String) {
        if self.waiting.len() == KEPT {
            self.waiting.pop_front();
            self.left_out += 1;
        }
        self.waiting.push_back(line);
    }

    /// Something that cannot. What waited before it and was not said by now is left out.
    pub(super) fn matters(&mut self, line: String, now: Duration) -> Vec<String> {
        let mut lines = self.due(now);
        self.left_out += self.waiting.len();
        self.waiting.clear();
        lines.extend(self.omitted());
        lines.push(line);
        lines
    }

    /// What may be said now.
    pub(super) fn due(&mut self, now: Duration) -> Vec<String> {
        while self.said.front().is_some_and(|said| now.saturating_sub(*said) >= WINDOW) {
            self.said.pop_front();
        }
        let mut lines = Vec::new();
        while self.said.len() < AT_ONCE
            && let Some(line) = self.waiting.pop_front()
        {
            self.said.push_back(now);
            lines.push(line);
        }
        if self.waiting.is_empty() {
            lines.extend(self.omitted());
        }
        lines
    }

    /// How long until something that waits may be said; nothing where nothing waits.
    pub(super) fn next(&self, now: Duration) -> Option<Duration> {
        let first = self.said.front().filter(|_| !self.waiting.is_empty())?;
        Some((*first + WINDOW).saturating_sub(now))
    }

    fn omitted(&mut self) -> Option<String> {
        let left_out = std::mem::take(&mut self.left_out);
        (left_out > 0).then(|| format!("and {left_out} more"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_flood_is_cut_and_counted_and_what_matters_is_said_at_once() {
        let mut speaker = Speaker::default();
        let mut told = Vec::new();
        for number in 0..100 {
            speaker.say(number.to_string());
            told.extend(speaker.due(SECOND));
        }
        assert_eq!(told.len(), AT_ONCE, "{told:?}");
        assert!(speaker.due(2 * SECOND).is_empty());
        assert_eq!(speaker.next(2 * SECOND), Some(4 * SECOND));
        let left = 100 - AT_ONCE;
        assert_eq!(
            speaker.matters("fire".to_owned(), 2 * SECOND),
            [format!("and {left} more"), "fire".to_owned()]
        );
        assert_eq!(speaker.next(2 * SECOND), None);

        for number in 0..20 {
            speaker.say(number.to_string());
        }
        let told = speaker.due(6 * SECOND);
        assert_eq!(told.len(), KEPT + 1, "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("and 8 more"));
        assert_eq!(speaker.due(60 * SECOND), Vec::<String>::new());
    }
}
