//! The console as lines: for screen readers, dumb terminals and pipes. The same model,
//! the same actions and dialogs as on a drawn screen; only read and typed in lines.
//! Nothing is ever rewritten, and nothing is said by colour or place.
//!
//! - [`Linear`]: what a typed line does, and what there is to say. Pure.
//! - [`run`]: on standard input and output.

mod command;
mod detail;
mod doing;
mod list;
mod logs;
mod menu;
mod news;
mod overview;
mod questions;
mod restarts;
mod run;
#[cfg(test)]
mod tests;
mod text;

pub use run::{RunError, run, session};

use std::collections::VecDeque;
use std::time::Duration;

use crate::action::Action;
use crate::model::dialog::ARMS_AFTER;
use crate::model::link_state::LinkState;
use crate::model::notice::Notice;
use crate::model::prompt::{Choose, PageLine, Prompt};
use crate::model::{Model, Now, Purpose};
use crate::msg::{Hit, Msg};
use crate::screen::Screen;
use crate::theme::Tone;
use command::Command;
use list::PAGE;
use news::News;
use questions::Questions;
use text::wrapped;

/// What comes of a line, or of what has happened.
#[derive(Debug, Default)]
pub struct Turn {
    /// For `update`, in this order.
    pub msgs: Vec<Msg>,
    /// To be printed.
    pub lines: Vec<String>,
}

impl Turn {
    fn say(&mut self, text: impl AsRef<str>) {
        self.lines.extend(wrapped(text.as_ref()));
    }
}

/// What was said already, and what a typed line is about.
#[derive(Debug, Default)]
pub struct Linear {
    is_begun: bool,
    news: News,
    /// The last notice that was said.
    notice: Option<Notice>,
    /// What is printed as soon as it is known.
    pending: Option<Pending>,
    /// What a bare number means.
    numbers: Numbers,
    /// What `more` prints.
    more: More,
    asking: Asking,
    /// Whether the log is followed.
    is_following: bool,
    /// The number of the next line of the log that was not printed.
    next_log_line: u64,
}

/// What is printed as soon as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    /// The first screen, once there is a server to tell of.
    First,
    Screen,
    Detail,
    Marks,
}

/// What a bare number means.
#[derive(Debug, Default)]
enum Numbers {
    #[default]
    Menu,
    Rows(Vec<String>),
}

/// What `more` prints.
#[derive(Debug, Default)]
enum More {
    #[default]
    Nothing,
    /// Rows from this one on.
    Rows(usize),
    /// Lines of a page; as many as a page of the model has at most.
    Lines(VecDeque<PageLine>),
}

/// What lies over the screen, as far as it was said.
#[derive(Debug, Default)]
enum Asking {
    #[default]
    Nothing,
    Dialog(Questions),
    Choose(Choose),
    Page,
}

impl Linear {
    /// Nothing was said yet.
    pub fn new() -> Self {
        Self { pending: Some(Pending::First), ..Self::default() }
    }

    /// What a typed line does.
    pub fn line(&mut self, model: &Model, line: &str) -> Turn {
        let line = line.trim();
        let mut turn = Turn::default();
        if std::mem::take(&mut self.is_following) {
            turn.say("Not following any more.");
            if line.is_empty() {
                return turn;
            }
        }
        match (&model.prompt, &mut self.asking) {
            (Prompt::Confirm(dialog), Asking::Dialog(questions)) => return questions.answer(dialog, line),
            (Prompt::Choose(choose), Asking::Choose(_)) => {
                self.choose(choose, line, &mut turn);
                return turn;
            }
            (Prompt::None, _) => {}
            // Whatever else lies over the screen does not lie over a line.
            _ => turn.msgs.push(Msg::Click(Hit::Cancel)),
        }
        match command::read(model, line) {
            Command::Nothing => {}
            Command::More => self.print_more(model, &mut turn),
            Command::Again => self.pending = Some(Pending::Screen),
            Command::Menu => {
                turn.lines.extend(menu::menu(model));
                self.numbers = Numbers::Menu;
            }
            Command::Help(None) => turn.lines.extend(menu::help(model)),
            Command::Help(Some(name)) => {
                if let Some(action) = Action::named(name) {
                    turn.say(menu::about(model, action));
                }
            }
            Command::Number(number) => match &self.numbers {
                Numbers::Menu => self.choice(model, number, &mut turn),
                Numbers::Rows(_) => self.row(model, number, &mut turn),
            },
            Command::Row(number) => self.row(model, number, &mut turn),
            Command::Choice(number) => self.choice(model, number, &mut turn),
            Command::Filter(words) => self.filter(model, &words, &mut turn),
            Command::Do(action) => self.perform(model, action.action(), &mut turn),
            Command::Unknown(meant) => {
                let meant = meant.map_or_else(String::new, |name| format!(" Did you mean {name}?"));
                turn.say(format!(
                    "{line:?} is no action here.{meant} menu shows the choices, help explains."
                ));
            }
        }
        turn
    }

    /// What there is to say since it was asked last.
    pub fn told(&mut self, model: &Model) -> Turn {
        let mut turn = Turn::default();
        if !self.is_begun {
            self.is_begun = true;
            turn.say(concat!(
                "Task Orchestrator console ",
                env!("CARGO_PKG_VERSION"),
                ", in lines. help explains."
            ));
        }
        for line in self.news.take(model) {
            turn.say(line);
        }
        self.notices(model, &mut turn);
        self.prompt(model, &mut turn);
        self.print(model, &mut turn);
        if self.is_following {
            let (lines, next) = logs::since(model, self.next_log_line);
            turn.lines.extend(lines);
            self.next_log_line = next;
        }
        turn
    }

    /// How long until there may be something to say although nothing has happened.
    pub fn wake(&self, model: &Model, now: Now) -> Option<Duration> {
        let arming = match &model.prompt {
            Prompt::Confirm(dialog) => {
                ARMS_AFTER.checked_sub(now.since(dialog.opened)).filter(|left| !left.is_zero())
            }
            _ => None,
        };
        [arming, self.news.next(now.running)].into_iter().flatten().min()
    }

    /// Whether the next line of a script has its turn: not while the answer to the line
    /// before is still to come, or a question is to be asked.
    pub fn is_ready(&self, model: &Model) -> bool {
        if !model.link.is_live() {
            return model.seen.is_some() || !matches!(model.link, LinkState::Connecting { last: None, .. });
        }
        if let (Prompt::Confirm(_), Asking::Dialog(questions)) = (&model.prompt, &self.asking) {
            return questions.wait();
        }
        let waits = |purpose: &Purpose| {
            matches!(purpose, Purpose::Page | Purpose::Facts | Purpose::Order(_) | Purpose::Small(_))
        };
        self.pending.is_none()
            && !model.is_starting
            && !model.asked.values().any(|asked| waits(&asked.purpose))
    }

    fn notices(&mut self, model: &Model, turn: &mut Turn) {
        let last = self.notice.as_ref();
        let known = model.notices.iter().rposition(|notice| Some(notice) == last);
        for notice in model.notices.iter().skip(known.map_or(0, |at| at + 1)) {
            let sign = match notice.tone {
                Tone::Bad => "ERROR: ",
                Tone::Warn => "NOTE: ",
                _ => "",
            };
            turn.say(format!("{sign}{}", notice.text));
        }
        self.notice = model.notices.back().cloned();
    }

    /// What has come to lie over the screen, or is there no more.
    fn prompt(&mut self, model: &Model, turn: &mut Turn) {
        match &model.prompt {
            Prompt::Confirm(dialog) => {
                let known = matches!(&self.asking, Asking::Dialog(questions) if questions.are_of(dialog));
                if !known {
                    let (questions, lines) = Questions::begin(dialog, model);
                    turn.lines.extend(lines);
                    self.asking = Asking::Dialog(questions);
                }
                if let Asking::Dialog(questions) = &mut self.asking {
                    let more = questions.told(dialog, model);
                    turn.lines.extend(more.lines);
                    turn.msgs.extend(more.msgs);
                }
            }
            Prompt::Choose(choose) => {
                let known = matches!(&self.asking, Asking::Choose(asked) if asked.items == choose.items);
                if !known {
                    turn.lines.extend(choices(choose));
                    self.asking = Asking::Choose(choose.clone());
                }
            }
            Prompt::Page(page) if page.waits_for.is_some() => {
                if !matches!(self.asking, Asking::Page) {
                    turn.say(format!("{}: the server is asked.", page.title));
                }
                self.asking = Asking::Page;
            }
            Prompt::Page(page) => {
                turn.say(format!("{}:", page.title));
                self.asking = Asking::Nothing;
                self.more = More::Lines(page.lines.iter().cloned().collect());
                self.print_more(model, turn);
                // It is printed: nothing lies over the screen any more.
                turn.msgs.push(Msg::Click(Hit::Cancel));
            }
            Prompt::None | Prompt::Help { .. } | Prompt::Palette(_) | Prompt::Filter(_) => {
                if let Asking::Dialog(questions) = std::mem::take(&mut self.asking)
                    && let Some(last) = questions.into_last_words()
                {
                    turn.say(last);
                }
            }
        }
    }

    /// Prints what is to be printed, once it is known.
    fn print(&mut self, model: &Model, turn: &mut Turn) {
        let Some(pending) = self.pending.filter(|pending| is_known(model, *pending)) else { return };
        self.pending = None;
        match pending {
            Pending::Detail => turn.lines.extend(detail::lines(model)),
            Pending::Marks => {
                let marked = model.list().marked;
                let which = if marked.is_empty() { "nothing".to_owned() } else { marked.join(", ") };
                turn.say(format!("Marked: {which}."));
            }
            Pending::First | Pending::Screen => self.screen(model, turn),
        }
    }

    fn screen(&mut self, model: &Model, turn: &mut Turn) {
        turn.lines.push(String::new());
        if let Some(stale) = list::stale(model) {
            turn.say(stale);
        }
        self.more = More::Nothing;
        self.numbers = Numbers::Menu;
        match model.screen {
            Screen::Overview => {
                turn.say("Overview:");
                turn.lines.extend(overview::lines(model));
            }
            Screen::Logs => {
                turn.lines.extend(logs::page(model));
                self.next_log_line = model.logs.end();
            }
            screen => {
                let running = model.view().and_then(|(view, _)| view.restart.as_ref());
                if let (Screen::Restarts, Some(restart)) = (screen, running) {
                    turn.lines.extend(restarts::lines(model, restart));
                }
                let page = list::page(model, 0);
                turn.lines.extend(page.lines);
                if !page.keys.is_empty() {
                    self.numbers = Numbers::Rows(page.keys);
                    turn.say("A number chooses a row.");
                }
                if page.more {
                    self.more = More::Rows(PAGE);
                }
            }
        }
    }

    fn print_more(&mut self, model: &Model, turn: &mut Turn) {
        match std::mem::take(&mut self.more) {
            More::Nothing => turn.say("There is no more."),
            More::Rows(from) => {
                let page = list::page(model, from);
                turn.lines.extend(page.lines);
                if let Numbers::Rows(keys) = &mut self.numbers {
                    keys.truncate(from);
                    keys.extend(page.keys);
                }
                if page.more {
                    self.more = More::Rows(from + PAGE);
                }
            }
            More::Lines(mut lines) => {
                for line in lines.drain(..lines.len().min(PAGE)) {
                    let sign = if line.tone == Tone::Bad { "! " } else { "" };
                    turn.say(format!("{sign}{}", line.text));
                }
                if !lines.is_empty() {
                    turn.say(format!("{} lines more: type more.", lines.len()));
                    self.more = More::Lines(lines);
                }
            }
        }
    }
}

/// Whether what is to be printed is there, or will not come.
fn is_known(model: &Model, pending: Pending) -> bool {
    if model.view().is_none() {
        // Without a server the screen says so; before the first answer it waits for it.
        return pending != Pending::First
            && matches!(model.link, LinkState::Waiting { .. } | LinkState::Denied { .. });
    }
    if !model.link.is_live() {
        return true;
    }
    match (pending, model.screen) {
        (Pending::Detail, Screen::Connections) => !model.session.is_asked(),
        (Pending::First | Pending::Screen, Screen::Tasks) => !model.tasks.is_asked(),
        (Pending::First | Pending::Screen, Screen::Configuration) => !model.config.is_asked(),
        (Pending::First | Pending::Screen, Screen::Logs) => {
            let logs = &model.logs;
            !logs.is_followed || logs.count() > 0 || logs.ended.is_some()
        }
        _ => true,
    }
}

fn choices(choose: &Choose) -> Vec<String> {
    let mut lines = vec![format!("{}:", choose.title)];
    for (at, item) in choose.items.iter().enumerate() {
        let detail = if item.detail.is_empty() { String::new() } else { format!(", {}", item.detail) };
        let on = if item.is_on { ", as it is now" } else { "" };
        lines.extend(wrapped(&format!("{} {}{detail}{on}", at + 1, item.label)));
    }
    lines.push("Type a number; anything else chooses nothing.".to_owned());
    lines
}
