//! What can be chosen in a dialog. It reads what was typed and says what is wrong with
//! it; it never corrects anything by itself.

use task_orchestrator_shared::admin::request::MAX_REASON;
use task_orchestrator_shared::restart::{Reason, TIMEOUT_SECONDS};
use thiserror::Error;
use tui_input::Input;

/// The reasons that may be chosen for a restart.
pub const REASONS: [Reason; 4] =
    [Reason::ManualRequest, Reason::ConfigurationUpdate, Reason::SchemaMigration, Reason::ErrorRecovery];

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

/// Something is missing or wrong in a field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}")]
pub struct Wrong {
    /// In which.
    pub field: FieldId,
    /// In a sentence.
    pub what: String,
}

impl Field {
    pub(super) fn new(id: FieldId, label: &'static str, content: Content) -> Self {
        Self { id, label, content }
    }

    fn wrong(&self, what: String) -> Wrong {
        Wrong { field: self.id, what }
    }

    /// The words in it; nothing where none are and none have to be.
    pub(super) fn text(&self) -> Result<Option<String>, Wrong> {
        let Content::Text(input, required) = &self.content else { return Ok(None) };
        let text = input.value().trim();
        match text.chars().count() {
            0 if *required => Err(self.wrong(format!("the {} is missing", self.label))),
            0 => Ok(None),
            length if length > MAX_REASON => {
                Err(self.wrong(format!("the {} has more than {MAX_REASON} characters", self.label)))
            }
            _ => Ok(Some(text.to_owned())),
        }
    }

    /// The seconds in it; nothing within for the configuration's, nothing at all where
    /// it holds something else.
    pub(super) fn seconds(&self) -> Option<Result<Option<u32>, Wrong>> {
        let Content::Seconds(input) = &self.content else { return None };
        let text = input.value().trim();
        if text.is_empty() {
            return Some(Ok(None));
        }
        let number = text.parse().ok().filter(|number| TIMEOUT_SECONDS.contains(number));
        let (least, most) = (TIMEOUT_SECONDS.start(), TIMEOUT_SECONDS.end());
        let wrong = || self.wrong(format!("the {} is a number of seconds, {least} to {most}", self.label));
        Some(number.map(Some).ok_or_else(wrong))
    }

    /// The next of what can be chosen; nothing happens in a field that is typed into.
    pub fn turn(&mut self, forward: bool) {
        match &mut self.content {
            Content::Choice(options, chosen) => {
                let count = options.len().max(1);
                *chosen = if forward { *chosen + 1 } else { *chosen + count - 1 } % count;
            }
            Content::Flag(flag) => *flag = !*flag,
            Content::Text(..) | Content::Seconds(_) => {}
        }
    }
}
