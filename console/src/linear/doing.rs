//! What a typed line does: chooses a row or one of several, filters, does an action.

use crossterm::event::KeyCode;

use super::{Linear, Numbers, Pending, Turn, list, menu, questions};
use crate::action::{Action, ActionId, Where};
use crate::key::{Key, Press};
use crate::model::filter::Filter;
use crate::model::prompt::{Choice, Choose, Item};
use crate::model::{Model, rows};
use crate::msg::{Hit, Msg};
use crate::screen::Screen;

impl Linear {
    pub(super) fn choose(&mut self, choose: &Choose, line: &str, turn: &mut Turn) {
        let number = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let label = |item: &Item| item.label.eq_ignore_ascii_case(line);
        match number.or_else(|| choose.items.iter().position(label)).filter(|at| *at < choose.items.len()) {
            Some(at) => {
                turn.msgs.push(Msg::Click(Hit::Item(at)));
                match choose.what {
                    Choice::Sort => self.pending = Some(Pending::Screen),
                    // Another server: everything is new.
                    Choice::Target(_) => *self = Self { is_begun: true, ..Self::new() },
                    Choice::Columns | Choice::LogLevel => {}
                }
            }
            None => {
                turn.say("Nothing was chosen.");
                turn.msgs.push(Msg::Click(Hit::Cancel));
            }
        }
    }

    pub(super) fn row(&mut self, model: &Model, number: usize, turn: &mut Turn) {
        let key = match &self.numbers {
            Numbers::Rows(keys) => number.checked_sub(1).and_then(|at| keys.get(at)).cloned(),
            Numbers::Menu => None,
        };
        let Some(key) = key.filter(|key| list::has(model, key)) else {
            turn.say(format!("There is no row {number}. again prints the list as it is now."));
            return;
        };
        // The same row once more opens it on a drawn screen, which closes a branch of a tree.
        if model.screen != Screen::Tasks || model.list().chosen.as_ref() != Some(&key) {
            turn.msgs.push(Msg::Click(Hit::Row(key)));
        }
        self.pending = Some(Pending::Detail);
    }

    pub(super) fn choice(&mut self, model: &Model, number: usize, turn: &mut Turn) {
        let choices = menu::choices(model.screen);
        match number.checked_sub(1).and_then(|at| choices.get(at)) {
            Some(action) => self.perform(model, action, turn),
            None => turn.say(format!("There is no choice {number}: menu shows them.")),
        }
    }

    pub(super) fn filter(&mut self, model: &Model, words: &str, turn: &mut Turn) {
        let columns: Vec<&str> = if model.screen == Screen::Logs {
            crate::model::logs::COLUMNS.to_vec()
        } else {
            rows::of(model)
                .map_or_else(Vec::new, |rows| rows.columns().iter().map(|column| column.id).collect())
        };
        if model.screen == Screen::Overview {
            turn.say("There is no list on Overview to filter.");
            return;
        }
        if let Err(wrong) = Filter::parse(words, &columns) {
            turn.say(format!("Nothing was changed: {wrong}."));
            return;
        }
        turn.msgs.push(Msg::Click(Hit::Action(ActionId::Filter)));
        turn.msgs.extend(questions::typed(words));
        turn.msgs.push(Msg::Key(Press { key: Key::plain(KeyCode::Enter), repeats: false }));
        self.pending = Some(Pending::Screen);
    }

    pub(super) fn perform(&mut self, model: &Model, action: &'static Action, turn: &mut Turn) {
        if !menu::is_linear(action.id) {
            turn.say(format!("{} is for the drawn console. menu shows the choices here.", action.name));
            return;
        }
        if let Where::On(screens) = action.place
            && !action.is_on(model.screen)
        {
            let names: Vec<&str> = screens.iter().map(|screen| screen.title()).collect();
            turn.say(format!("{} is done on {}.", action.name, names.join(", ")));
            return;
        }
        if concerns_a_row(action.id) && !self.has_chosen(model, turn) {
            return;
        }
        match action.id {
            ActionId::Follow => {
                turn.say("Following the log. Enter ends that.");
                self.is_following = true;
                return;
            }
            ActionId::Help => {
                turn.lines.extend(menu::help(model));
                return;
            }
            ActionId::Mark => self.pending = Some(Pending::Marks),
            ActionId::Open if model.screen != Screen::Tasks => self.pending = Some(Pending::Detail),
            id if menu::screen_of(id).is_some() => self.pending = Some(Pending::Screen),
            ActionId::Open
            | ActionId::Back
            | ActionId::Refresh
            | ActionId::OwnDenials
            | ActionId::LevelUp
            | ActionId::LogSession => self.pending = Some(Pending::Screen),
            _ => {}
        }
        turn.msgs.push(match menu::screen_of(action.id) {
            Some(screen) => Msg::Click(Hit::Screen(screen)),
            None => Msg::Click(Hit::Action(action.id)),
        });
    }

    /// Whether a row was chosen and is still there: what is done to a row is never done
    /// to one that has taken its place.
    fn has_chosen(&self, model: &Model, turn: &mut Turn) -> bool {
        match model.list().chosen {
            Some(key) if list::has(model, &key) => true,
            Some(_) => {
                turn.say("The chosen row is not there any more: choose another by its number.");
                false
            }
            None => {
                turn.say("Choose a row first, by its number.");
                false
            }
        }
    }
}

fn concerns_a_row(action: ActionId) -> bool {
    matches!(
        action,
        ActionId::ReconnectTest
            | ActionId::ClearBuffer
            | ActionId::Disconnect
            | ActionId::Verify
            | ActionId::Pin
            | ActionId::Restore
            | ActionId::ReadLetter
            | ActionId::RetryLetter
            | ActionId::DiscardLetter
            | ActionId::Mark
            | ActionId::Open
            | ActionId::Copy
    )
}
