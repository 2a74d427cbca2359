//! A question before something dangerous. Only a confirmed one makes the order: it
//! arms after a while, and is void when the world it was asked in has changed.

use std::time::Duration;

use task_orchestrator_shared::admin::request::MAX_REASON;
use task_orchestrator_shared::admin::{Context, Request};
use task_orchestrator_shared::restart::{Reason, RestartRequest, TIMEOUT_SECONDS};
use tui_input::Input;

use super::Now;
use super::order::{Order, danger_of};
use super::world::World;
use crate::action::{ActionId, Danger};
use crate::heard::Tag;

/// How long a dialog is shown before it can be confirmed: whoever types when it
/// comes up has not read it.
pub const ARMS_AFTER: Duration = Duration::from_millis(400);

/// The reasons that may be chosen for a restart.
pub const REASONS: [Reason; 4] =
    [Reason::ManualRequest, Reason::ConfigurationUpdate, Reason::SchemaMigration, Reason::ErrorRecovery];

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
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A graceful restart.
    Restart,
    /// The build command, then a graceful restart.
    Build,
    /// A restart with another program.
    Upgrade,
    /// The end of the worker, at once.
    Emergency,
    /// The end of the restart that runs.
    CancelRestart,
    /// The previous build.
    Rollback,
    /// New requests are held back, or let through.
    Maintenance(bool),
    /// An answer to what waits, of one client or of all.
    ClearBuffers(Option<String>),
    /// The end of a client's session.
    Disconnect(String),
    /// A file in the place of the database.
    Restore(String),
    /// Removal of what the configuration does not keep.
    Prune,
    /// One more try of a dead letter.
    RetryLetter(u64),
    /// The end of a dead letter.
    DiscardLetter(u64),
    /// The configuration, read again.
    Reload,
    /// The end of the server.
    Stop,
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

/// Something that can be chosen.
#[derive(Debug, Clone)]
pub struct Field {
    /// Which.
    pub id: FieldId,
    /// What stands before it.
    pub label: &'static str,
    /// What is chosen.
    pub content: Content,
}

/// Names a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldId {
    /// Why it is done.
    Reason,
    /// How long it may take.
    Timeout,
    /// In words, for history and audit.
    Note,
    /// Whether everything in flight finishes first.
    Drain,
    /// The program's file.
    Program,
}

/// What is chosen.
#[derive(Debug, Clone)]
pub enum Content {
    /// One of these.
    Choice(&'static [Reason], usize),
    /// Words; whether there have to be any.
    Text(Input, bool),
    /// Seconds; nothing for the configuration's.
    Seconds(Input),
    /// Yes or no.
    Flag(bool),
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
    /// Something is missing or wrong in a field, in a sentence.
    Field(String),
    /// The word is not typed.
    Typed,
}

impl Ask {
    /// The action that leads to it.
    pub const fn action(&self) -> ActionId {
        match self {
            Self::Restart => ActionId::Restart,
            Self::Build => ActionId::Build,
            Self::Upgrade => ActionId::Upgrade,
            Self::Emergency => ActionId::Emergency,
            Self::CancelRestart => ActionId::CancelRestart,
            Self::Rollback => ActionId::Rollback,
            Self::Maintenance(_) => ActionId::Maintenance,
            Self::ClearBuffers(Some(_)) => ActionId::ClearBuffer,
            Self::ClearBuffers(None) => ActionId::ClearBuffers,
            Self::Disconnect(_) => ActionId::Disconnect,
            Self::Restore(_) => ActionId::Restore,
            Self::Prune => ActionId::Prune,
            Self::RetryLetter(_) => ActionId::RetryLetter,
            Self::DiscardLetter(_) => ActionId::DiscardLetter,
            Self::Reload => ActionId::Reload,
            Self::Stop => ActionId::Stop,
        }
    }

    /// What can be chosen of it.
    fn fields(&self) -> Vec<Field> {
        let text = |required| Content::Text(Input::default(), required);
        let field = |id, label, content| Field { id, label, content };
        let note = field(FieldId::Note, "note", text(false));
        match self {
            Self::Restart | Self::Build => vec![
                field(FieldId::Reason, "reason", Content::Choice(&REASONS, 0)),
                field(FieldId::Timeout, "timeout", Content::Seconds(Input::default())),
                field(FieldId::Drain, "drain", Content::Flag(false)),
                note,
            ],
            Self::Upgrade => vec![
                field(FieldId::Program, "program", text(true)),
                field(FieldId::Timeout, "timeout", Content::Seconds(Input::default())),
                note,
            ],
            Self::Emergency => vec![field(FieldId::Note, "reason", text(true))],
            Self::Rollback | Self::Disconnect(_) | Self::Restore(_) | Self::Stop => vec![note],
            Self::CancelRestart
            | Self::Maintenance(_)
            | Self::ClearBuffers(_)
            | Self::Prune
            | Self::RetryLetter(_)
            | Self::DiscardLetter(_)
            | Self::Reload => Vec::new(),
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
    pub fn request(&self) -> Result<Request, String> {
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

    fn restart(&self) -> Result<RestartRequest, String> {
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

    fn timeout(&self) -> Result<Option<u32>, String> {
        let seconds = self.fields.iter().find_map(|field| match &field.content {
            Content::Seconds(input) => Some(input.value().trim()),
            _ => None,
        });
        let Some(seconds) = seconds.filter(|seconds| !seconds.is_empty()) else { return Ok(None) };
        let number = seconds.parse().ok().filter(|number| TIMEOUT_SECONDS.contains(number));
        let (least, most) = (TIMEOUT_SECONDS.start(), TIMEOUT_SECONDS.end());
        number.map(Some).ok_or_else(|| format!("the timeout is a number of seconds, {least} to {most}"))
    }

    fn text(&self, id: FieldId) -> Result<Option<String>, String> {
        let field = self.fields.iter().find(|field| field.id == id);
        let Some((field, Content::Text(input, required))) = field.map(|field| (field, &field.content)) else {
            return Ok(None);
        };
        let text = input.value().trim();
        match text.chars().count() {
            0 if *required => Err(format!("the {} is missing", field.label)),
            0 => Ok(None),
            length if length > MAX_REASON => {
                Err(format!("the {} has more than {MAX_REASON} characters", field.label))
            }
            _ => Ok(Some(text.to_owned())),
        }
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

    /// Why it cannot be confirmed in this world now.
    pub fn not_yet(&self, world: Option<&World>, now: Now) -> Option<NotYet> {
        if let Some(why) = self.void.clone().or_else(|| self.world.void(world)) {
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
