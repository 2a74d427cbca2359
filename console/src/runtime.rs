//! The loop: waits for anything, takes all that is ready, updates the model with each,
//! does what comes of it, and draws once if something may look different.
//!
//! It never waits for the terminal or the server: what writes to the one is a thread,
//! what speaks to the other a task. While nothing changes, it sleeps.

mod clipboard;
mod draw;
mod pace;
mod perform;

use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::alarm::Alarm;
use crate::exit::Exit;
use crate::link::{Origin, Wire};
use crate::model::{Model, Now};
use crate::msg::{Effect, Msg};
use crate::terminal::TerminalError;
use crate::terminal::crash;
use crate::terminal::decode::Input;
use crate::terminal::guard::Guard;
use crate::terminal::keyboard::Keyboard;
use crate::terminal::output::Output;
use crate::terminal::screen::Screen;
use crate::terminal::signals::{Signals, Told};
use crate::update::{update, wake};
use crate::view::HitMap;
use pace::{Cause, Pace};

/// Messages of the link that wait to be taken in; when it is full the link waits, and
/// what the server sends waits in the link's own bounded queue.
pub const MAX_WAITING: usize = 256;

/// Most messages that are taken before keys are looked for and something is drawn.
const BATCH: usize = 64;

/// Shortest time between two ticks, whatever is wanted.
const SHORTEST_TICK: Duration = Duration::from_millis(10);

/// The signal of a terminal that was closed.
const HANGUP: u8 = 1;

/// What the loop begins with.
#[derive(Debug)]
pub struct Setup {
    /// The model, of which nothing is known yet.
    pub model: Model,
    /// Where what is shown comes from.
    pub origin: Origin,
    /// Whether the terminal is at the other end of a network: it is drawn less often.
    pub is_remote: bool,
    /// Whether times are shown in the time zone of this computer.
    pub is_local_time: bool,
}

/// A descriptor of this process alone: a server that is started from here and goes on
/// would hold the terminal open, and whoever waits for the terminal's end, as a shell
/// over SSH does, would wait for that server.
fn own(terminal: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    rustix::io::fcntl_dupfd_cloexec(terminal, 0)
}

/// Runs the console until it ends; then the terminal is as it was.
///
/// # Errors
///
/// [`TerminalError`], with the terminal as it was.
pub fn run(setup: Setup) -> Result<Exit, TerminalError> {
    crash::install();
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = tokio.block_on(async {
        // Signals are caught, and both ends open, before anything of the terminal is changed.
        let (signals, (out, messages)) = (Signals::catch()?, mpsc::channel(MAX_WAITING));
        let keyboard = Keyboard::new(own(rustix::stdio::stdin())?)?;
        let output = Output::start(own(rustix::stdio::stdout())?)?;
        let sources = Sources { signals, keyboard, messages };
        let tick = Alarm::new()?;
        let console = Console::begin(setup, Guard::arm()?, output, tick, out);
        console.run(sources).await
    });
    // Who is still at work in the background is not waited for.
    tokio.shutdown_background();
    exit
}

/// Where messages come from.
struct Sources {
    signals: Signals,
    keyboard: Keyboard,
    messages: mpsc::Receiver<Msg>,
}

/// See the module.
struct Console {
    model: Model,
    wire: Wire,
    guard: Guard,
    output: Output,
    screen: Screen,
    hits: HitMap,
    pace: Pace,
    /// Why a frame is wanted, where one is.
    wanted: Option<Cause>,
    /// For the next tick.
    tick: Alarm,
    started: Instant,
    is_stopped: bool,
    end: Option<Exit>,
}

impl Console {
    async fn run(mut self, mut from: Sources) -> Result<Exit, TerminalError> {
        loop {
            let draw_at = self.draw_at();
            tokio::select! {
                biased;
                told = from.signals.next() => self.told(told)?,
                input = from.keyboard.next(), if !self.is_stopped => match input {
                    Some(input) => self.input(input),
                    // The terminal was closed: nobody is there to be told.
                    None => self.end = Some(Exit::Signal(HANGUP)),
                },
                () = self.output.through() => {}
                () = sleep_until(draw_at.unwrap_or(self.started)), if draw_at.is_some() => {}
                Some(message) = from.messages.recv() => self.take(message, Cause::Data),
                () = self.tick.due(), if !self.is_stopped => {
                    self.take(Msg::Tick, Cause::Data);
                }
            }
            self.take_ready(&mut from);
            if let Some(exit) = self.end {
                return Ok(exit);
            }
            self.draw_if_due();
        }
    }

    /// Takes what has come meanwhile, so much of it that keys do not wait for it.
    fn take_ready(&mut self, from: &mut Sources) {
        for _ in 0..BATCH {
            if let Some(input) = from.keyboard.take_ready() {
                self.input(input);
            } else if let Ok(message) = from.messages.try_recv() {
                self.take(message, Cause::Data);
            } else {
                break;
            }
        }
        if self.output.is_gone() {
            self.end = Some(Exit::Signal(HANGUP));
        }
    }

    fn told(&mut self, told: Told) -> Result<(), TerminalError> {
        match told {
            Told::End(number) => self.end = Some(Exit::Signal(number)),
            Told::Stop => self.stop(),
            Told::Continue => self.go_on()?,
            Told::Resize => self.resize(),
        }
        Ok(())
    }

    fn input(&mut self, input: Input) {
        let message = match input {
            Input::Key(press) => Msg::Key(press),
            Input::Paste(text) => Msg::Paste(text),
            Input::Wheel { down } => Msg::Wheel { down },
            Input::Click { column, row } => match self.hits.at(column, row) {
                Some(hit) => Msg::Click(hit.clone()),
                None => return,
            },
        };
        self.take(message, Cause::Input);
    }

    /// Updates the model, and does what comes of it.
    fn take(&mut self, message: Msg, cause: Cause) {
        crash::remember(message.name());
        let now = self.now();
        let effects = update(&mut self.model, message, now);
        self.wanted = self.wanted.max(Some(cause));
        for effect in effects {
            self.perform(effect);
        }
        let next = wake::next(&self.model, now);
        self.tick.set(next.map(|wait| wait.max(SHORTEST_TICK)));
    }

    fn now(&self) -> Now {
        Now { running: self.started.elapsed(), wall: Timestamp::now() }
    }
}
