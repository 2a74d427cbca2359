//! Builds of the worker that differ from the installed one, for tests of restarts.
//!
//! A front starts whatever program it is told to with the arguments of the real
//! one, and starts it from a copy of its own, so what is different is said at the
//! file's end, where the system looks for nothing: a copy of this program with
//! `\n#test_worker-` behind it and one or more of these, with `-` between. No two
//! of them are one build, then. ([`task_orchestrator_tests::program::behaving`].)
//!
//! | name | what it does |
//! |---|---|
//! | `extra` | serves one tool more, `orchestrator_extra_tool` |
//! | `slow`, `slow50` | each page of a long call takes 200, or so many, milliseconds more |
//! | `exit1`, `exit78`, … | ends with this code before it has said a word |
//! | `segfault` | ends by SIGSEGV before it has said a word |
//! | `unprepared` | says hello and never answers to being prepared |
//! | `hang` | can be prepared, and never gets ready |
//! | `version`, `version7` | says that it speaks link version 99, or this one, only |
//! | `schema`, `schema1` | says that it serves with schema 99, or this one |
//! | `crash` | aborts at its first `tools/call` |
//! | `errors` | answers every `tools/call` with an internal error |
//!
//! Without any it is the real worker.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use rustix::process::{Signal, getpid, kill_process};
use task_orchestrator::cli::{self, Cli};
use task_orchestrator::link::Versions;
use task_orchestrator::worker::program::{Misbehaviour, Options, Tools};
use task_orchestrator_tests::program;

/// What stands before the behaviours.
const NAME: &str = "test_worker";

fn main() -> Result<ExitCode> {
    match behaviour(&mark()?)? {
        Behaviour::Exits(code) => Ok(code.into()),
        Behaviour::Faults => segfault(),
        Behaviour::Serves(options) => Ok(cli::run_worker(&Cli::try_parse()?.global, options, Tools)?.into()),
    }
}

/// What a build does.
#[derive(Debug)]
enum Behaviour {
    Serves(Options),
    Exits(u8),
    Faults,
}

/// What is written at the end of this program's file; just the name where there is nothing.
fn mark() -> Result<String> {
    let mut file = File::open("/proc/self/exe")?;
    file.seek(SeekFrom::End(-i64::from(program::MARK_BYTES)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    Ok(end.rsplit_once("\n#").map_or(NAME, |(_, mark)| mark).to_owned())
}

/// What the mark asks for.
fn behaviour(mark: &str) -> Result<Behaviour> {
    let behaviours = mark.strip_prefix(NAME).with_context(|| format!("{mark} is not {NAME}"))?;
    let mut options = Options::default();
    for part in behaviours.split('-').filter(|part| !part.is_empty()) {
        let word = part.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let number: Option<u32> = part.strip_prefix(word).and_then(|digits| digits.parse().ok());
        match word {
            "exit" => return Ok(Behaviour::Exits(u8::try_from(number.unwrap_or(1))?)),
            "segfault" => return Ok(Behaviour::Faults),
            _ => apply(&mut options, word, number)?,
        }
    }
    Ok(Behaviour::Serves(options))
}

fn apply(options: &mut Options, word: &str, number: Option<u32>) -> Result<()> {
    match word {
        "extra" => options.extra_tool = true,
        "slow" => options.page_delay = Some(Duration::from_millis(number.unwrap_or(200).into())),
        "unprepared" => options.fail = Some(Misbehaviour::HangBeforePrepared),
        "hang" => options.fail = Some(Misbehaviour::HangBeforeReady),
        "version" => {
            let only = u16::try_from(number.unwrap_or(99))?;
            options.link_versions = Some(Versions { min: only, max: only });
        }
        "schema" => options.schema_target = Some(number.unwrap_or(99)),
        "crash" => options.fail = Some(Misbehaviour::CrashAfterReady),
        "errors" => options.fail = Some(Misbehaviour::FailCalls),
        _ => bail!("no test worker behaves like {word:?}"),
    }
    Ok(())
}

/// Twice at least: the runtime's own handler takes the first for a page fault,
/// which would come again by itself, and only restores the default.
fn segfault() -> Result<ExitCode> {
    loop {
        kill_process(getpid(), Signal::SEGV)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(mark: &str) -> Options {
        let Behaviour::Serves(options) = behaviour(mark).unwrap() else { panic!("{mark} serves") };
        options
    }

    #[test]
    fn the_mark_says_how_it_behaves() {
        assert!(options("test_worker").fail.is_none());
        let both = options("test_worker-extra-slow50");
        assert!(both.extra_tool);
        assert_eq!(both.page_delay, Some(Duration::from_millis(50)));
        assert_eq!(options("test_worker-hang").fail, Some(Misbehaviour::HangBeforeReady));
        assert_eq!(options("test_worker-schema").schema_target, Some(99));
        assert_eq!(options("test_worker-version7").link_versions, Some(Versions { min: 7, max: 7 }));
        assert!(matches!(behaviour("test_worker-exit78"), Ok(Behaviour::Exits(78))));
        assert!(matches!(behaviour("test_worker-segfault"), Ok(Behaviour::Faults)));
        assert!(behaviour("test_worker-nonsense").is_err());
        assert!(behaviour("worker-exit1").is_err());
    }
}
