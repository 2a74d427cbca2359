//! What came in over the admin channel, written to a file as it came: for reports of
//! defects, for demonstrations and for tests. Holds what the server showed, so the file
//! is its owner's alone.
//!
//! A thread writes; `WAITING` messages may wait for it, and then whoever passes on
//! what the server says waits too, never the loop. Nothing is left out: a recording that
//! has reached its bound, or that the disk refuses, says so at its end and is over.

pub mod line;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::mpsc;

use crate::heard::Heard;
use crate::msg::Msg;
use line::{FORMAT, Header, Line};

/// Longest recording, in bytes, unless told otherwise.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Messages that wait to be written; more have to wait.
const WAITING: usize = 64;

/// Bytes that are kept free for the last line.
const LAST_LINE: u64 = 512;

/// How long the end of the console waits for a slow disk.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why nothing can be recorded.
#[derive(Debug, Error)]
#[error("cannot record to {}: {source}", .path.display())]
pub struct RecordError {
    path: PathBuf,
    source: io::Error,
}

/// A file that is begun.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    file: BufWriter<File>,
    written: u64,
    limit: u64,
    began: Instant,
}

/// A recording that runs.
#[derive(Debug)]
pub(crate) struct Recording {
    queue: mpsc::Sender<Entry>,
    began: Instant,
    /// What is heard is not written any more.
    is_over: std::sync::Arc<AtomicBool>,
    /// Told when the file is complete.
    done: Mutex<Receiver<()>>,
}

#[derive(Debug)]
enum Entry {
    Heard(u64, Box<Heard>),
    End(u64),
}

impl Recorder {
    /// Makes the file (0600), which must not be there yet, and writes its first line.
    /// `limit` is in bytes.
    ///
    /// # Errors
    ///
    /// The system refuses the file.
    pub fn create(path: &Path, workspace: &Path, limit: u64) -> Result<Self, RecordError> {
        let refused = |source| RecordError { path: path.to_owned(), source };
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(refused)?;
        let (path, file) = (path.to_owned(), BufWriter::new(file));
        let mut recorder = Self { path, file, written: 0, limit, began: Instant::now() };
        let header = Header {
            task_orchestrator_recording: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workspace: workspace.display().to_string(),
        };
        recorder.write(&header).and_then(|()| recorder.file.flush()).map_err(refused)?;
        Ok(recorder)
    }

    /// Begins to write. Why it ends before its time is said to `out`.
    pub(crate) fn start(self, out: mpsc::Sender<Msg>) -> Recording {
        let (queue, entries) = mpsc::channel(WAITING);
        let (complete, done) = sync_channel(1);
        let is_over = std::sync::Arc::new(AtomicBool::new(false));
        let (began, over) = (self.began, std::sync::Arc::clone(&is_over));
        let path = self.path.clone();
        let told = out.clone();
        let started = thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || self.run(entries, &over, &complete, &out));
        if let Err(error) = started {
            is_over.store(true, Ordering::Relaxed);
            // Before anything was heard, the loop has room for it.
            let _ = told.try_send(Msg::Said(Err(format!("cannot record to {}: {error}", path.display()))));
        }
        Recording { queue, began, is_over, done: Mutex::new(done) }
    }

    fn run(
        mut self,
        mut entries: mpsc::Receiver<Entry>,
        is_over: &AtomicBool,
        complete: &SyncSender<()>,
        out: &mpsc::Sender<Msg>,
    ) {
        if let Some(why) = self.take_all(&mut entries) {
            // Who waits for room is let go first: the loop may have to read before it can be told.
            is_over.store(true, Ordering::Relaxed);
            drop(entries);
            let _ = out.blocking_send(Msg::Said(Err(why)));
        }
        let _ = complete.try_send(());
    }

    /// Writes until the end; says why where that comes before its time.
    fn take_all(&mut self, entries: &mut mpsc::Receiver<Entry>) -> Option<String> {
        let at = self.path.display().to_string();
        let refused = |error: io::Error| Some(format!("the recording in {at} has ended: {error}"));
        loop {
            let next = match entries.try_recv() {
                Ok(entry) => Some(entry),
                // Nobody knows how long nothing will come.
                Err(_) => match self.file.flush() {
                    Ok(()) => entries.blocking_recv(),
                    Err(error) => return refused(error),
                },
            };
            let (at_ms, heard) = match next {
                Some(Entry::Heard(at_ms, heard)) => (at_ms, heard),
                Some(Entry::End(at_ms)) => {
                    return self.end(at_ms, "the console ended").err().and_then(refused);
                }
                None => return None,
            };
            match self.write(&Line { at_ms, heard: Some(heard), ended: None }) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    let why = format!("the recording has reached its bound of {} bytes", self.limit);
                    return match self.end(at_ms, &why) {
                        Ok(()) => Some(format!("{why}; {at} is complete up to here")),
                        Err(error) => refused(error),
                    };
                }
                Err(error) => return refused(error),
            }
        }
    }

    /// Writes a line where there is room for it and for a last one.
    fn write(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let written = self.written.saturating_add(text.len() as u64);
        if written.saturating_add(LAST_LINE) > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all(&text)?;
        self.written = written;
        Ok(())
    }

    fn end(&mut self, at_ms: u64, why: &str) -> io::Result<()> {
        let mut text = serde_json::to_vec(&Line { at_ms, heard: None, ended: Some(why.to_owned()) })?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.file.flush()
    }
}

impl Recording {
    /// Something came in. Waits while the disk is behind.
    pub(crate) async fn take(&self, heard: &Heard) {
        if !self.is_over.load(Ordering::Relaxed) {
            // The recording has ended in this moment: then it is not missed.
            let _ = self.queue.send(Entry::Heard(self.at(), Box::new(heard.clone()))).await;
        }
    }

    /// Completes the file. Waits for a slow disk, but not for long.
    pub(crate) fn finish(&self) {
        if self.is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut end = Entry::End(self.at());
        let late = Instant::now() + LAST_WORDS;
        loop {
            match self.queue.try_send(end) {
                Ok(()) => break,
                Err(mpsc::error::TrySendError::Full(again)) if Instant::now() < late => {
                    end = again;
                    thread::yield_now();
                }
                Err(_) => return,
            }
        }
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        // What is not on the disk by then is not waited for.
        let _ = done.recv_timeout(late.saturating_duration_since(Instant::now()));
    }

    fn at(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
