//! What lies over the screen and sees input first: one of these.

use tui_input::Input;

use super::dialog::Dialog;
use super::filter::Filter;
use crate::action::ActionId;
use crate::heard::Tag;
use crate::targets::TargetRow;
use crate::theme::Tone;

/// What lies over the screen.
#[derive(Debug, Clone, Default)]
pub enum Prompt {
    /// Nothing.
    #[default]
    None,
    /// Every key of the screen.
    Help {
        /// The first line that is shown.
        top: usize,
    },
    /// Actions by name.
    Palette(Palette),
    /// What the list is to show.
    Filter(FilterPrompt),
    /// A question before something dangerous.
    Confirm(Box<Dialog>),
    /// One of several.
    Choose(Choose),
    /// Something to read.
    Page(Page),
}

/// Actions by name.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What is looked for.
    pub input: Input,
    /// Which of those that were found is chosen.
    pub at: usize,
}

/// What the list is to show.
#[derive(Debug, Clone, Default)]
pub struct FilterPrompt {
    /// What is typed.
    pub input: Input,
    /// What was shown before, for going back.
    pub before: Filter,
    /// What is wrong with what is typed: the last good one holds meanwhile.
    pub wrong: Option<String>,
}

/// One of several.
#[derive(Debug, Clone)]
pub struct Choose {
    /// What is chosen.
    pub what: Choice,
    /// What stands above.
    pub title: String,
    /// They.
    pub items: Vec<Item>,
    /// Which is chosen.
    pub at: usize,
}

/// What is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The column that the list is sorted by.
    Sort,
    /// The columns that are shown.
    Columns,
    /// The level of the server's log files.
    LogLevel,
    /// Another workspace.
    Target(Vec<TargetRow>),
}

/// One of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is called.
    pub label: String,
    /// More about it.
    pub detail: String,
    /// Whether it holds at present.
    pub is_on: bool,
}

/// Something to read.
#[derive(Debug, Clone)]
pub struct Page {
    /// What stands above.
    pub title: String,
    /// The question whose answer is waited for.
    pub waits_for: Option<Tag>,
    /// Its lines.
    pub lines: Vec<PageLine>,
    /// The first line that is shown.
    pub top: usize,
    /// What can be done from here.
    pub actions: Vec<ActionId>,
}

/// Most lines of a page; what is more is left out, and the last line says so.
pub const MAX_PAGE_LINES: usize = 2000;

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLine {
    /// How it is to be read.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

impl PageLine {
    /// An ordinary line.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { tone: Tone::Plain, text: text.into() }
    }

    /// A line of this tone.
    pub fn of(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

impl Page {
    /// One that waits for the answer to a question.
    pub fn waiting(title: impl Into<String>, tag: Tag) -> Self {
        Self { title: title.into(), waits_for: Some(tag), lines: Vec::new(), top: 0, actions: Vec::new() }
    }

    /// One with these lines.
    pub fn of(title: impl Into<String>, lines: Vec<PageLine>) -> Self {
        let mut page = Self { title: title.into(), waits_for: None, lines, top: 0, actions: Vec::new() };
        page.cut();
        page
    }

    /// The answer is there.
    pub fn answer(&mut self, lines: Vec<PageLine>) {
        (self.waits_for, self.lines, self.top) = (None, lines, 0);
        self.cut();
    }

    fn cut(&mut self) {
        let over = self.lines.len().saturating_sub(MAX_PAGE_LINES);
        if over > 0 {
            self.lines.truncate(MAX_PAGE_LINES);
            self.lines.push(PageLine::of(Tone::Dim, format!("{over} lines more are not shown")));
        }
    }
}

impl Prompt {
    /// Whether letters are typed into it.
    pub fn takes_text(&self) -> bool {
        use super::dialog::{Content, Focus};
        match self {
            Self::Palette(_) | Self::Filter(_) => true,
            Self::Confirm(dialog) => match dialog.focus {
                Focus::Typed => true,
                Focus::Field(at) => dialog
                    .fields
                    .get(at)
                    .is_some_and(|field| matches!(field.content, Content::Text(..) | Content::Seconds(_))),
                Focus::Cancel | Focus::Confirm => false,
            },
            Self::None | Self::Help { .. } | Self::Choose(_) | Self::Page(_) => false,
        }
    }
}
