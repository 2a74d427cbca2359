//! What a dialog asks about: which action led to it, what can be chosen of it, and how
//! it is called in words. The request itself is made by the dialog alone.

use task_orchestrator_shared::admin::view::View;
use tui_input::Input;

use super::field::{Content, Field, FieldId, REASONS};
use crate::action::ActionId;

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

    /// What the button says that does it.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Restart => "Restart",
            Self::Build => "Build and restart",
            Self::Upgrade => "Restart with it",
            Self::Emergency => "END THE WORKER NOW",
            Self::CancelRestart => "Call it off",
            Self::Rollback => "Roll back",
            Self::Maintenance(true) => "Hold requests",
            Self::Maintenance(false) => "Let them through",
            Self::ClearBuffers(_) => "Clear",
            Self::Disconnect(_) => "Disconnect",
            Self::Restore(_) => "Restore",
            Self::Prune => "Remove",
            Self::RetryLetter(_) => "Send again",
            Self::DiscardLetter(_) => "Discard",
            Self::Reload => "Read again",
            Self::Stop => "STOP THE SERVER",
        }
    }

    /// The question, with what it is about.
    pub fn title(&self, workspace: &str) -> String {
        match self {
            Self::Restart => format!("Restart {workspace}?"),
            Self::Build => format!("Build and restart {workspace}?"),
            Self::Upgrade => format!("Restart {workspace} with another program?"),
            Self::Emergency => format!("EMERGENCY: end {workspace}'s worker?"),
            Self::CancelRestart => format!("Call the restart of {workspace} off?"),
            Self::Rollback => format!("Roll {workspace} back to the previous build?"),
            Self::Maintenance(true) => format!("Hold requests to {workspace} back?"),
            Self::Maintenance(false) => format!("Let requests to {workspace} through?"),
            Self::ClearBuffers(None) => format!("Clear every buffer of {workspace}?"),
            Self::ClearBuffers(Some(client)) => format!("Clear the buffer of {}?", short(client)),
            Self::Disconnect(client) => format!("Disconnect {}?", short(client)),
            Self::Restore(name) => format!("Restore {workspace} from {name}?"),
            Self::Prune => format!("Remove old backups of {workspace}?"),
            Self::RetryLetter(id) => format!("Send dead letter {id} again?"),
            Self::DiscardLetter(id) => format!("Discard dead letter {id}?"),
            Self::Reload => format!("Read the configuration of {workspace} again?"),
            Self::Stop => format!("STOP the server of {workspace}?"),
        }
    }

    /// What is lost by it, in a sentence; nothing where nothing is.
    pub const fn loss(&self) -> Option<&'static str> {
        match self {
            Self::Emergency => Some(
                "no snapshot is taken; calls in flight are cut off, then sent again or answered with an error",
            ),
            Self::Upgrade => Some("the program runs as the server's user"),
            Self::Stop => {
                Some("every client is disconnected, and none can come back until a server is started")
            }
            Self::Restore(_) => {
                Some("work done since the file was taken goes back or goes away; it is exported first")
            }
            Self::Prune => Some("a file that is removed cannot be brought back"),
            Self::DiscardLetter(_) => Some("a dead letter that is discarded cannot be brought back"),
            Self::Disconnect(_) => Some("what the client waits for is answered with an error"),
            Self::ClearBuffers(_) => Some("what waits is answered with an error; clients may try it again"),
            Self::Restart
            | Self::Build
            | Self::CancelRestart
            | Self::Rollback
            | Self::Maintenance(_)
            | Self::RetryLetter(_)
            | Self::Reload => None,
        }
    }

    /// Why there is nothing any more that this could be done to, where that is so.
    pub fn gone(&self, view: &View) -> Option<String> {
        let letter = |id: &u64| {
            let letters = view.dead_letters.as_ref()?;
            let is_there = letters.iter().any(|letter| letter.id == *id);
            (!is_there).then(|| format!("dead letter {id} is gone"))
        };
        match self {
            Self::Disconnect(client) | Self::ClearBuffers(Some(client)) => {
                let is_there = view.sessions.iter().any(|session| session.client == *client);
                (!is_there).then(|| "the client is gone".to_owned())
            }
            Self::Restore(name) => {
                let is_there = view.backups.as_ref()?.iter().any(|backup| backup.name == *name);
                (!is_there).then(|| format!("{name} is gone"))
            }
            Self::RetryLetter(id) | Self::DiscardLetter(id) => letter(id),
            _ => None,
        }
    }

    /// What can be chosen of it.
    pub(super) fn fields(&self) -> Vec<Field> {
        let text = |required| Content::Text(Input::default(), required);
        let note = || Field::new(FieldId::Note, "note", text(false));
        let timeout = || Field::new(FieldId::Timeout, "timeout", Content::Seconds(Input::default()));
        match self {
            Self::Restart | Self::Build => vec![
                Field::new(FieldId::Reason, "reason", Content::Choice(&REASONS, 0)),
                timeout(),
                Field::new(FieldId::Drain, "drain", Content::Flag(false)),
                note(),
            ],
            Self::Upgrade => vec![Field::new(FieldId::Program, "program", text(true)), timeout(), note()],
            Self::Emergency => vec![Field::new(FieldId::Note, "reason", text(true))],
            Self::Rollback | Self::Disconnect(_) | Self::Restore(_) | Self::Stop => vec![note()],
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

/// A client's id as far as people read it: its end, which differs most.
fn short(client: &str) -> &str {
    let start = client.len().saturating_sub(8);
    client.get(start..).unwrap_or(client)
}
