//! A timer of the system's, for what comes seldom: it wakes the console once and when
//! it is due. (tokio's own goes through a wheel whose levels each wake it, also for a
//! timer that was moved meanwhile: that alone is two wakeups a second.)

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// See the module. Not set at first.
#[derive(Debug)]
pub struct Alarm(AsyncFd<OwnedFd>);

const NEVER: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

impl Alarm {
    /// One that is not set. Must be called on a runtime with I/O.
    ///
    /// # Errors
    ///
    /// When the system has no more timers.
    #[expect(
        deprecated,
        reason = "what takes its place is unsafe, for descriptors that may change; an owned one does not"
    )]
    pub fn new() -> io::Result<Self> {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        Ok(Self(AsyncFd::with_interest(timer, Interest::READABLE)?))
    }

    /// Is due so long from now, instead of what was set before; without a time, never.
    pub fn set(&self, within: Option<Duration>) {
        // Nothing at all would mean never.
        let due = within
            .map_or(NEVER, |within| Timespec::try_from(within.max(Duration::from_nanos(1))).unwrap_or(NEVER));
        let once = Itimerspec { it_interval: NEVER, it_value: due };
        // A timer that exists can be set.
        let _ = timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once);
    }

    /// Waits until it is due. Can be dropped at any time without losing anything.
    pub async fn due(&self) {
        while let Ok(mut ready) = self.0.readable().await {
            let mut times = [0; 8];
            let read = rustix::io::read(self.0.get_ref(), &mut times);
            if read.is_ok() {
                return;
            }
            // It was set anew after it had told that it is due.
            ready.clear_ready();
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn it_is_due_once_and_what_was_set_last_holds() {
        let (alarm, began) = (Alarm::new().unwrap(), Instant::now());
        alarm.set(Some(Duration::from_millis(1)));
        alarm.set(Some(Duration::from_millis(30)));
        alarm.due().await;
        assert!(began.elapsed() >= Duration::from_millis(30));
        assert!(futures::FutureExt::now_or_never(alarm.due()).is_none(), "once");
        alarm.set(Some(Duration::ZERO));
        alarm.due().await;
        alarm.set(Some(Duration::ZERO));
        alarm.set(None);
        assert!(futures::FutureExt::now_or_never(alarm.due()).is_none(), "taken back");
    }
}
