//! When to draw. An answer to a key at once, what the server sends at a steady pace,
//! and never more than so many frames a second. Has no clock of its own.

use std::collections::VecDeque;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Why something is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// What is known changed.
    Data,
    /// The user did something.
    Input,
}

/// See the module. Moments are times since the console started.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    apart: Duration,
    /// When the frames of the last second were drawn: at most `most`.
    drawn: VecDeque<Duration>,
}

impl Pace {
    /// 30 frames a second, 25 of them for what the server sends.
    pub(super) fn near() -> Self {
        Self::of(30, Duration::from_millis(40))
    }

    /// Over a network: 10, 8 of them for what the server sends.
    pub(super) fn remote() -> Self {
        Self::of(10, Duration::from_millis(125))
    }

    fn of(most: usize, apart: Duration) -> Self {
        Self { most, apart, drawn: VecDeque::with_capacity(most) }
    }

    /// When a frame may be drawn that is wanted now.
    pub(super) fn due(&self, now: Duration, cause: Cause) -> Duration {
        let has_room_at = match self.drawn.front() {
            Some(oldest) if self.drawn.len() >= self.most => *oldest + SECOND,
            _ => now,
        };
        let last = self.drawn.back().copied();
        match (cause, last) {
            (Cause::Data, Some(last)) => has_room_at.max(last + self.apart).max(now),
            (Cause::Data, None) | (Cause::Input, _) => has_room_at.max(now),
        }
    }

    /// A frame was drawn.
    pub(super) fn drawn(&mut self, now: Duration) {
        while self.drawn.len() >= self.most {
            self.drawn.pop_front();
        }
        self.drawn.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Frames in the second from `from` on, of those drawn at these moments.
    fn within_a_second(frames: &[Duration], from: Duration) -> usize {
        frames.iter().filter(|at| **at >= from && **at < from + SECOND).count()
    }

    /// Draws what is wanted in each millisecond of ten seconds, and gives when frames
    /// were drawn, and how long the longest key waited.
    fn run(mut pace: Pace, key_every: u64) -> (Vec<Duration>, Duration) {
        let (mut frames, mut key_at, mut waited) = (Vec::new(), None, Duration::ZERO);
        for now in (0..10_000).map(ms) {
            if key_every > 0 && now.as_millis() % u128::from(key_every) == 0 {
                key_at = key_at.or(Some(now));
            }
            let cause = if key_at.is_some() { Cause::Input } else { Cause::Data };
            if pace.due(now, cause) <= now {
                waited = waited.max(key_at.take().map_or(Duration::ZERO, |at| now - at));
                pace.drawn(now);
                frames.push(now);
            }
        }
        (frames, waited)
    }

    #[test]
    fn no_second_has_more_frames_than_it_may() {
        for key_every in [0, 1, 7, 33, 150] {
            for (pace, most) in [(Pace::near(), 30), (Pace::remote(), 10)] {
                let (frames, _) = run(pace, key_every);
                let worst = frames.iter().map(|from| within_a_second(&frames, *from)).max();
                assert!(worst <= Some(most), "{worst:?} of {most}, a key each {key_every} ms");
                assert!(worst >= Some(most * 4 / 5), "they are used: {worst:?} of {most}");
            }
        }
    }

    #[test]
    fn a_key_now_and_then_is_answered_at_once_however_much_comes_in() {
        assert_eq!(run(Pace::near(), 211).1, Duration::ZERO);
        assert_eq!(run(Pace::remote(), 700).1, Duration::ZERO);
    }

    #[test]
    fn after_a_rest_what_comes_in_is_drawn_at_once() {
        let mut pace = Pace::near();
        pace.drawn(ms(0));
        assert_eq!(pace.due(ms(5000), Cause::Data), ms(5000));
        assert_eq!(pace.due(ms(10), Cause::Data), ms(40));
        assert_eq!(pace.due(ms(10), Cause::Input), ms(10));
    }
}
