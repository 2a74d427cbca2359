//! Doing what comes of a message, as far as it concerns the terminal; the rest is the
//! link's.

use super::{Cause, Console, Effect, Exit, Msg, TerminalError, clipboard};
use crate::terminal::job;

impl Console {
    /// Does it.
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Copy(text) => self.copy(&text),
            Effect::Mouse(is_wanted) => {
                let bytes = self.guard.mouse(is_wanted);
                self.screen.control(bytes.as_bytes());
            }
            Effect::Redraw => self.screen.forget(),
            Effect::Suspend => self.stop(),
            Effect::Quit => self.end = Some(Exit::Done),
            Effect::Send { .. }
            | Effect::Forget(_)
            | Effect::Follow(_)
            | Effect::Unfollow
            | Effect::RetryNow
            | Effect::Switch(_)
            | Effect::FindTargets
            | Effect::StartServer(_) => {
                let left = self.wire.effect(effect);
                let _ = left;
            }
        }
    }

    fn copy(&mut self, text: &str) {
        let said = clipboard::sequence(text).and_then(|sequence| {
            if self.screen.control(sequence.as_bytes()) {
                Ok(format!("sent to the terminal's clipboard: {}", clipboard::told(text)))
            } else {
                Err("the terminal has not taken what was copied before: try again".to_owned())
            }
        });
        self.take(Msg::Said(said), Cause::Input);
    }

    /// Gives the terminal back, and stops until told to go on.
    pub(super) fn stop(&mut self) {
        if !job::can_stop() {
            let why = "there is no shell here to return to: q ends the console".to_owned();
            self.take(Msg::Said(Err(why)), Cause::Input);
            return;
        }
        self.guard.release();
        self.is_stopped = true;
        job::stop();
    }

    /// Takes the terminal again, also where it was stopped from outside, and nobody
    /// knows what was written to the terminal meanwhile.
    pub(super) fn go_on(&mut self) -> Result<(), TerminalError> {
        self.guard.take()?;
        self.is_stopped = false;
        self.screen.control(self.guard.opening().as_bytes());
        self.screen.forget();
        self.resize();
        Ok(())
    }
}
