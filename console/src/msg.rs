//! What happens to the console, and what it does about it.

use std::path::PathBuf;

use task_orchestrator_shared::admin::log::LogFilter;

use crate::action::ActionId;
use crate::heard::{Heard, Tag};
use crate::key::Press;
use crate::model::order::Order;
use crate::screen::Screen;
use crate::targets::TargetRow;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key.
    Key(Press),
    /// Text that was pasted, at most [`MAX_PASTE`] bytes of it.
    Paste(String),
    /// The mouse was pressed on this.
    Click(Hit),
    /// The wheel was turned over it.
    Wheel {
        /// Downwards, or upwards.
        down: bool,
    },
    /// Something came in over the admin channel.
    Heard(Heard),
    /// Time went by.
    Tick,
    /// The terminal has this size, in cells.
    Resize(u16, u16),
    /// What was drawn has room for so many rows.
    Drawn {
        /// Rows of the list or of the prompt.
        page_rows: usize,
    },
    /// Workspaces with a running server.
    Targets(Vec<TargetRow>),
    /// A server was started, or why not.
    Started(Result<(), String>),
    /// Something is to be said.
    Said(Result<String, String>),
}

impl Msg {
    /// Its name, for crash reports: nothing of what is in it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Paste(_) => "paste",
            Self::Click(_) => "click",
            Self::Wheel { .. } => "wheel",
            Self::Heard(heard) => heard.name(),
            Self::Tick => "tick",
            Self::Resize(..) => "resize",
            Self::Drawn { .. } => "drawn",
            Self::Targets(_) => "targets",
            Self::Started(_) => "started",
            Self::Said(_) => "said",
        }
    }
}

/// Longest text that is pasted, in bytes; what is more is dropped.
pub const MAX_PASTE: usize = 4096;

/// What was drawn at a place, for the mouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// The name of a screen.
    Screen(Screen),
    /// A row of the list, by its key.
    Row(String),
    /// The title of a column.
    Column(&'static str),
    /// A hint.
    Action(ActionId),
    /// An item of the prompt.
    Item(usize),
    /// A field of the dialog.
    Field(usize),
    /// The word that has to be typed.
    Typed,
    /// The dialog's Cancel.
    Cancel,
    /// What does it.
    Confirm,
}

/// What is done about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the server.
    Send {
        /// Under this name.
        tag: Tag,
        /// This.
        order: Order,
    },
    /// Do not wait for the answer to this question any longer.
    Forget(Tag),
    /// Follow these lines of the log, instead of those before.
    Follow(LogFilter),
    /// Do not follow the log any more.
    Unfollow,
    /// Do not wait any longer for the next attempt.
    RetryNow,
    /// Look at another server.
    Switch(TargetRow),
    /// Look which workspaces have a running server.
    FindTargets,
    /// Start a server for this workspace.
    StartServer(PathBuf),
    /// Put this on the clipboard.
    Copy(String),
    /// Take the mouse, or leave it.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Back to the shell until it says otherwise.
    Suspend,
    /// End.
    Quit,
}
