//! Linear mode on standard input and output: a loop around the pure parts. A thread
//! reads lines and a thread writes them, so that neither keeps the loop waiting.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Linear, list};
use crate::exit::Exit;
use crate::link::{Origin, Wire};
use crate::model::{Model, Now};
use crate::msg::{Effect, Msg};
use crate::runtime::MAX_WAITING;
use crate::update::update;

/// Longest line that is read, in bytes; a longer one is not carried out.
const MAX_LINE: usize = 4096;

/// Lines that were typed and have not had their turn; the reader waits.
const LINES: usize = 16;

/// Texts that were not written yet. Full, the loop waits with everything but signals:
/// whoever does not read is told nothing more, and nothing piles up.
const TEXTS: usize = 16;

/// Most messages that are taken in before what they have changed is said.
const BATCH: usize = 256;

/// Most rounds in which what is said changes the model again.
const ROUNDS: usize = 8;

/// How long the last words may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why it could not begin.
#[derive(Debug, Error)]
pub enum RunError {
    /// No signal can be waited for.
    #[error("cannot wait for signals: {0}")]
    Signals(#[source] io::Error),
    /// There is no runtime.
    #[error("cannot begin: {0}")]
    Runtime(#[source] io::Error),
    /// No thread can be started.
    #[error("cannot start a thread for input and output: {0}")]
    Thread(#[source] io::Error),
}

/// What was typed.
#[derive(Debug)]
enum Typed {
    Line(String),
    TooLong,
}

/// Runs linear mode for this server until the input ends, its user ends it, nobody reads
/// the output any more, or a signal comes.
///
/// # Errors
///
/// [`RunError`].
pub fn run(mut model: Model, origin: Origin, is_local_time: bool) -> Result<Exit, RunError> {
    let started = Instant::now();
    if is_local_time {
        model.settings.zone = TimeZone::system();
    }
    let runtime = Builder::new_current_thread().enable_all().build().map_err(RunError::Runtime)?;
    let end = runtime.block_on(async {
        let (sender, heard) = mpsc::channel(MAX_WAITING);
        let mut wire = Wire::begin(origin, sender);
        // What the wire does not carry out is for a terminal that is drawn on.
        session(model, started, heard, |effect| drop(wire.effect(effect))).await
    });
    // Whoever still waits for the server, or for a reader, does not keep the program.
    runtime.shutdown_background();
    end
}

/// The same without the wire: `heard` brings what
/// comes from the server, `effect` carries out what is not for the terminal. `started`
/// is the moment from which the model counts.
///
/// # Errors
///
/// [`RunError`].
pub async fn session(
    model: Model,
    started: Instant,
    heard: mpsc::Receiver<Msg>,
    effect: impl FnMut(Effect),
) -> Result<Exit, RunError> {
    let (typing, typed) = mpsc::channel(LINES);
    let (texts, writing) = mpsc::channel(TEXTS);
    let (written, done) = mpsc::channel::<()>(1);
    spawn("input", move || read(&typing))?;
    spawn("output", move || {
        write(writing);
        drop(written);
    })?;
    let is_script = !io::stdin().is_terminal();
    let mut session = Session {
        model,
        started,
        linear: Linear::new(),
        effect,
        texts,
        prompt: !is_script,
        is_prompted: false,
        copied: Vec::new(),
    };
    let mut signals = Signals::new().map_err(RunError::Signals)?;
    let end = tokio::select! {
        end = session.run(heard, typed, is_script) => end,
        number = signals.next() => Exit::Signal(number),
    };
    drop(session);
    let mut done = done;
    // Ends when the writer has ended; a reader that is stuck does not keep the console.
    let _ = timeout(LAST_WORDS, done.recv()).await;
    Ok(end)
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), RunError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.map(drop).map_err(RunError::Thread)
}

/// The state of the loop.
struct Session<E> {
    model: Model,
    started: Instant,
    linear: Linear,
    effect: E,
    texts: mpsc::Sender<String>,
    /// Whether somebody types, and is shown where.
    prompt: bool,
    is_prompted: bool,
    /// What was copied: here it is printed.
    copied: Vec<String>,
}

impl<E: FnMut(Effect)> Session<E> {
    async fn run(
        &mut self,
        mut heard: mpsc::Receiver<Msg>,
        mut typed: mpsc::Receiver<Typed>,
        is_script: bool,
    ) -> Exit {
        let mut is_open = true;
        self.update(Msg::Drawn { page_rows: list::PAGE });
        loop {
            if !self.say(Vec::new()).await {
                return Exit::Done;
            }
            if self.model.is_over {
                return Exit::Done;
            }
            let now = self.now();
            let wake = self.linear.wake(&self.model, now);
            // A script's next line has to wait for the answer to the one before; a person sees it.
            let takes = !is_script || self.linear.is_ready(&self.model);
            tokio::select! {
                message = heard.recv(), if is_open => match message {
                    Some(message) => {
                        self.update(message);
                        for _ in 0..BATCH {
                            let Ok(message) = heard.try_recv() else { break };
                            self.update(message);
                        }
                    }
                    None => is_open = false,
                },
                line = typed.recv(), if takes => match line {
                    Some(line) => {
                        self.is_prompted = false;
                        if !self.typed(line).await {
                            return Exit::Done;
                        }
                    }
                    None => return Exit::Done,
                },
                () = pause(wake), if wake.is_some() => self.update(Msg::Tick),
                () = self.texts.closed() => return Exit::Done,
            }
        }
    }

    fn now(&self) -> Now {
        Now { running: self.started.elapsed(), wall: Timestamp::now() }
    }

    fn update(&mut self, msg: Msg) {
        let now = self.now();
        for effect in update(&mut self.model, msg, now) {
            match effect {
                Effect::Copy(text) => self.copied.push(text),
                // A line needs none of these; who quits is seen in the model.
                Effect::Mouse(_) | Effect::Redraw | Effect::Suspend | Effect::Quit => {}
                effect => (self.effect)(effect),
            }
        }
    }

    async fn typed(&mut self, line: Typed) -> bool {
        self.update(Msg::Tick);
        match line {
            Typed::Line(line) => {
                let turn = self.linear.line(&self.model, &line);
                for msg in turn.msgs {
                    self.update(msg);
                }
                self.say(turn.lines).await
            }
            Typed::TooLong => self.say(vec![format!("A line has at most {MAX_LINE} bytes.")]).await,
        }
    }

    /// Says these lines and what else there is to say; whether somebody reads it.
    async fn say(&mut self, mut lines: Vec<String>) -> bool {
        for _ in 0..ROUNDS {
            let turn = self.linear.told(&self.model);
            lines.extend(turn.lines);
            if turn.msgs.is_empty() {
                break;
            }
            for msg in turn.msgs {
                self.update(msg);
            }
        }
        for text in self.copied.drain(..) {
            lines.extend(text.lines().flat_map(super::text::wrapped));
        }
        let mut text = String::new();
        if self.is_prompted && !lines.is_empty() {
            text.push('\n');
        }
        for line in &lines {
            text.push_str(line);
            text.push('\n');
        }
        if self.prompt && (!self.is_prompted || !lines.is_empty()) {
            text.push_str("> ");
            self.is_prompted = true;
        }
        text.is_empty() || self.texts.send(text).await.is_ok()
    }
}

/// Lets so much time pass; for ever where there is nothing to wake for.
async fn pause(wake: Option<Duration>) {
    match wake {
        Some(wake) => drop(timeout(wake, std::future::pending::<()>()).await),
        None => std::future::pending().await,
    }
}

/// Reads lines until the input ends.
fn read(typing: &mpsc::Sender<Typed>) {
    let mut input = io::stdin().lock();
    let mut is_rest = false;
    loop {
        let mut line = Vec::new();
        let limit = MAX_LINE as u64 + 1;
        match input.by_ref().take(limit).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let is_whole = line.last() == Some(&b'\n') || line.len() <= MAX_LINE;
        let typed = match (is_rest, is_whole) {
            (false, true) => Some(Typed::Line(String::from_utf8_lossy(&line).into_owned())),
            (false, false) => Some(Typed::TooLong),
            (true, _) => None,
        };
        is_rest = !is_whole;
        if let Some(typed) = typed
            && typing.blocking_send(typed).is_err()
        {
            return;
        }
    }
}

/// Writes until nothing more comes, or nobody reads.
fn write(mut texts: mpsc::Receiver<String>) {
    let mut output = io::stdout().lock();
    while let Some(text) = texts.blocking_recv() {
        if output.write_all(text.as_bytes()).and_then(|()| output.flush()).is_err() {
            return;
        }
    }
}

/// The signals that end it.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The number of the next one.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => 15,
            _ = self.interrupt.recv() => 2,
            _ = self.hang_up.recv() => 1,
        }
    }
}
