//! What is known about a key without knowing its value: the rows of the table
//! that parsing, environment, flags and the `config` commands read.

use std::fmt;

use super::setting::{Raw, Setting};

/// Prefix of the environment variables that override keys.
pub const VARIABLE_PREFIX: &str = "MCP_TASK_ORCHESTRATOR_";

/// A process of the program, as the reader of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// What an MCP client launches.
    Shim,
    /// The long-lived supervisor.
    Front,
    /// The MCP service.
    Worker,
}

impl fmt::Display for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Shim => "shim",
            Self::Front => "front",
            Self::Worker => "worker",
        })
    }
}

/// One key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// Table in `config.toml`.
    pub section: &'static str,
    /// Name within the table.
    pub name: &'static str,
    /// What it does, line by line.
    pub doc: &'static [&'static str],
    /// What it accepts, in words, units included.
    pub accepts: &'static str,
    /// Its default, as it would be typed.
    pub default: &'static str,
    /// The least value accepted, as it would be typed.
    pub min: Option<&'static str>,
    /// The greatest value accepted.
    pub max: Option<&'static str>,
    /// Which processes read it.
    pub read_by: &'static [Process],
    pub(super) check: fn(&Key, &Raw<'_>) -> Result<toml::Value, String>,
}

impl Key {
    /// `section.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The environment variable that overrides it.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}_{}", self.section, self.name).to_ascii_uppercase()
    }

    /// The default in the form in which it is shown and written.
    ///
    /// # Errors
    /// Only when the table itself is wrong, which a test excludes.
    pub fn default_value(&self) -> Result<toml::Value, String> {
        (self.check)(self, &Raw::Word(self.default))
    }

    /// The limits in words, empty when there are none.
    pub fn limits(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => String::new(),
        }
    }
}

/// Reads a value and holds it against the key's limits.
pub(super) fn parse<T: Setting>(key: &Key, raw: &Raw<'_>) -> Result<T, String> {
    let value = T::read(raw)?;
    let bound = |text: Option<&str>| text.map(|text| T::read(&Raw::Word(text))).transpose();
    let below = bound(key.min)?.is_some_and(|min| value < min);
    let above = bound(key.max)?.is_some_and(|max| value > max);
    if below || above {
        return Err(format!("{raw} is out of range: {} is accepted", key.limits()));
    }
    Ok(value)
}

pub(super) fn check<T: Setting>(key: &Key, raw: &Raw<'_>) -> Result<toml::Value, String> {
    parse::<T>(key, raw).map(|value| value.show())
}
