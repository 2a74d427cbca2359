//! Stopping as a job of a shell. Where there is no shell that could have it go on,
//! it does not stop.

use rustix::process::{Signal, getpid, kill_process};

/// Whether somebody can have this process go on: its parent is of the same session,
/// and is a shell that controls jobs, or was itself started by somebody there.
pub fn can_stop() -> bool {
    let Some(own) = Kin::of("self") else { return false };
    Kin::of(&own.parent.to_string()).is_some_and(|parent| own.can_go_on_by(parent))
}

/// Stops this process. It may run a little further before it stops: nothing may be
/// done to the terminal before it was told to go on.
pub fn stop() {
    // Nobody can be refused this of himself.
    let _ = kill_process(getpid(), Signal::STOP);
}

/// To whom a process belongs. Read from the system's own record, because a container's
/// first processes are of a session or a parent outside of it, which has the number 0 there:
/// the typed calls know no such process.
#[derive(Debug, Clone, Copy)]
struct Kin {
    pid: u32,
    parent: u32,
    group: u32,
    session: u32,
}

impl Kin {
    fn of(pid: &str) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// proc_pid_stat(5): number, name in brackets (which may hold brackets), state, parent,
    /// group, session.
    fn parse(stat: &str) -> Option<Self> {
        let (before, after) = stat.rsplit_once(')')?;
        let pid = before.split_once(' ')?.0.parse().ok()?;
        let mut numbers = after.split_ascii_whitespace().skip(1).map_while(|word| word.parse().ok());
        Some(Self { pid, parent: numbers.next()?, group: numbers.next()?, session: numbers.next()? })
    }

    fn can_go_on_by(self, parent: Self) -> bool {
        self.session == parent.session && (parent.group != self.group || parent.pid != self.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn can_stop(own: &str, parent: &str) -> bool {
        let of = |kin| Kin::parse(&format!("{kin} 34817 0 4194304")).unwrap();
        of(own).can_go_on_by(of(parent))
    }

    #[test]
    fn it_stops_where_somebody_can_have_it_go_on() {
        assert!(can_stop("9 (console) R 7 9 7", "7 (bash) S 1 7 7"), "a job of a shell");
        assert!(can_stop("9 (console) R 7 6 6", "7 (cargo) S 6 6 6"), "started by somebody who is a job");
        assert!(!can_stop("9 (console) R 7 9 9", "7 (sshd) S 1 7 7"), "a terminal's own program");
        assert!(!can_stop("9 (console) R 7 7 7", "7 (sh) S 1 7 7"), "a shell without jobs");
    }

    /// As the first process of a container, and as a child of that.
    #[test]
    fn kin_outside_of_the_container_have_no_number() {
        assert!(!can_stop("9 (console) R 1 9 9", "1 (test) S 0 0 0"));
        assert!(can_stop("9 (console) R 1 9 0", "1 (a) b) S 0 0 0"));
    }

    #[test]
    fn this_process_has_kin() {
        let own = Kin::of("self").unwrap();
        assert_eq!(own.pid, std::process::id());
        assert_eq!(own.parent, std::os::unix::process::parent_id());
    }
}
