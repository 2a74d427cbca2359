//! The shim's connection to whatever front there is: made, lost, made again.
//!
//! Two threads share it. The input thread adds messages and writes them; the
//! output thread reads, and is the only one that connects.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use task_orchestrator_shared::start::StartError;

use super::outstanding::Outstanding;
use super::{Options, ShimError, start};
use crate::clock::Backoff;
use crate::link::{ClientId, Decoder, Frame, Goodbye, Kind, PROTOCOL, ShimHello, encode, wait_for_input};

/// Messages kept for the next front; when they are more, input waits.
const MAX_OUTSTANDING: usize = 1024;

/// Written or read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// How long a front may take to answer the hello. It does nothing else first.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the first connection may take while a front is about to end.
const FIRST_PATIENCE: Duration = Duration::from_secs(15);

/// First and longest wait between attempts to reach a front.
const FIRST_DELAY: Duration = Duration::from_millis(10);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// Why the shim ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// The client has closed its input and has every answer.
    Closed,
    /// The client does not read.
    ClientGone(io::Error),
    /// An administrator stopped the server.
    Stopped(String),
    /// A front that does not take this shim.
    Refused(String),
}

/// See the module.
pub(super) struct Link {
    options: Options,
    client: ClientId,
    state: Mutex<State>,
    /// The state has changed in a way that somebody may wait for.
    changed: Condvar,
    /// Where to write; absent between two fronts. Locked before `state`, never after.
    writer: Mutex<Option<Writer>>,
}

struct State {
    outstanding: Outstanding,
    /// What the last front wants the next one to know, unread.
    record: Option<Box<RawValue>>,
    input_ended: bool,
}

struct Writer {
    stream: UnixStream,
    end_told: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked ends the process, so nobody sees what it left half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    pub(super) fn new(options: Options, client: ClientId) -> Self {
        let state = State { outstanding: Outstanding::new(), record: None, input_ended: false };
        Self { options, client, state: Mutex::new(state), changed: Condvar::new(), writer: Mutex::new(None) }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Connects for the first time, when failing is still better than waiting:
    /// the client shows why. A front that is about to end is waited for.
    pub(super) fn connect_first(&self) -> Result<(), ShimError> {
        let deadline = Instant::now() + FIRST_PATIENCE;
        let mut backoff = Backoff::new(FIRST_DELAY, LONGEST_DELAY);
        loop {
            let stream = start::connect_or_start(&self.options)
                .map_err(|error| ShimError::NoFront(error.to_string()))?;
            match self.greet(stream) {
                Ok(()) => return Ok(()),
                Err(Unanswered::Refused(reason)) => return Err(ShimError::Refused(reason)),
                Err(Unanswered::Failed(error)) if Instant::now() >= deadline => {
                    return Err(ShimError::NoFront(error.to_string()));
                }
                Err(Unanswered::Failed(error)) => tracing::debug!(%error, "no answer to the hello"),
            }
            self.pause(&mut backoff, |_| false);
        }
    }

    /// Waits for the next delay, or until there is a reason not to. More input is
    /// none while a front is being sought: that must not be tried more often.
    fn pause(&self, backoff: &mut Backoff, wake: impl Fn(&State) -> bool) {
        let state = lock(&self.state);
        let wait = self.changed.wait_timeout_while(state, backoff.next_delay(), |state| !wake(state));
        drop(wait.unwrap_or_else(PoisonError::into_inner));
    }

    /// Adds a message, waiting for room where there is none.
    pub(super) fn push(&self, message: Bytes) {
        let mut state = lock(&self.state);
        while state.has_no_room_for(message.len(), self.options.max_outstanding_bytes) {
            drop(state);
            // What is not written cannot be answered and would never make room.
            self.write_unwritten();
            state = lock(&self.state);
            if state.has_no_room_for(message.len(), self.options.max_outstanding_bytes) {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        state.outstanding.push(message);
        drop(state);
        self.changed.notify_all();
    }

    /// The client has ended its input.
    pub(super) fn end_input(&self) {
        lock(&self.state).input_ended = true;
        self.changed.notify_all();
        self.write_unwritten();
    }

    /// Answers the client without the front.
    pub(super) fn answer(&self, line: &str) {
        let mut output = io::stdout().lock();
        if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
            tracing::debug!(%error, "cannot write to the client");
        }
    }

    /// Writes what the connection at hand has not been sent. Without one there
    /// is nothing to do: the next is sent everything.
    pub(super) fn write_unwritten(&self) {
        let mut writer = lock(&self.writer);
        if let Some(open) = &mut *writer
            && let Err(error) = self.write_to(open)
        {
            tracing::debug!(%error, "cannot write to the server");
            *writer = None;
        }
    }

    fn write_to(&self, writer: &mut Writer) -> io::Result<()> {
        let mut wire = BytesMut::new();
        loop {
            let mut state = lock(&self.state);
            let next = state.outstanding.next_unwritten();
            let tell_end = next.is_none() && state.input_ended && !writer.end_told;
            drop(state);
            let last = next.is_none();
            if let Some((sequence, floor, payload)) = next {
                let frame = Frame { kind: Kind::Message, session: 0, sequence, floor, payload };
                encode(&frame, &mut wire).map_err(io::Error::other)?;
            } else if tell_end {
                encode(&Frame::control(Kind::Close, Bytes::new()), &mut wire).map_err(io::Error::other)?;
                writer.end_told = true;
            }
            if last || wire.len() > CHUNK_BYTES {
                writer.stream.write_all(&wire)?;
                wire.clear();
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Copies what comes from one front after the other to the client.
    pub(super) fn copy_to(&self, output: io::Stdout) -> Ending {
        loop {
            let lost = self.copy_from_one(&output);
            *lock(&self.writer) = None;
            let resume_when_needed = match lost {
                Lost::Ending(ending) => return ending,
                Lost::Goodbye(goodbye) if !goodbye.resume => return Ending::Stopped(goodbye.reason),
                Lost::Goodbye(_) => true,
                Lost::Connection => false,
            };
            if let Err(ending) = self.reconnect(resume_when_needed) {
                return ending;
            }
        }
    }

    fn copy_from_one(&self, output: &io::Stdout) -> Lost {
        let stream = lock(&self.writer).as_ref().and_then(|writer| writer.stream.try_clone().ok());
        let Some(mut stream) = stream else { return Lost::Connection };
        let mut decoder = Decoder::default();
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut goodbye = None;
        let mut lines = Vec::new();
        loop {
            match wait_for_input(&stream).and_then(|()| stream.read(&mut chunk)) {
                Ok(0) => break,
                Ok(length) => decoder.input().extend_from_slice(chunk.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::debug!(%error, "the connection to the server broke");
                    break;
                }
            }
            let closed = match self.take_frames(&mut decoder, &mut lines, &mut goodbye) {
                Ok(closed) => closed,
                Err(error) => {
                    tracing::error!(%error, "the server does not speak frames");
                    break;
                }
            };
            if let Err(error) = write_lines(output, &mut lines) {
                return Lost::Ending(Ending::ClientGone(error));
            }
            if closed {
                return Lost::Ending(Ending::Closed);
            }
        }
        goodbye.map_or(Lost::Connection, Lost::Goodbye)
    }

    /// Takes every whole frame. `true` when the session is over.
    fn take_frames(
        &self,
        decoder: &mut Decoder,
        lines: &mut Vec<u8>,
        goodbye: &mut Option<Goodbye>,
    ) -> Result<bool, crate::link::FrameError> {
        let mut state = lock(&self.state);
        let mut closed = false;
        let mut asked = false;
        while let Some(frame) = decoder.next_frame()? {
            match frame.kind {
                Kind::Ping => asked = true,
                // What was done with already is an answer to a message sent twice.
                Kind::Response if state.outstanding.done(frame.sequence) => add_line(lines, &frame.payload),
                Kind::Notification => add_line(lines, &frame.payload),
                Kind::Done => {
                    state.outstanding.done(frame.sequence);
                }
                Kind::State => state.record = serde_json::from_slice(&frame.payload).ok(),
                Kind::Goodbye => *goodbye = serde_json::from_slice(&frame.payload).ok(),
                Kind::Closed => closed = state.input_ended,
                kind => tracing::debug!(?kind, "ignored a frame"),
            }
        }
        drop(state);
        self.changed.notify_all();
        if asked {
            self.show_life();
        }
        Ok(closed)
    }

    /// Somebody wants to know whether the client's connection works.
    fn show_life(&self) {
        let mut wire = BytesMut::new();
        if let (Some(writer), Ok(())) =
            (&mut *lock(&self.writer), encode(&Frame::control(Kind::Pong, Bytes::new()), &mut wire))
            && let Err(error) = writer.stream.write_all(&wire)
        {
            // The reader notices the connection's end.
            tracing::debug!(%error, "cannot write to the server");
        }
    }

    /// Finds or starts the next front. After a goodbye it is started only when
    /// there is something to send to it.
    fn reconnect(&self, only_when_needed: bool) -> Result<(), Ending> {
        let mut backoff = Backoff::new(FIRST_DELAY, LONGEST_DELAY);
        loop {
            let state = lock(&self.state);
            let needed = !only_when_needed || !state.outstanding.is_empty();
            if state.is_finished() {
                return Err(Ending::Closed);
            }
            drop(state);
            let attempt = if needed {
                start::connect_or_start(&self.options)
            } else {
                start::connect(&self.options).map_err(StartError::Io)
            };
            match attempt {
                Ok(stream) => match self.greet(stream) {
                    Ok(()) => return Ok(()),
                    Err(Unanswered::Refused(reason)) => return Err(Ending::Refused(reason)),
                    Err(Unanswered::Failed(error)) => tracing::debug!(%error, "no answer to the hello"),
                },
                Err(error) if needed => tracing::warn!(%error, "cannot reach the server; trying again"),
                Err(_) => {}
            }
            self.pause(&mut backoff, |state| {
                if needed { state.is_finished() } else { state.input_ended || !state.outstanding.is_empty() }
            });
        }
    }

    /// Says hello, sends what is outstanding, and makes this the connection.
    fn greet(&self, mut stream: UnixStream) -> Result<(), Unanswered> {
        let mut writer = lock(&self.writer);
        let hello = ShimHello {
            versions: PROTOCOL,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            client: self.client,
            pid: std::process::id(),
            record: lock(&self.state).record.clone(),
        };
        let payload = serde_json::to_vec(&hello).map_err(io::Error::other)?;
        let mut wire = BytesMut::new();
        encode(&Frame::control(Kind::Hello, payload), &mut wire).map_err(io::Error::other)?;
        stream.write_all(&wire)?;
        stream.set_read_timeout(Some(HELLO_TIMEOUT))?;
        let answer = read_hello(&mut stream)?;
        stream.set_read_timeout(None)?;
        if answer.kind != Kind::Hello {
            return Err(Unanswered::Refused(String::from_utf8_lossy(&answer.payload).into_owned()));
        }
        lock(&self.state).outstanding.start_over();
        let mut open = Writer { stream, end_told: false };
        self.write_to(&mut open)?;
        *writer = Some(open);
        Ok(())
    }
}

impl State {
    /// Whether the client has closed its input and has every answer.
    fn is_finished(&self) -> bool {
        self.input_ended && self.outstanding.is_empty()
    }

    fn has_no_room_for(&self, bytes: usize, max_bytes: usize) -> bool {
        let held = &self.outstanding;
        held.len() >= MAX_OUTSTANDING || (!held.is_empty() && held.bytes() + bytes > max_bytes)
    }
}

enum Lost {
    Ending(Ending),
    Goodbye(Goodbye),
    Connection,
}

enum Unanswered {
    Refused(String),
    Failed(io::Error),
}

impl From<io::Error> for Unanswered {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads the answer to the hello and not a byte more: what follows belongs to
/// the output thread's decoder.
fn read_hello(stream: &mut UnixStream) -> io::Result<Frame> {
    let mut decoder = Decoder::default();
    let mut header = [0; crate::link::HEADER_BYTES];
    stream.read_exact(&mut header)?;
    decoder.input().extend_from_slice(&header);
    loop {
        match decoder.next_frame().map_err(io::Error::other)? {
            Some(frame) => return Ok(frame),
            None => {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                decoder.input().extend_from_slice(&byte);
            }
        }
    }
}

fn add_line(lines: &mut Vec<u8>, message: &[u8]) {
    lines.extend_from_slice(message);
    lines.push(b'\n');
}

fn write_lines(output: &io::Stdout, lines: &mut Vec<u8>) -> io::Result<()> {
    if !lines.is_empty() {
        let mut output = output.lock();
        output.write_all(lines)?;
        output.flush()?;
        if lines.capacity() > CHUNK_BYTES {
            *lines = Vec::new();
        } else {
            lines.clear();
        }
    }
    Ok(())
}
