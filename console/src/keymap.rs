//! Which key does what, per screen: the defaults of the action table, with what the
//! configuration says instead.

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;

use crate::action::{ACTIONS, Action, ActionId};
use crate::key::Key;
use crate::screen::Screen;

/// One key stands for two actions of one screen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key} stands for {one} and for {other} on {}", screen.title())]
pub struct Conflict {
    /// The key.
    pub key: Key,
    /// The name of one of them.
    pub one: &'static str,
    /// The name of the other.
    pub other: &'static str,
    /// On which screen.
    pub screen: Screen,
}

/// Which key does what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    keys: BTreeMap<ActionId, Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let of = |action: &&'static Action| {
            // A default that is no key does not get past the test below.
            (action.id, action.keys.iter().filter_map(|key| key.parse().ok()).collect())
        };
        Self { keys: ACTIONS.iter().map(of).collect() }
    }
}

impl Keymap {
    /// Other keys for an action; none at all takes its keys away.
    pub fn set(&mut self, action: ActionId, keys: Vec<Key>) {
        self.keys.insert(action, keys);
    }

    /// The keys of an action.
    pub fn keys(&self, action: ActionId) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The first key of an action, for hints.
    pub fn hint(&self, action: ActionId) -> Option<Key> {
        self.keys(action).first().copied()
    }

    /// What a key does on this screen.
    pub fn find(&self, screen: Screen, key: Key) -> Option<ActionId> {
        let is_meant =
            |action: &&&'static Action| action.is_on(screen) && self.keys(action.id).contains(&key);
        ACTIONS.iter().find(is_meant).map(|action| action.id)
    }

    /// Every key that stands for two actions of one screen.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        for screen in Screen::ALL {
            let mut seen: HashMap<Key, &'static Action> = HashMap::new();
            for action in ACTIONS.iter().copied().filter(|action| action.is_on(screen)) {
                for key in self.keys(action.id) {
                    if let Some(one) = seen.insert(*key, action) {
                        conflicts.push(Conflict { key: *key, one: one.name, other: action.name, screen });
                    }
                }
            }
        }
        conflicts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_key_and_none_stands_for_two_actions_of_a_screen() {
        let keymap = Keymap::default();
        assert_eq!(keymap.conflicts(), []);
        for action in ACTIONS {
            assert_eq!(keymap.keys(action.id).len(), action.keys.len(), "{}", action.name);
        }
    }

    #[test]
    fn a_conflict_is_named_with_its_screen() {
        let mut keymap = Keymap::default();
        keymap.set(ActionId::Pin, vec!["r".parse().unwrap()]);
        let conflicts = keymap.conflicts();
        assert_eq!(conflicts.len(), 1);
        assert_eq!(conflicts[0].to_string(), "r stands for restart and for pin on State");
    }
}
