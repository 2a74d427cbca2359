//! The changes of the view on their way from the connection to whoever follows it.
//!
//! Bounded: at most [`MAX_UPDATES`] of them and [`MAX_BYTES`] of their lines wait. When
//! there are more, or when one is missing, all that wait are dropped and none is kept
//! any more; once the reader comes back, the server is asked for a new whole state.
//! So a reader who sleeps costs nothing, and one who is slow never sees a gap.
//! The connection never waits here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::admin::view::{Delta, View};

/// Most changes that wait for their reader.
pub const MAX_UPDATES: usize = 256;

/// Most bytes, as they came on the wire, of changes that wait for their reader. One
/// whole state more may wait, which a line bounds.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Something to do to a copy of the view.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// Put this in its place.
    View(Box<View>),
    /// Apply this to it.
    Delta(Delta),
}

/// The reader's end. Dropped, the server is told that nobody reads any more.
#[derive(Debug)]
pub struct Updates(Arc<Queue>);

/// The connection's end. Dropped, the reader gets what waits, and then the end.
#[derive(Debug)]
pub(super) struct Feed(Arc<Queue>);

/// What the reader wants of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// To go on.
    Nothing,
    /// A new whole state.
    View,
    /// No more.
    End,
}

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    /// Wakes the reader.
    filled: Notify,
    /// Wakes the connection: the reader has a wish.
    wished: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    /// Each with its bytes on the wire.
    ready: VecDeque<(Update, usize)>,
    bytes: usize,
    /// The number of the last change that was taken in.
    known: u64,
    /// Changes were left out, so that only a whole state helps.
    is_stale: bool,
    wish: Wish,
    is_closed: bool,
}

/// Both ends; `wished` wakes the connection when the reader has a wish.
pub(super) fn channel(wished: Arc<Notify>) -> (Feed, Updates) {
    let state = State {
        ready: VecDeque::new(),
        bytes: 0,
        known: 0,
        is_stale: false,
        wish: Wish::Nothing,
        is_closed: false,
    };
    let queue = Arc::new(Queue { state: Mutex::new(state), filled: Notify::new(), wished });
    (Feed(Arc::clone(&queue)), Updates(queue))
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn go_stale(&mut self) {
        self.ready.clear();
        self.bytes = 0;
        self.is_stale = true;
    }
}

impl Feed {
    /// The reader has the state with this number.
    pub(super) fn begin(&self, known: u64) {
        self.0.state().known = known;
    }

    /// A change came, with so many bytes.
    pub(super) fn delta(&self, delta: Delta, bytes: usize) {
        let mut state = self.0.state();
        if state.is_stale {
            return;
        }
        let is_next = delta.seq == state.known.wrapping_add(1);
        let fits = state.ready.len() < MAX_UPDATES && state.bytes.saturating_add(bytes) <= MAX_BYTES;
        if is_next && fits {
            state.known = delta.seq;
            state.bytes += bytes;
            state.ready.push_back((Update::Delta(delta), bytes));
        } else {
            state.go_stale();
        }
        drop(state);
        // Also when there is nothing: a reader who waits has to wish for a new state.
        self.0.filled.notify_one();
    }

    /// A whole state came: what waits is in it.
    pub(super) fn view(&self, view: Box<View>) {
        let mut state = self.0.state();
        state.go_stale();
        state.is_stale = false;
        if state.wish == Wish::View {
            state.wish = Wish::Nothing;
        }
        state.known = view.seq;
        state.ready.push_back((Update::View(view), 0));
        drop(state);
        self.0.filled.notify_one();
    }

    /// What the reader wishes.
    pub(super) fn wish(&self) -> Wish {
        self.0.state().wish
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.filled.notify_one();
    }
}

impl Updates {
    /// The next change; `None` when the connection has ended and nothing waits any
    /// more. Can be dropped at any time without losing anything.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            {
                let mut state = self.0.state();
                if let Some((update, bytes)) = state.ready.pop_front() {
                    state.bytes = state.bytes.saturating_sub(bytes);
                    return Some(update);
                }
                if state.is_closed {
                    return None;
                }
                if state.is_stale && state.wish == Wish::Nothing {
                    state.wish = Wish::View;
                    self.0.wished.notify_one();
                }
            }
            self.0.filled.notified().await;
        }
    }
}

impl Drop for Updates {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.go_stale();
        state.wish = Wish::End;
        drop(state);
        self.0.wished.notify_one();
    }
}
