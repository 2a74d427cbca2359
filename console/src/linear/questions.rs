//! A dialog as questions, one after another: what it would mean, each field with its
//! default in brackets, the word where one has to be typed, and last whether to do it.
//! What may be confirmed and when is the dialog's alone; here it is only asked.

use crossterm::event::KeyCode;
use task_orchestrator_shared::restart::TIMEOUT_SECONDS;
use tui_input::Input;

use super::Turn;
use super::text::{fact, wrapped, yes};
use crate::action::Danger;
use crate::key::{Key, Press};
use crate::model::dialog::{Ask, Content, Dialog, Facts, Field, FieldId, Focus, NotYet};
use crate::model::{Model, Now};
use crate::msg::{Hit, Msg};

/// Which question comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// None before it is known what it would mean.
    Facts,
    /// The field with this number.
    Field(usize),
    /// The word.
    Word,
    /// Whether to do it.
    Last,
}

/// The questions of one dialog.
#[derive(Debug)]
pub(super) struct Questions {
    opened: Now,
    step: Step,
    /// Whether the question of this step was asked.
    asked: bool,
    /// What is said when the dialog is gone.
    confirming: Option<String>,
}

impl Questions {
    /// The questions of this dialog, and what stands above them.
    pub(super) fn begin(dialog: &Dialog, model: &Model) -> (Self, Vec<String>) {
        let action = dialog.ask.action().action();
        let mut lines = vec![String::new()];
        let danger = if action.danger == Danger::Typed { "DANGER, " } else { "" };
        lines.extend(wrapped(&format!("{danger}{}: {}.", action.name, action.help)));
        lines.extend(target(dialog, model).iter().flat_map(|target| wrapped(target)));
        if matches!(dialog.facts, Facts::Asked(..)) {
            lines.push("The server is asked what it would mean.".to_owned());
        }
        (Self { opened: dialog.opened, step: Step::Facts, asked: false, confirming: None }, lines)
    }

    /// Whether they are this dialog's.
    pub(super) fn are_of(&self, dialog: &Dialog) -> bool {
        self.opened == dialog.opened
    }

    /// Whether an answer is waited for.
    pub(super) fn wait(&self) -> bool {
        self.asked
    }

    /// What is said once the dialog is gone.
    pub(super) fn into_last_words(self) -> Option<String> {
        self.confirming
    }

    /// The next question, where it can be asked; the end of a dialog that is void.
    pub(super) fn told(&mut self, dialog: &Dialog, model: &Model) -> Turn {
        let mut turn = Turn::default();
        let not_yet = dialog.not_yet(model.world().as_ref(), model.now);
        if let Some(NotYet::Void(why)) = &not_yet {
            turn.say(format!("Void: {why}. Nothing was done."));
            turn.msgs.push(Msg::Click(Hit::Cancel));
            return turn;
        }
        if self.step == Step::Facts {
            match &dialog.facts {
                Facts::Asked(..) => return turn,
                Facts::Refused(why) => {
                    turn.say(format!("It cannot be done: {why}"));
                    turn.msgs.push(Msg::Click(Hit::Cancel));
                    return turn;
                }
                Facts::Known(lines) => {
                    for line in lines {
                        turn.say(format!("  {line}"));
                    }
                    turn.say("At each question, enter takes what stands in brackets, and cancel ends it with nothing done.");
                    self.step = after(dialog, None);
                }
            }
        }
        if let Some(refused) = dialog.refused.as_ref().filter(|_| self.confirming.take().is_some()) {
            turn.say(format!("Not done: {refused}."));
            self.asked = false;
        }
        if self.asked || (self.step == Step::Last && not_yet == Some(NotYet::Arming)) {
            return turn;
        }
        self.asked = true;
        turn.say(question(self.step, dialog, model));
        turn
    }

    /// An answer.
    pub(super) fn answer(&mut self, dialog: &Dialog, line: &str) -> Turn {
        let mut turn = Turn::default();
        if line.eq_ignore_ascii_case("cancel") || (self.step == Step::Last && self.asked && !is_yes(line)) {
            turn.say("Cancelled. Nothing was done.");
            turn.msgs.push(Msg::Click(Hit::Cancel));
            return turn;
        }
        if !self.asked {
            turn.say("Nothing was asked yet: wait for the question, or cancel.");
            return turn;
        }
        match self.step {
            Step::Facts => {}
            Step::Field(at) => self.field(at, dialog, line, &mut turn),
            Step::Word if line == dialog.word => {
                turn.msgs.push(Msg::Click(Hit::Typed));
                turn.msgs.extend(typed(line));
                self.go(Step::Last);
            }
            Step::Word => turn.say(format!("That is not it: type {}, or cancel.", dialog.word)),
            Step::Last => {
                self.confirming = Some(format!("Ordered: {}.", dialog.ask.action().action().name));
                turn.msgs.push(Msg::Click(Hit::Confirm));
            }
        }
        turn
    }

    fn go(&mut self, step: Step) {
        (self.step, self.asked) = (step, false);
    }

    fn field(&mut self, at: usize, dialog: &Dialog, line: &str, turn: &mut Turn) {
        let Some(field) = dialog.fields.get(at) else { return };
        // What comes of it is tried on a copy: the dialog itself says what is wrong.
        let mut tried = dialog.clone();
        if !line.is_empty() {
            match filled(field, line) {
                Ok(content) => {
                    if let Some(place) = tried.fields.get_mut(at) {
                        place.content = content;
                    }
                }
                Err(what) => {
                    turn.say(what);
                    return;
                }
            }
        }
        if let Err(what) = tried.request() {
            turn.say(format!("Not so: {what}."));
            return;
        }
        if let Some(filled) = tried.fields.get(at).filter(|_| !line.is_empty()) {
            turn.msgs.extend(filling(at, field, filled, dialog.focus));
        }
        self.go(after(&tried, Some(at)));
    }
}

/// The step behind a field, or the first one.
fn after(dialog: &Dialog, field: Option<usize>) -> Step {
    let next = field.map_or(0, |at| at + 1);
    if next < dialog.fields.len() {
        Step::Field(next)
    } else if dialog.must_type() {
        Step::Word
    } else {
        Step::Last
    }
}

/// What it is done to, where that is one of several.
fn target(dialog: &Dialog, model: &Model) -> Option<String> {
    Some(match &dialog.ask {
        Ask::ClearBuffers(Some(client)) | Ask::Disconnect(client) => {
            let sessions = model.seen.as_ref().map(|seen| seen.view.sessions.as_slice()).unwrap_or_default();
            let session = sessions.iter().find(|session| session.client == *client);
            let name = session.and_then(|session| session.name.as_deref()).unwrap_or("without a name");
            fact("client", format!("{client}, {name}"))
        }
        Ask::Restore(name) => fact("file", name),
        Ask::RetryLetter(id) | Ask::DiscardLetter(id) => fact("dead letter", id.to_string()),
        Ask::Maintenance(on) => fact("maintenance is switched", if *on { "on" } else { "off" }),
        _ => return None,
    })
}

fn question(step: Step, dialog: &Dialog, model: &Model) -> String {
    match step {
        Step::Facts => String::new(),
        Step::Field(at) => dialog.fields.get(at).map_or_else(String::new, |field| of_field(field, model)),
        Step::Word => format!("Type {} to go on; cancel does nothing.", dialog.word),
        Step::Last => {
            let fields: Vec<String> = dialog.fields.iter().map(chosen).collect();
            let name = dialog.ask.action().action().name;
            let summary =
                if fields.is_empty() { name.to_owned() } else { format!("{name}: {}", fields.join(", ")) };
            format!("{summary}. Type yes to do it; anything else cancels.")
        }
    }
}

fn of_field(field: &Field, model: &Model) -> String {
    match &field.content {
        Content::Choice(options, at) => {
            let options: Vec<String> = options
                .iter()
                .enumerate()
                .map(|(at, option)| format!("{} {}", at + 1, option.as_str()))
                .collect();
            format!("{}? {} [{}]", field.label, options.join(", "), at + 1)
        }
        Content::Seconds(input) => {
            let (least, most) = (TIMEOUT_SECONDS.start(), TIMEOUT_SECONDS.end());
            let configured = model.seen.as_ref().map(|seen| seen.view.limits.restart_timeout_seconds);
            let default = match (input.value(), configured) {
                ("", Some(seconds)) => format!("{seconds} as configured"),
                ("", None) => "as configured".to_owned(),
                (typed, _) => typed.to_owned(),
            };
            format!("{}? seconds, {least} to {most} [{default}]", field.label)
        }
        Content::Flag(flag) => format!("{}? {} yes or no [{}]", field.label, explained(field.id), yes(*flag)),
        Content::Text(input, true) if input.value().is_empty() => format!("{}? It is needed.", field.label),
        Content::Text(input, _) => {
            let default = if input.value().is_empty() { "none" } else { input.value() };
            format!("{}? {} [{default}]", field.label, explained(field.id))
        }
    }
}

fn explained(field: FieldId) -> &'static str {
    match field {
        FieldId::Drain => "Let everything in flight finish first,",
        FieldId::Note => "In words, for history and audit",
        FieldId::Program => "The file of the program",
        FieldId::Reason | FieldId::Timeout => "",
    }
}

/// What is chosen in a field.
fn chosen(field: &Field) -> String {
    let words = match &field.content {
        Content::Choice(options, at) => options.get(*at).map_or("?", |option| option.as_str()).to_owned(),
        Content::Seconds(input) if input.value().is_empty() => "as configured".to_owned(),
        Content::Seconds(input) => format!("{} s", input.value()),
        Content::Flag(flag) => yes(*flag).to_owned(),
        Content::Text(input, _) if input.value().is_empty() => "none".to_owned(),
        Content::Text(input, _) => input.value().to_owned(),
    };
    format!("{} {words}", field.label)
}

/// A field as it is once this was answered.
fn filled(field: &Field, line: &str) -> Result<Content, String> {
    match &field.content {
        Content::Choice(options, _) => {
            let name = line.to_lowercase().replace([' ', '-'], "_");
            let by_number = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let at = by_number.or_else(|| options.iter().position(|option| option.as_str() == name));
            let at = at.filter(|at| *at < options.len());
            let at = at.ok_or_else(|| format!("Type a number from 1 to {}, or a name.", options.len()))?;
            Ok(Content::Choice(options, at))
        }
        Content::Flag(_) if is_yes(line) => Ok(Content::Flag(true)),
        Content::Flag(_) if matches!(line.to_lowercase().as_str(), "no" | "n") => Ok(Content::Flag(false)),
        Content::Flag(_) => Err("Type yes or no.".to_owned()),
        Content::Seconds(_) => Ok(Content::Seconds(Input::from(line.to_owned()))),
        Content::Text(_, required) => Ok(Content::Text(Input::from(line.to_owned()), *required)),
    }
}

/// What leads from one content of a field to the other. The first click puts the cursor
/// there, each further one turns to the next of what can be chosen.
fn filling(at: usize, before: &Field, after: &Field, focus: Focus) -> Vec<Msg> {
    let turns = match (&before.content, &after.content) {
        (Content::Choice(options, from), Content::Choice(_, to)) => {
            let count = options.len().max(1);
            (to + count - from) % count
        }
        (Content::Flag(from), Content::Flag(to)) => usize::from(from != to),
        _ => 0,
    };
    let clicks = turns + usize::from(focus != Focus::Field(at));
    let mut msgs: Vec<Msg> = (0..clicks).map(|_| Msg::Click(Hit::Field(at))).collect();
    if let Content::Text(input, _) | Content::Seconds(input) = &after.content {
        msgs.extend(typed(input.value()));
    }
    msgs
}

/// What is typed in the place of what stands where the cursor is.
pub(super) fn typed(text: &str) -> [Msg; 2] {
    let clear = Key { code: KeyCode::Char('u'), ctrl: true, alt: false };
    [Msg::Key(Press { key: clear, repeats: false }), Msg::Paste(text.to_owned())]
}

fn is_yes(line: &str) -> bool {
    line.eq_ignore_ascii_case("yes")
}
