//! Signals, as something to wait for. Caught from before the terminal is taken.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// End, for this signal.
    End(u8),
    /// Stop, until told to go on.
    Stop,
    /// Go on.
    Continue,
    /// The terminal has another size.
    Resize,
}

/// See the module.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    stop: Signal,
    go_on: Signal,
    window: Signal,
}

impl Signals {
    /// Catches them. Must be called on a runtime with I/O.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            stop: signal(of(rustix::process::Signal::TSTP))?,
            go_on: signal(of(rustix::process::Signal::CONT))?,
            window: signal(SignalKind::window_change())?,
        })
    }

    /// The next one. Those that end come first: who is told to go on in order to end
    /// must not take the terminal again. Can be dropped at any time without losing anything.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            Some(()) = self.terminate.recv() => Told::End(15),
            Some(()) = self.hangup.recv() => Told::End(1),
            Some(()) = self.interrupt.recv() => Told::End(2),
            Some(()) = self.quit.recv() => Told::End(3),
            Some(()) = self.go_on.recv() => Told::Continue,
            Some(()) = self.stop.recv() => Told::Stop,
            Some(()) = self.window.recv() => Told::Resize,
            else => std::future::pending().await,
        }
    }
}

fn of(signal: rustix::process::Signal) -> SignalKind {
    SignalKind::from_raw(signal.as_raw())
}
