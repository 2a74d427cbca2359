//! The names of files in `server_state/`. A name tells kind, time, generation
//! and whether the file is compressed; nothing else is derived from names.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The newest snapshot.
pub const CURRENT: &str = "current_state.json";

/// How a time is written: UTC to the millisecond.
const TIME: &str = "%Y%m%dT%H%M%S%.3fZ";

/// What a backup is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An earlier snapshot.
    Snapshot,
    /// A copy of the database.
    Database,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Snapshot, Self::Database];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Snapshot => "backup_state_",
            Self::Database => "database_",
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Snapshot => ".json",
            Self::Database => ".db",
        }
    }

    /// Its name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Database => "database",
        }
    }
}

/// The name of a backup, in its parts. Ordered from old to new within a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// What it is of.
    pub kind: Kind,
    /// When that was taken, to the millisecond.
    pub taken: Timestamp,
    /// The generation that it is of.
    pub generation: u64,
    /// 1, or more when the other names were taken.
    pub copy: u32,
    /// Whether it is compressed.
    pub compressed: bool,
}

impl Name {
    /// The first name for something.
    pub fn new(kind: Kind, taken: Timestamp, generation: u64) -> Self {
        let taken = Timestamp::from_millisecond(taken.as_millisecond()).unwrap_or(taken);
        Self { kind, taken, generation, copy: 1, compressed: false }
    }

    /// The next one, when this is taken.
    #[must_use]
    pub fn next(self) -> Self {
        Self { copy: self.copy.saturating_add(1), ..self }
    }

    /// The same in the other form.
    #[must_use]
    pub fn compressed(&self, compressed: bool) -> Self {
        Self { compressed, ..self.clone() }
    }

    /// Takes a file's name apart. `None` for what is no backup.
    pub fn parse(name: &str) -> Option<Self> {
        let (plain, compressed) = match name.strip_suffix(".gz") {
            Some(plain) => (plain, true),
            None => (name, false),
        };
        let parsed = Kind::ALL.into_iter().find_map(|kind| {
            let parts = plain.strip_prefix(kind.prefix())?.strip_suffix(kind.suffix())?;
            let (time, rest) = parts.split_once('_')?;
            let (generation, copy) = rest.split_once('-').unwrap_or((rest, "1"));
            let civil = DateTime::strptime("%Y%m%dT%H%M%S%.fZ", time).ok()?;
            let taken = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
            Some(Self {
                kind,
                taken,
                generation: generation.parse().ok()?,
                copy: copy.parse().ok()?,
                compressed,
            })
        })?;
        // Written in another way it would be another file.
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}_{}", self.kind.prefix(), self.taken.strftime(TIME), self.generation)?;
        if self.copy > 1 {
            write!(f, "-{}", self.copy)?;
        }
        f.write_str(self.kind.suffix())?;
        f.write_str(if self.compressed { ".gz" } else { "" })
    }
}

/// A time as names have it.
pub(super) fn time_text(time: Timestamp) -> String {
    time.strftime(TIME).to_string()
}
