//! A question before something dangerous. Only a confirmed one makes the order: it
//! arms after a while, and is void when the world it was asked in has changed.

mod ask;
mod field;

use std::fmt;
use std::time::Duration;

use task_orchestrator_shared::admin::{Context, Request};
use task_orchestrator_shared::restart::{Reason, RestartRequest};
use tui_input::Input;

use super::Now;
use super::order::{Order, danger_of};
use super::world::World;
use crate::action::Danger;
use crate::heard::Tag;

pub use ask::Ask;
pub use field::{Content, Field, FieldId, REASONS, Wrong};

/// How long a dialog is shown before it can be confirmed: whoever types when it
/// comes up has not read it.
pub const ARMS_AFTER: Duration = Duration::from_millis(400);

/// A question before something dangerous.
#[derive(Debug, Clone)]
pub struct Dialog {
    /// What would be done.
    pub ask: Ask,
    /// What it would mean, a line each.
    pub facts: Facts,
    /// What can be chosen.
    pub fields: Vec<Field>,
    /// The word that has to be typed, as far as it is typed.
    pub typed: Input,
    /// The word that has to be typed.
    pub word: String,
    /// Where the cursor is.
    pub focus: Focus,
    /// When it came up.
    pub opened: Now,
    /// The world in which it was asked.
    pub world: World,
    /// Why it is void, once it is.
    pub void: Option<String>,
    /// Why the last try to confirm it did nothing.
    pub refused: Option<NotYet>,
    /// The first line of what it would mean that is shown, where not all fit.
    pub top: usize,
}

/// What it would mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// The server was asked; until it answers, these lines are known.
    Asked(Tag, Vec<String>),
    /// All is known.
    Known(Vec<String>),
    /// The server says that it cannot be done.
    Refused(String),
}

/// Where the cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// In this field.
    Field(usize),
    /// In the word that has to be typed.
    Typed,
    /// On Cancel.
    Cancel,
    /// On what does it.
    Confirm,
}

/// Why a dialog cannot be confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotYet {
    /// It is void.
    Void(String),
    /// It has not been shown long enough.
    Arming,
    /// What it would mean is not known yet, or it cannot be done.
    Facts,
    /// The terminal is too small to show what it would mean.
    TooSmall,
    /// Something is missing or wrong in a field.
    Field(Wrong),
    /// The word is not typed.
    Typed,
}

impl fmt::Display for NotYet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void(why) => write!(f, "void: {why}"),
            Self::Arming => f.write_str("not armed yet: read it first"),
            Self::Facts => f.write_str("what it would mean is not known yet"),
            Self::TooSmall => f.write_str("the terminal is too small to show what it would mean"),
            Self::Field(wrong) => wrong.fmt(f),
            Self::Typed => f.write_str("the word is not typed yet"),
        }
    }
}

impl Dialog {
    /// A question of this world. `word` is what has to be typed where it has to be.
    pub fn new(ask: Ask, facts: Facts, word: String, world: World, now: Now) -> Self {
        let fields = ask.fields();
        let mut dialog = Self {
            ask,
            facts,
            fields,
            typed: Input::default(),
            word,
            focus: Focus::Cancel,
            opened: now,
            world,
            void: None,
            refused: None,
            top: 0,
        };
        // Where words have to be typed the cursor is where they are typed: what is
        // typed there does nothing, and Cancel still comes before what does it.
        if dialog.must_type() {
            dialog.focus = if dialog.fields.is_empty() { Focus::Typed } else { Focus::Field(0) };
        }
        dialog
    }

    /// What would be asked of the server, as the fields stand.
    ///
    /// # Errors
    ///
    /// What is missing or wrong in a field.
    pub fn request(&self) -> Result<Request, Wrong> {
        Ok(match &self.ask {
            Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Emergency | Ask::Rollback => {
                Request::Restart(Box::new(self.restart()?))
            }
            Ask::CancelRestart => Request::CancelRestart,
            Ask::Maintenance(on) => Request::Maintenance { on: *on },
            Ask::ClearBuffers(session) => Request::ClearBuffers { session: session.clone() },
            Ask::Disconnect(session) => Request::DisconnectSession { session: session.clone() },
            Ask::Restore(name) => Request::RestoreBackup { name: name.clone() },
            Ask::Prune => Request::PruneBackups { dry_run: false },
            Ask::RetryLetter(id) => Request::RetryDeadLetter { id: *id },
            Ask::DiscardLetter(id) => Request::DiscardDeadLetter { id: *id },
            Ask::Reload => Request::ReloadConfig,
            Ask::Stop => Request::Stop,
        })
    }

    fn restart(&self) -> Result<RestartRequest, Wrong> {
        let reason = self.fields.iter().find_map(|field| match field.content {
            Content::Choice(reasons, at) => reasons.get(at).copied(),
            _ => None,
        });
        let is_emergency = self.ask == Ask::Emergency;
        let default = if is_emergency { Reason::EmergencyShutdown } else { Reason::ManualRequest };
        let program = self.text(FieldId::Program)?;
        Ok(RestartRequest {
            graceful: !is_emergency,
            preserve_state: !is_emergency,
            timeout: self.timeout()?,
            reason: reason.unwrap_or(default),
            note: self.text(FieldId::Note)?,
            drain: self.fields.iter().any(|field| matches!(field.content, Content::Flag(true))),
            binary: program,
            // The developer's key is the one that builds.
            build: self.ask == Ask::Build,
            clear_buffers: false,
            rollback: self.ask == Ask::Rollback,
        })
    }

    fn timeout(&self) -> Result<Option<u32>, Wrong> {
        self.fields.iter().find_map(Field::seconds).unwrap_or(Ok(None))
    }

    fn text(&self, id: FieldId) -> Result<Option<String>, Wrong> {
        self.fields.iter().find(|field| field.id == id).map_or(Ok(None), Field::text)
    }

    /// Whether the word has to be typed, as the fields stand.
    pub fn must_type(&self) -> bool {
        // A field that is not filled in yet does not make it harmless.
        self.request().map_or_else(
            |_| self.ask.action().action().danger == Danger::Typed,
            |request| danger_of(&request) == Danger::Typed,
        )
    }

    /// Whether it has been shown long enough.
    pub fn is_armed(&self, now: Now) -> bool {
        now.since(self.opened) >= ARMS_AFTER
    }

    /// Why it is void in this world, where it is.
    pub fn void_in(&self, world: Option<&World>) -> Option<String> {
        let counts_waiting = matches!(self.ask, Ask::ClearBuffers(None) | Ask::Maintenance(false));
        let more = || world.filter(|_| counts_waiting).and_then(|world| self.world.more_wait(world));
        self.void.clone().or_else(|| self.world.void(world)).or_else(more)
    }

    /// Why it cannot be confirmed in this world now.
    pub fn not_yet(&self, world: Option<&World>, now: Now) -> Option<NotYet> {
        if let Some(why) = self.void_in(world) {
            return Some(NotYet::Void(why));
        }
        if !self.is_armed(now) {
            return Some(NotYet::Arming);
        }
        if !matches!(self.facts, Facts::Known(_)) {
            return Some(NotYet::Facts);
        }
        if let Err(what) = self.request() {
            return Some(NotYet::Field(what));
        }
        (self.must_type() && self.typed.value().trim() != self.word).then_some(NotYet::Typed)
    }

    /// The order. It says which generation was looked at, so that the server refuses
    /// it too when that is over.
    ///
    /// # Errors
    ///
    /// Why it cannot be confirmed yet.
    pub fn confirm(&self, world: Option<&World>, key: String, now: Now) -> Result<Order, NotYet> {
        if let Some(not_yet) = self.not_yet(world, now) {
            return Err(not_yet);
        }
        let request = self.request().map_err(NotYet::Field)?;
        // A restart has a place of its own for it.
        let reason = match &request {
            Request::Restart(_) => None,
            _ => self.text(FieldId::Note).map_err(NotYet::Field)?,
        };
        let context =
            Context { expected_generation: Some(self.world.generation), idempotency_key: Some(key), reason };
        Ok(Order::confirmed(request, context))
    }

    /// The places of the cursor, in their order.
    pub fn places(&self) -> Vec<Focus> {
        let fields = (0..self.fields.len()).map(Focus::Field);
        let typed = self.must_type().then_some(Focus::Typed);
        fields.chain(typed).chain([Focus::Cancel, Focus::Confirm]).collect()
    }

    /// Moves the cursor on by so many places, round the end.
    pub fn step(&mut self, forward: bool) {
        let places = self.places();
        let at = places.iter().position(|place| *place == self.focus).unwrap_or(0);
        let count = places.len().max(1);
        let next = if forward { at + 1 } else { at + count - 1 } % count;
        self.focus = places.get(next).copied().unwrap_or(Focus::Cancel);
    }
}
