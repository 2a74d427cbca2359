//! A recording instead of a server: the same messages with the same gaps. Asks nobody
//! anything: an order is answered with the word that this is a replay.
//!
//! A thread reads ahead by `AHEAD` lines and waits while nobody takes them.

mod speed;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use task_orchestrator_shared::admin::MAX_LINE_BYTES;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

pub use speed::{NoSpeed, Speed};

use crate::heard::{Answer, Heard, Tag};
use crate::link::Sink;
use crate::msg::{Effect, Msg};
use crate::record::line::{FORMAT, Header, Line};

/// Lines that are read ahead.
const AHEAD: usize = 16;

/// Longest line, in bytes: one from the server, and what stands around it.
const LONGEST: usize = MAX_LINE_BYTES + 4096;

/// Longest part of a line that an error repeats, in characters.
const MAX_QUOTED: usize = 200;

/// Why a recording cannot be replayed, or not to its end.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error("cannot replay {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A line is not what stands in a recording.
    #[error("{}:{line}: {why}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its number, from one.
        line: u64,
        /// In a sentence.
        why: String,
    },
}

/// A recording whose first line was read.
#[derive(Debug)]
pub struct Replay {
    lines: Lines,
    header: Header,
    speed: Speed,
}

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    number: u64,
}

impl Lines {
    fn wrong(&self, why: impl Into<String>) -> ReplayError {
        ReplayError::Line { path: self.path.clone(), line: self.number, why: why.into() }
    }

    /// The next line, without its end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, ReplayError> {
        self.number += 1;
        let mut line = Vec::new();
        let longest = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        let read = self.file.by_ref().take(longest).read_until(b'\n', &mut line);
        read.map_err(|source| ReplayError::Io { path: self.path.clone(), source })?;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) if line.len() + 1 >= LONGEST => Err(self.wrong("the line is too long")),
            Some(_) => Err(self.wrong("the recording ends in the middle of this line")),
        }
    }

    /// The next line's meaning.
    fn read(&mut self) -> Result<Option<Line>, ReplayError> {
        let Some(line) = self.next()? else { return Ok(None) };
        let read = serde_json::from_slice(&line);
        read.map(Some).map_err(|error: serde_json::Error| {
            // The reader's words repeat parts of the line, which may be long.
            let what: String = error.to_string().chars().take(MAX_QUOTED).collect();
            self.wrong(format!("this is no line of a recording that this console knows: {what}"))
        })
    }
}

impl Replay {
    /// Opens a recording and reads its first line.
    ///
    /// # Errors
    ///
    /// [`ReplayError`]. What is wrong further down is told when it is reached.
    pub fn open(path: &Path, speed: Speed) -> Result<Self, ReplayError> {
        let file = File::open(path).map_err(|source| ReplayError::Io { path: path.to_owned(), source })?;
        let mut lines = Lines { path: path.to_owned(), file: BufReader::new(file), number: 0 };
        let first = lines.next()?.unwrap_or_default();
        let header: Header = serde_json::from_slice(&first).map_err(|_| {
            lines.wrong("this is no recording: the first line says `task_orchestrator_recording`")
        })?;
        let format = header.task_orchestrator_recording;
        if format != FORMAT {
            let why = format!(
                "the recording has format {format}, and this console reads {FORMAT}: use another version"
            );
            return Err(lines.wrong(why));
        }
        Ok(Self { lines, header, speed })
    }

    /// The project directory whose server was looked at first.
    pub fn workspace(&self) -> PathBuf {
        PathBuf::from(&self.header.workspace)
    }

    /// Tells it all, and then that it is over: what is shown stays.
    pub(crate) async fn run(self, sink: Sink) {
        let Self { lines, speed, .. } = self;
        let (ahead, mut read) = mpsc::channel(AHEAD);
        let reading = thread::Builder::new().name("replay".to_owned()).spawn(move || read_all(lines, &ahead));
        if let Err(error) = reading {
            return sink.say(Msg::Said(Err(format!("cannot start a thread: {error}")))).await;
        }
        let began = Instant::now();
        while let Some(line) = read.recv().await {
            match line {
                Ok(Line { heard: None, .. }) => {}
                Ok(Line { at_ms, heard: Some(heard), .. }) => {
                    if let Some(wait) = speed.after(Duration::from_millis(at_ms)) {
                        sleep_until(began + wait).await;
                    }
                    // Those are named by the console that asked, and this one names its own alike.
                    if !matches!(*heard, Heard::Answer { .. } | Heard::Event { .. }) {
                        sink.heard(*heard).await;
                    }
                }
                Err(error) => return sink.say(Msg::Said(Err(error.to_string()))).await,
            }
        }
        sink.say(Msg::Said(Ok("the recording has ended".to_owned()))).await;
    }
}

fn read_all(mut lines: Lines, ahead: &mpsc::Sender<Result<Line, ReplayError>>) {
    while let Some(read) = lines.read().transpose() {
        let is_over = read.is_err();
        if ahead.blocking_send(read).is_err() || is_over {
            return;
        }
    }
}

const REPLAY: &str = "this is a replay: nothing is asked of a server";

/// What an effect comes to; gives back what has nothing to do with a server.
pub(crate) fn effect(effect: Effect, sink: &Sink) -> Option<Effect> {
    let said = |why: &str| Msg::Said(Err(why.to_owned()));
    let answer = match effect {
        Effect::Send { tag, .. } => Msg::Heard(failed(tag)),
        Effect::FindTargets | Effect::Switch(_) => said(REPLAY),
        Effect::StartServer(_) => Msg::Started(Err(REPLAY.to_owned())),
        Effect::Forget(_) | Effect::Follow(_) | Effect::Unfollow | Effect::RetryNow => return None,
        other => return Some(other),
    };
    let sink = sink.clone();
    // Bounded: the model waits for an answer before it asks much more.
    tokio::spawn(async move { sink.say(answer).await });
    None
}

fn failed(tag: Tag) -> Heard {
    Heard::Answer { tag, answer: Answer::Failed(REPLAY.to_owned()) }
}
