//! A pen that falls on the keyboard restarts nothing.

use std::time::Duration;

use crossterm::event::KeyCode;
use task_orchestrator_shared::role::Role;

use super::dangerous;
use crate::action::ACTIONS;
use crate::key::{Key, Press};
use crate::model::Now;
use crate::model::dialog::Ask;
use crate::model::prompt::Prompt;
use crate::msg::{Effect, Msg};
use crate::sample::{answer, connected, now, press, readiness, view};
use crate::screen::Screen;
use crate::update::update;

/// Every key that means something anywhere, and every letter.
fn keys() -> Vec<Key> {
    let bound = ACTIONS.iter().flat_map(|action| action.keys).map(|key| key.parse().unwrap());
    let letters = (' '..='~').map(|letter| Key::plain(KeyCode::Char(letter)));
    let moves = [KeyCode::Enter, KeyCode::Tab, KeyCode::BackTab, KeyCode::Esc, KeyCode::Up, KeyCode::Down]
        .map(Key::plain);
    // What confirms comes more often than by chance.
    let often = [KeyCode::Enter, KeyCode::Tab, KeyCode::Right].map(Key::plain);
    let often = std::iter::repeat_n(often, 30).flatten();
    bound.chain(letters).chain(moves).chain(often).collect()
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

#[test]
fn ten_thousand_keys_in_399_ms_order_nothing_dangerous() {
    let keys = keys();
    for seed in 0..2 {
        for screen in Screen::ALL {
            let mut dice = Dice(seed * 977 + 1);
            let mut model = connected(view(7), Role::Admin);
            model.screen = screen;
            for number in 0..10_000_u64 {
                let since = Duration::from_micros(number * 399_000 / 10_000);
                let at = Now { running: now().running + since, ..now() };
                let key = keys[dice.roll(keys.len())];
                let press = Press { key, repeats: dice.roll(8) == 0 };
                let effects = update(&mut model, Msg::Key(press), at);
                assert!(dangerous(&effects).is_empty(), "{key} on {screen:?}: {effects:?}");
                // The server answers each question at once, which is the worst case.
                if effects.iter().any(|effect| matches!(effect, Effect::Send { .. })) {
                    answer(&mut model, readiness(), at);
                }
            }
        }
    }
}

#[test]
fn two_keys_beside_each_other_open_one_question_and_leave_it_at_cancel() {
    for pair in [["r", "E"], ["E", "r"], ["R", "E"], ["b", "r"]] {
        let mut model = connected(view(7), Role::Admin);
        let first = match pair[0] {
            "r" => Ask::Restart,
            "E" => Ask::Emergency,
            "R" => Ask::Rollback,
            _ => Ask::Build,
        };
        assert!(dangerous(&press(&mut model, &pair, now())).is_empty());
        let Prompt::Confirm(dialog) = &model.prompt else { panic!("{pair:?}") };
        assert_eq!(dialog.ask, first, "{pair:?}");
        assert_ne!(dialog.focus, crate::model::dialog::Focus::Confirm);
        let effects = press(&mut model, &["enter", "enter"], now());
        assert!(dangerous(&effects).is_empty(), "{pair:?}");
    }
}
