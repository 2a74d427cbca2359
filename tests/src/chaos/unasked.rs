//! The stream of a session over HTTP that belongs to no request: it has to stay open for
//! as long as the session is there, whatever happens to the worker.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Result;

use super::speaker::broke;
use crate::http::{HttpClient, Stream};
use crate::wait;

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    problem: Option<String>,
}

/// See the module. Read by a thread of its own.
#[derive(Debug)]
pub(super) struct Unasked {
    state: Arc<Mutex<State>>,
    reader: Mutex<Option<JoinHandle<()>>>,
}

impl Unasked {
    /// Opens it. Where a front dies it may break, and is then taken up where it was.
    ///
    /// # Errors
    ///
    /// When the server gives no stream.
    pub(super) fn of(url: &str, client: &HttpClient, front_dies: bool) -> Result<Self> {
        let state = Arc::<Mutex<State>>::default();
        let client = client.same_session(url);
        let first = client.stream(None)?;
        let reader = {
            let state = Arc::clone(&state);
            std::thread::spawn(move || read(&client, first, &state, front_dies))
        };
        Ok(Self { state, reader: Mutex::new(Some(reader)) })
    }

    /// Ends the session; says how the stream ended before that, if it did.
    pub(super) fn end(&self, client: &HttpClient) -> Option<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        let deleted = client.delete().map(|answer| answer.status);
        if !matches!(deleted, Ok(200 | 204)) {
            return Some(format!("its session could not be ended: {deleted:?}"));
        }
        if let Some(reader) = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take()
            && reader.join().is_err()
        {
            return Some("its reader panicked".to_owned());
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner).problem.take()
    }
}

fn read(client: &HttpClient, first: Stream, state: &Mutex<State>, front_dies: bool) {
    let mut last = None;
    let mut stream = Some(first);
    while let Some(mut open) = stream.take() {
        let ended = until_its_end(&mut open, &mut last);
        if state.lock().unwrap_or_else(PoisonError::into_inner).is_over {
            return;
        }
        if front_dies {
            // The next front may still be starting.
            let again = || match client.stream(last.as_deref()) {
                Err(error) if broke(&error) => None,
                opened => Some(opened),
            };
            match wait::until("the stream to be taken up", again).flatten() {
                Ok(opened) => stream = Some(opened),
                Err(error) => report(state, &format!("its stream was not taken up: {error:#}")),
            }
        } else {
            report(state, &format!("its stream ended: {ended:?}"));
        }
    }
}

fn until_its_end(stream: &mut Stream, last: &mut Option<String>) -> Result<()> {
    while let Some(event) = stream.next_event()? {
        if !event.id.is_empty() {
            *last = Some(event.id);
        }
    }
    Ok(())
}

fn report(state: &Mutex<State>, problem: &str) {
    state.lock().unwrap_or_else(PoisonError::into_inner).problem = Some(problem.to_owned());
}
