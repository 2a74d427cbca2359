//! The kinds of value that a key can have: how each is read from a file or from
//! text, and how it is written again. It must never know a particular key.

mod choice;
mod duration;
mod grants;
mod signal;
mod size;
mod words;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use choice::{
    AnonymousRole, ClientRole, Level, LimitedClients, LogFormat, Policy, Synchronous, Verbosity,
};
pub use grants::{Grants, GroupName, Principal, RoleGrant};
pub use signal::{Signal, Signals};
pub use size::ByteSize;
pub use words::Words;

/// A length of time outside of any key.
pub(super) fn duration(text: &str) -> Result<std::time::Duration, String> {
    Setting::read(&Raw::Word(text))
}

/// A value as it was given, before it is known what it should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw<'a> {
    /// Text from a flag, the environment or the table of defaults, where a number
    /// has no other form than text.
    Word(&'a str),
    /// A string in the file.
    Text(&'a str),
    /// An integer in the file.
    Integer(i64),
    /// `true` or `false` in the file.
    Boolean(bool),
    /// An array in the file.
    List(Vec<Raw<'a>>),
    /// Anything that no key accepts, by the name of its type.
    Other(&'a str),
}

impl Raw<'_> {
    /// A sentence for a value of the wrong type.
    fn not(&self, expected: &str) -> String {
        match self {
            Self::Other(kind) => format!("expected {expected}, found {kind}"),
            Self::Word("") => format!("expected {expected}, found nothing"),
            other => format!("expected {expected}, found {other}"),
        }
    }

    /// The text of a word or string, which most kinds read in the same way.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Word(text) | Self::Text(text) => Some(text),
            Self::Integer(_) | Self::Boolean(_) | Self::List(_) | Self::Other(_) => None,
        }
    }

    fn whole_number(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            Self::Word(text) => text.trim().replace('_', "").parse().ok(),
            Self::Text(_) | Self::Boolean(_) | Self::List(_) | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Raw<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) => formatter.write_str(text),
            Self::Text(text) => write!(formatter, "{text:?}"),
            Self::Integer(number) => write!(formatter, "{number}"),
            Self::Boolean(flag) => write!(formatter, "{flag}"),
            Self::List(_) => formatter.write_str("an array"),
            Self::Other(kind) => formatter.write_str(kind),
        }
    }
}

/// A kind of value.
pub(super) trait Setting: Sized + PartialOrd {
    /// What it accepts, in words, units included.
    const ACCEPTS: &'static str;

    /// Reads it.
    ///
    /// # Errors
    /// A sentence without place or key, which the caller knows.
    fn read(raw: &Raw<'_>) -> Result<Self, String>;

    /// The value as it is shown and written; [`Setting::read`] accepts it.
    fn show(&self) -> toml::Value;
}

impl Setting for bool {
    const ACCEPTS: &'static str = "true or false";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Boolean(flag) => Ok(*flag),
            Raw::Word(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(true),
                "false" | "0" | "no" | "off" => Ok(false),
                _ => Err(raw.not(Self::ACCEPTS)),
            },
            Raw::Text(_) | Raw::Integer(_) | Raw::List(_) | Raw::Other(_) => Err(raw.not(Self::ACCEPTS)),
        }
    }

    fn show(&self) -> toml::Value {
        toml::Value::Boolean(*self)
    }
}

impl Setting for u32 {
    const ACCEPTS: &'static str = "a whole number";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        let number = raw.whole_number().ok_or_else(|| raw.not(Self::ACCEPTS))?;
        Self::try_from(number)
            .map_err(|_| format!("{number} is out of range: at most {} is accepted", Self::MAX))
    }

    fn show(&self) -> toml::Value {
        toml::Value::Integer(i64::from(*self))
    }
}

/// An empty path stands for none. A relative one would mean something else in each
/// directory that a process is started in.
impl Setting for Option<PathBuf> {
    const ACCEPTS: &'static str = "an absolute path, or \"\" for none";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        let text = raw.text().ok_or_else(|| raw.not(Self::ACCEPTS))?;
        if text.is_empty() {
            return Ok(None);
        }
        let path = PathBuf::from(text);
        if path.is_absolute() { Ok(Some(path)) } else { Err(raw.not(Self::ACCEPTS)) }
    }

    fn show(&self) -> toml::Value {
        let text = self.as_deref().map(|path| path.to_string_lossy().into_owned());
        toml::Value::String(text.unwrap_or_default())
    }
}

/// An empty text stands for none. A name instead of an address would be another one in
/// each network.
impl Setting for Option<SocketAddr> {
    const ACCEPTS: &'static str = "an IP address and a port, such as 127.0.0.1:8765, or \"\" for none";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        let text = raw.text().ok_or_else(|| raw.not(Self::ACCEPTS))?.trim();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| raw.not(Self::ACCEPTS))
    }

    fn show(&self) -> toml::Value {
        toml::Value::String(self.map(|address| address.to_string()).unwrap_or_default())
    }
}

/// An empty text stands for none.
impl Setting for Option<String> {
    const ACCEPTS: &'static str = "text, or \"\" for none";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        let text = raw.text().ok_or_else(|| raw.not(Self::ACCEPTS))?;
        Ok((!text.trim().is_empty()).then(|| text.to_owned()))
    }

    fn show(&self) -> toml::Value {
        toml::Value::String(self.clone().unwrap_or_default())
    }
}
