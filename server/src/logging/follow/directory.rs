//! Which days have a log file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rustix::fs::OFlags;

/// Most entries of the directory that are looked at. A log directory has two for each
/// day that is kept; whatever else somebody puts there must not slow every look down.
const MAX_ENTRIES: usize = 4096;

/// The days that have a file, by process.
#[derive(Debug, Default)]
pub(super) struct Days(Vec<(String, Date)>);

impl Days {
    /// Those of this directory; none where there is none.
    pub(super) fn of(directory: &Path) -> io::Result<Self> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let names = entries.take(MAX_ENTRIES).filter_map(Result::ok);
        Ok(Self(names.filter_map(|entry| day_of(entry.file_name().to_str()?)).collect()))
    }

    /// The days of this process, oldest first.
    pub(super) fn of_process(&self, process: &str) -> Vec<Date> {
        let own = self.0.iter().filter(|(name, _)| name == process);
        let mut days: Vec<Date> = own.map(|(_, day)| *day).collect();
        days.sort_unstable();
        days
    }
}

/// `front.2026-11-21.log` in its parts. Only the form that is written: a date that is
/// spelt otherwise would make two names of one day.
fn day_of(name: &str) -> Option<(String, Date)> {
    let (process, day) = name.strip_suffix(".log")?.split_once('.')?;
    let date: Date = day.parse().ok()?;
    (date.to_string() == day).then(|| (process.to_owned(), date))
}

/// Where the lines of this day are.
pub(super) fn path_of(directory: &Path, process: &str, day: Date) -> PathBuf {
    directory.join(format!("{process}.{day}.log"))
}

/// Opens a log file. Never a link, and never something that could make the reader
/// wait, such as a pipe.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("this is no ordinary file")) }
}
