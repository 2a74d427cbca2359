//! Where a command reads and prints, and whether a person is there. Commands get
//! this instead of the process's own streams, so that tests can be the terminal.

use std::io::{BufRead, IsTerminal, Write};
use std::{env, io};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;
use serde_json::json;

use super::output::Output;

/// Version of the objects that `--json` prints. It grows when a field changes its
/// meaning or goes, not when one is added.
const SCHEMA_VERSION: u32 = 1;

/// A command's surroundings.
pub(super) struct Screen<'a> {
    /// What a person types.
    pub(super) input: &'a mut dyn BufRead,
    /// Results.
    pub(super) out: &'a mut dyn Write,
    /// Progress, questions and mistakes.
    pub(super) err: &'a mut dyn Write,
    /// How results are coloured.
    pub(super) paint: Paint,
    /// Whether `err` is a terminal, on which lines can be drawn over.
    pub(super) draws: bool,
    /// Whether somebody can be asked and answer.
    pub(super) asks: bool,
}

impl Screen<'_> {
    /// Runs a command on the process's own streams. Never for verbs that serve:
    /// their standard input and output belong to MCP.
    pub(super) fn with<T>(command: impl FnOnce(&mut Screen<'_>) -> T) -> T {
        let (input, err) = (&mut io::stdin().lock(), &mut io::stderr());
        let is_terminal = io::stdout().is_terminal();
        let out = &mut Output(io::stdout());
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let paint = if is_terminal && !plain { Paint::Colours } else { Paint::Plain };
        let draws = err.is_terminal();
        let asks = draws && input.is_terminal();
        command(&mut Screen { input, out, err, paint, draws, asks })
    }

    /// Prints one object of the shared types as it is, with the version of its form.
    pub(super) fn print_json(&mut self, object: &impl Serialize) -> anyhow::Result<()> {
        let mut value = serde_json::to_value(object)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
        }
        writeln!(self.out, "{value}")?;
        Ok(())
    }

    /// Prints what is no object by itself under this name.
    pub(super) fn print_json_as(&mut self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let mut object = json!({});
        if let Some(fields) = object.as_object_mut() {
            fields.insert(name.to_owned(), serde_json::to_value(value)?);
        }
        self.print_json(&object)
    }
}

/// Whether there are colours. What they say is always said in words as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// None.
    Plain,
    /// Those of the terminal's own palette.
    Colours,
}

impl Paint {
    /// As it should be.
    pub(super) fn good(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    /// To be looked at.
    pub(super) fn warning(self, text: &str) -> String {
        self.styled(AnsiColor::Yellow.on_default(), text)
    }

    /// Not as it should be.
    pub(super) fn bad(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default().bold(), text)
    }

    /// The name of what follows.
    pub(super) fn title(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colours => format!("{style}{text}{style:#}"),
        }
    }
}
