//! What a link tells its reader, in the order in which it happened.
//!
//! Bounded: at most [`MAX_LINK_EVENTS`] wait; when there are more, the oldest go, for
//! each tells a state that the next ones replace. Changes of the view wait in the
//! queue of their connection, which has bounds of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::admin::view::View;
use crate::admin::{Skew, Welcome};
use crate::client::ConnectError;
use crate::client::updates::{Update, Updates};

/// Most events, without changes of the view, that wait for their reader.
pub const MAX_LINK_EVENTS: usize = 64;

/// What happens to a link.
#[derive(Debug)]
pub enum LinkEvent {
    /// It tries to connect.
    Connecting {
        /// For which time since a connection lasted, from one.
        attempt: u32,
    },
    /// There is a connection.
    Live(Box<Welcome>),
    /// There is a connection, and it may only look: there is no common version.
    Incompatible {
        /// What the server says.
        welcome: Box<Welcome>,
        /// Which side to upgrade.
        skew: Skew,
    },
    /// The view changed. A new connection begins with a whole one.
    Update(Update),
    /// There is no connection any more, or there was none.
    Lost {
        /// Why.
        error: ConnectError,
        /// From now until the next attempt.
        retry_in: Duration,
    },
    /// The server, or whoever listens in its place, is not for this client.
    Denied {
        /// In a sentence.
        why: String,
        /// From now until the next attempt: the configuration may change.
        retry_in: Duration,
    },
}

/// The reader's end.
#[derive(Debug)]
pub struct LinkEvents {
    queue: Arc<Queue>,
    /// The state with which the connection began, until it is read.
    view: Option<Box<View>>,
    /// Of the connection whose beginning was read last.
    updates: Option<Updates>,
}

/// The link's end. Dropped, the reader gets what waits, and then the end.
#[derive(Debug)]
pub(super) struct Teller(Arc<Queue>);

type Told = (LinkEvent, Option<(Box<View>, Updates)>);

#[derive(Debug, Default)]
struct Queue {
    /// What waits, and whether more can come.
    state: Mutex<(VecDeque<Told>, bool)>,
    filled: Notify,
}

/// Both ends.
pub(super) fn channel() -> (Teller, LinkEvents) {
    let queue = Arc::new(Queue::default());
    (Teller(Arc::clone(&queue)), LinkEvents { queue, view: None, updates: None })
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, (VecDeque<Told>, bool)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teller {
    /// Tells of an event, and of the view that begins with it.
    pub(super) fn tell(&self, event: LinkEvent, begins: Option<(Box<View>, Updates)>) {
        let mut state = self.0.state();
        let oldest = if state.0.len() == MAX_LINK_EVENTS { state.0.pop_front() } else { None };
        state.0.push_back((event, begins));
        drop(state);
        self.0.filled.notify_one();
        // Outside of the lock: with it may end a queue that has a lock of its own.
        drop(oldest);
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.state().1 = true;
        self.0.filled.notify_one();
    }
}

impl LinkEvents {
    /// The next event; `None` once the link was dropped and nothing waits any more.
    /// Can be dropped at any time without losing anything.
    pub async fn next(&mut self) -> Option<LinkEvent> {
        if let Some(view) = self.view.take() {
            return Some(LinkEvent::Update(Update::View(view)));
        }
        if let Some(updates) = &mut self.updates {
            if let Some(update) = updates.next().await {
                return Some(LinkEvent::Update(update));
            }
            self.updates = None;
        }
        loop {
            {
                let mut state = self.queue.state();
                if let Some((event, begins)) = state.0.pop_front() {
                    (self.view, self.updates) = begins.unzip();
                    return Some(event);
                }
                if state.1 {
                    return None;
                }
            }
            self.queue.filled.notified().await;
        }
    }
}
