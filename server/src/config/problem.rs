//! What is wrong with a configuration, and where a value comes from.

use std::fmt;
use std::path::PathBuf;

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: the default.
    Default,
    /// In the file; line and column count from 1, the column in characters.
    File {
        /// The file.
        path: PathBuf,
        /// Line of the value.
        line: usize,
        /// Column of the value.
        column: usize,
    },
    /// In an environment variable.
    Variable(String),
    /// On the command line, as `--set` or a flag of its own.
    Flag(String),
}

impl Origin {
    /// One word for programs that read `config show --json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Variable(_) => "environment",
            Self::Flag(_) => "flag",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line, column } => write!(formatter, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(formatter, "environment variable {name}"),
            Self::Flag(flag) => write!(formatter, "flag {flag}"),
        }
    }
}

/// One mistake: `place: what is wrong`, and what to do where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub help: Option<String>,
}

impl Problem {
    /// Order of reporting: by place in the file, then environment, then flags.
    pub(super) fn weight(&self) -> (u8, usize, usize) {
        match &self.origin {
            Origin::Default => (0, 0, 0),
            Origin::File { line, column, .. } => (1, *line, *column),
            Origin::Variable(_) => (2, 0, 0),
            Origin::Flag(_) => (3, 0, 0),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.origin, self.message)?;
        match &self.help {
            Some(help) => write!(formatter, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Something that does not stop the program.
pub type Warning = Problem;

/// Every mistake in a configuration, in the order: file, environment, flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// `did you mean …?` for the nearest of the known names, if one is near.
pub(super) fn suggestion<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let unknown = unknown.to_ascii_lowercase();
    known
        .into_iter()
        .map(|name| (name, nearness(&unknown, &name.to_ascii_lowercase())))
        .filter(|(_, nearness)| *nearness > 0.7)
        .max_by(|(_, left), (_, right)| left.total_cmp(right))
        .map(|(name, _)| format!("did you mean {name}?"))
}

/// A key written without or under another section is near as well.
fn nearness(unknown: &str, known: &str) -> f64 {
    let last = |path: &str| path.rsplit('.').next().map(str::to_owned).unwrap_or_default();
    let whole = strsim::normalized_damerau_levenshtein(unknown, known);
    whole.max(strsim::normalized_damerau_levenshtein(&last(unknown), &last(known)) * 0.95)
}
