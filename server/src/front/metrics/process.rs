//! What the system tells of the server's processes: memory, processor time, open files.
//! Read from `/proc`, so only where there is one; elsewhere, and of a process that has
//! just ended, nothing is told. Blocks on those files.

use std::fs;

/// One process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) resident_bytes: Option<u64>,
    pub(super) cpu_seconds: Option<f64>,
    pub(super) open_files: Option<u64>,
    pub(super) threads: Option<u64>,
}

pub(super) fn usage(pid: u32) -> Usage {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let fields = stat.as_deref().and_then(Fields::of);
    Usage {
        resident_bytes: fields.as_ref().and_then(|fields| Some(fields.nth(24)? * page_size())),
        cpu_seconds: fields.as_ref().and_then(|fields| Some(fields.nth(14)? + fields.nth(15)?)).map(seconds),
        open_files: fs::read_dir(format!("/proc/{pid}/fd")).ok().map(|open| open.count() as u64),
        threads: fields.as_ref().and_then(|fields| fields.nth(20)),
    }
}

fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// The fields of a `stat` behind the program's name, which may contain anything.
struct Fields<'a>(Vec<&'a str>);

impl<'a> Fields<'a> {
    fn of(stat: &'a str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        Some(Self(rest.split_ascii_whitespace().collect()))
    }

    /// By its number in the manual, from 3, which is the first behind the name.
    fn nth(&self, number: usize) -> Option<u64> {
        self.0.get(number.checked_sub(3)?)?.parse().ok()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known_and_one_that_is_not_there_is_not() {
        let own = usage(std::process::id());
        assert!(own.resident_bytes.is_some_and(|bytes| bytes > 100_000), "{own:?}");
        assert!(own.open_files.is_some_and(|files| files > 2) && own.threads.is_some_and(|n| n > 0));
        assert!(own.cpu_seconds.is_some_and(|seconds| (0.0..100_000.0).contains(&seconds)));
        assert_eq!(usage(u32::MAX), Usage::default());
    }

    #[test]
    fn a_programs_name_may_contain_anything() {
        let fields = Fields::of("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 130 40 0 0 20 0 5 0 99 1000 77 0").unwrap();
        assert_eq!([14, 15, 20, 24].map(|number| fields.nth(number)), [130, 40, 5, 77].map(Some));
        assert_eq!((fields.nth(2), fields.nth(60)), (None, None));
    }
}
