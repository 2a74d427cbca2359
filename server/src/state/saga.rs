//! Several steps, all of them or none: each is written into a journal before it
//! is begun, and when one fails, or the process dies, what was begun is undone
//! in reverse order. Knows nothing of what the steps do.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::workspace::{open_private_append, replace_private_file};

/// The journal of the saga that runs.
const JOURNAL: &str = "saga.json";
/// What came of every one.
const RECORDS: &str = "sagas.jsonl";
/// Bytes after which the records begin anew; the former are kept once.
const MAX_RECORDS: u64 = 1024 * 1024;

/// What a step failed with.
pub type StepError = Box<dyn std::error::Error + Send + Sync>;

/// Steps that belong together.
///
/// A step may have been begun and not finished when it is compensated, and a
/// compensation may be repeated: both have to look at what is there.
pub trait Saga {
    /// What it is called in journal and records.
    fn name(&self) -> &'static str;

    /// All that is needed to compensate it in another process.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    fn input(&self) -> serde_json::Result<Value>;

    /// The names of the steps, in their order.
    fn steps(&self) -> &'static [&'static str];

    /// Does a step.
    ///
    /// # Errors
    /// Why it could not be done; then all that was begun is compensated.
    fn act(&mut self, step: &str) -> Result<(), StepError>;

    /// Undoes whatever a step has done.
    ///
    /// # Errors
    /// Why that could not be undone.
    fn compensate(&mut self, step: &str) -> Result<(), StepError>;
}

/// What is on the disk while a saga runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// Which saga.
    pub saga: String,
    /// What is needed to compensate it.
    pub input: Value,
    /// When it was begun.
    pub started_at: Timestamp,
    /// The steps that were begun, in their order.
    pub begun: Vec<String>,
}

/// How a saga ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every step was done.
    Done,
    /// A step failed; what was begun is undone.
    Compensated,
    /// The process died; what was begun was undone later.
    Recovered,
    /// Something could not be undone.
    Stuck,
}

#[derive(Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    journal: &'a Journal,
    ended_at: Timestamp,
    ending: Ending,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Why a saga did not come to its end.
#[derive(Debug, Error)]
pub enum SagaError {
    /// A step failed, and everything is as it was before.
    #[error("step {step} failed and everything was undone: {source}")]
    Compensated {
        /// Which.
        step: String,
        /// Why.
        source: StepError,
    },
    /// A step could not be undone. The journal stays; the next start tries again.
    #[error("step {step} cannot be undone: {source}; put that right and start again ({why})")]
    Stuck {
        /// Which.
        step: String,
        /// Why not.
        source: StepError,
        /// Why it was to be undone.
        why: String,
    },
    /// The journal of another one is there.
    #[error("{path} shows that {saga} was not finished: it has to be undone first", path = .path.display())]
    Unfinished {
        /// The journal.
        path: PathBuf,
        /// Which saga.
        saga: String,
    },
    /// The journal or the records cannot be read or written.
    #[error("the journal in {path}: {source}", path = .path.display())]
    Journal {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A saga that runs, one step after the other.
pub struct Run<'s, S> {
    saga: &'s mut S,
    directory: PathBuf,
    journal: Journal,
}

/// Does every step, or undoes what was begun.
///
/// # Errors
///
/// [`SagaError`]
pub fn run(directory: &Path, saga: &mut impl Saga, now: Timestamp) -> Result<(), SagaError> {
    let mut run = Run::begin(directory, saga, now)?;
    for step in run.saga.steps() {
        let done = match run.mark(step) {
            Ok(()) => run.act(step),
            Err(error) => Err(error.into()),
        };
        if let Err(source) = done {
            let why = source.to_string();
            run.undo(Ending::Compensated, &why)?;
            return Err(SagaError::Compensated { step: (*step).to_owned(), source });
        }
    }
    run.finish()
}

/// The saga that was not finished, if there is one.
///
/// # Errors
///
/// A journal that cannot be read.
pub fn unfinished(directory: &Path) -> Result<Option<Journal>, SagaError> {
    let failed = journal_error(directory);
    match fs::read(directory.join(JOURNAL)) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| failed(error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Undoes a saga whose process has died; `saga` was made from the journal's input.
///
/// # Errors
///
/// [`SagaError::Stuck`], or when the journal cannot be written.
pub fn recover(directory: &Path, saga: &mut impl Saga, journal: Journal) -> Result<(), SagaError> {
    Run { saga, directory: directory.to_owned(), journal }.undo(Ending::Recovered, "the process had ended")
}

impl<'s, S: Saga> Run<'s, S> {
    /// Writes the journal. Nothing else has been done.
    ///
    /// # Errors
    ///
    /// When there is a journal already, or it cannot be written.
    pub fn begin(directory: &Path, saga: &'s mut S, now: Timestamp) -> Result<Self, SagaError> {
        if let Some(journal) = unfinished(directory)? {
            return Err(SagaError::Unfinished { path: directory.join(JOURNAL), saga: journal.saga });
        }
        let input = saga.input().map_err(|error| journal_error(directory)(error.into()))?;
        let journal = Journal { saga: saga.name().to_owned(), input, started_at: now, begun: Vec::new() };
        let run = Self { saga, directory: directory.to_owned(), journal };
        run.write()?;
        Ok(run)
    }

    /// Writes down that a step is begun.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub fn mark(&mut self, step: &str) -> Result<(), SagaError> {
        self.journal.begun.push(step.to_owned());
        self.write()
    }

    /// Does a step that has been marked.
    ///
    /// # Errors
    ///
    /// The step's.
    pub fn act(&mut self, step: &str) -> Result<(), StepError> {
        self.saga.act(step)
    }

    /// Every step has been done: from here on it is not undone any more.
    ///
    /// # Errors
    ///
    /// When the journal cannot be removed.
    pub fn finish(self) -> Result<(), SagaError> {
        self.end(Ending::Done, None)
    }

    fn undo(self, ending: Ending, why: &str) -> Result<(), SagaError> {
        for step in self.journal.begun.iter().rev() {
            if let Err(source) = self.saga.compensate(step) {
                let record = format!("{why}; {step} cannot be undone: {source}");
                // The journal stays, so this is not the end of it.
                let _ = append(&self.directory, &self.journal, Ending::Stuck, Some(record));
                return Err(SagaError::Stuck { step: step.clone(), source, why: why.to_owned() });
            }
        }
        self.end(ending, Some(why.to_owned()))
    }

    fn write(&self) -> Result<(), SagaError> {
        let failed = journal_error(&self.directory);
        let text = serde_json::to_vec(&self.journal).map_err(|error| failed(error.into()))?;
        replace_private_file(&self.directory.join(JOURNAL), &text).map_err(failed)
    }

    fn end(self, ending: Ending, error: Option<String>) -> Result<(), SagaError> {
        let failed = journal_error(&self.directory);
        append(&self.directory, &self.journal, ending, error).map_err(&failed)?;
        fs::remove_file(self.directory.join(JOURNAL))
            .and_then(|()| File::open(&self.directory)?.sync_all())
            .map_err(&failed)
    }
}

fn append(directory: &Path, journal: &Journal, ending: Ending, error: Option<String>) -> io::Result<()> {
    let path = directory.join(RECORDS);
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() >= MAX_RECORDS) {
        fs::rename(&path, directory.join(format!("{RECORDS}.1")))?;
    }
    let mut line = serde_json::to_vec(&Record { journal, ended_at: Timestamp::now(), ending, error })?;
    line.push(b'\n');
    let mut file = open_private_append(&path)?;
    file.write_all(&line)?;
    file.sync_all()
}

fn journal_error(directory: &Path) -> impl Fn(io::Error) -> SagaError + use<> {
    let path = directory.to_owned();
    move |source| SagaError::Journal { path: path.clone(), source }
}
