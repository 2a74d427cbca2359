//! One file a day, readable by its owner only, and those past their time removed.
//!
//! Written here because tracing-appender's rolling file can neither set a mode
//! nor be given another clock. Several processes may hold the same day's file:
//! it is opened for appending and each line is one write, so lines never mix.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::workspace::open_private_append;

const SUFFIX: &str = ".log";

/// The last line of a file that has reached its limit.
const FULL: &str = "log.max_file_size is reached: nothing more is written today\n";

/// Tells the time; replaced in tests.
pub(super) type Now = Box<dyn Fn() -> SystemTime + Send>;

/// The file of the current day (UTC, as the time stamps of the lines are).
pub(super) struct DailyFile {
    directory: PathBuf,
    prefix: String,
    retention_days: u32,
    max_bytes: u64,
    now: Now,
    day: u64,
    file: File,
    /// Whether the day's file has been told that it is full.
    full: bool,
}

impl DailyFile {
    /// Opens `<directory>/<name>.<date>.log` and removes what is older than
    /// `retention_days`, today counted. A file ends at `max_bytes`.
    pub(super) fn open(
        directory: &Path,
        name: &str,
        retention_days: u32,
        max_bytes: u64,
    ) -> io::Result<Self> {
        Self::with_clock(directory, name, retention_days, max_bytes, Box::new(SystemTime::now))
    }

    pub(super) fn with_clock(
        directory: &Path,
        name: &str,
        retention_days: u32,
        max_bytes: u64,
        now: Now,
    ) -> io::Result<Self> {
        let prefix = format!("{name}.");
        let day = day_of(now());
        let date = date_of(day)?;
        let file = open_private_append(&path_of(directory, &prefix, date))?;
        let directory = directory.to_owned();
        let this = Self { directory, prefix, retention_days, max_bytes, now, day, file, full: false };
        this.remove_old(date);
        Ok(this)
    }

    /// A day's file that cannot be opened leaves the old one in use: lines in the
    /// wrong file are better than none. The next line tries again.
    fn turn_over(&mut self, day: u64) -> io::Result<()> {
        let date = date_of(day)?;
        self.file = open_private_append(&path_of(&self.directory, &self.prefix, date))?;
        self.day = day;
        self.full = false;
        self.remove_old(date);
        Ok(())
    }

    /// What cannot be removed is left: there is nobody to tell but the log itself.
    fn remove_old(&self, today: Date) {
        let Ok(oldest_kept) = today.checked_sub((i64::from(self.retention_days) - 1).days()) else { return };
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            let date = name
                .to_str()
                .and_then(|name| name.strip_prefix(&self.prefix)?.strip_suffix(SUFFIX)?.parse::<Date>().ok());
            if date.is_some_and(|date| date < oldest_kept) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Write for DailyFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let day = day_of((self.now)());
        // A clock that was set back does not reopen yesterday's file.
        if day > self.day {
            let _ = self.turn_over(day);
        }
        // Asked each time: other processes write to the same file.
        if self.file.metadata()?.len() + line.len() as u64 <= self.max_bytes {
            return self.file.write(line);
        }
        if !std::mem::replace(&mut self.full, true) {
            self.file.write_all(FULL.as_bytes())?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn path_of(directory: &Path, prefix: &str, date: Date) -> PathBuf {
    directory.join(format!("{prefix}{date}{SUFFIX}"))
}

/// Days since 1970; cheap enough for every line.
fn day_of(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() / 86_400
}

fn date_of(day: u64) -> io::Result<Date> {
    let seconds = i64::try_from(day.saturating_mul(86_400)).map_err(io::Error::other)?;
    let time = Timestamp::from_second(seconds).map_err(io::Error::other)?;
    Ok(time.to_zoned(TimeZone::UTC).date())
}
