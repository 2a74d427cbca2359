//! The task of a link: an attempt, a connection until it ends, a wait, and again.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::State;
use super::events::{LinkEvent, Teller};
use crate::admin::view::View;
use crate::client::{Backoff, Client, ConnectError, Target, Updates};

/// First and longest wait before the next attempt.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(100);
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A connection that lasted so long has worked: waits begin anew after it. A server
/// that welcomes everybody and then ends is not asked ten times a second.
pub(super) const SETTLED: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Keeper {
    target: Target,
    subscribes: bool,
    state: watch::Sender<State>,
    events: Teller,
    retry: Arc<Notify>,
    backoff: Backoff,
}

type Connected = (Arc<Client>, Option<(Box<View>, Updates)>);

impl Keeper {
    /// Nothing was tried yet.
    pub(super) fn new(
        target: Target,
        subscribes: bool,
        state: watch::Sender<State>,
        events: Teller,
        retry: Arc<Notify>,
    ) -> Self {
        let backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        Self { target, subscribes, state, events, retry, backoff }
    }

    /// Runs until it is aborted.
    pub(super) async fn run(mut self) {
        loop {
            let attempt = self.backoff.failures().saturating_add(1);
            self.events.tell(LinkEvent::Connecting { attempt }, None);
            let error = match self.connect().await {
                Ok(connected) => self.live(connected).await,
                Err(error) => error,
            };
            // From here on an order to retry counts, even before anybody waits.
            let retry = Arc::clone(&self.retry);
            let mut retry = pin!(retry.notified());
            let retry_in = self.backoff.next_delay();
            let next = Instant::now() + retry_in;
            self.state.send_replace(State::Down(error.clone()));
            let event = match error {
                ConnectError::Denied(why) => LinkEvent::Denied { why, retry_in },
                ConnectError::Planted { .. } => LinkEvent::Denied { why: error.to_string(), retry_in },
                error => LinkEvent::Lost { error, retry_in },
            };
            self.events.tell(event, None);
            tokio::select! {
                () = sleep_until(next) => {}
                () = &mut retry => {}
            }
        }
    }

    async fn connect(&self) -> Result<Connected, ConnectError> {
        let Target { socket, hello, options } = self.target.clone();
        let limit = options.hello_within;
        let client = Client::connect(&socket.path(), hello, options).await?;
        let begins = if self.subscribes {
            let subscribed = timeout(limit, client.subscribe()).await;
            Some(subscribed.map_err(|_| ConnectError::TimedOut(limit))??)
        } else {
            None
        };
        Ok((Arc::new(client), begins))
    }

    /// Tells of a connection, and waits for its end.
    async fn live(&mut self, (client, begins): Connected) -> ConnectError {
        let since = Instant::now();
        let welcome = Box::new(client.welcome().clone());
        let event = match welcome.skew {
            Some(skew) => LinkEvent::Incompatible { welcome, skew },
            None => LinkEvent::Live(welcome),
        };
        // Who reads of the connection can use it.
        self.state.send_replace(State::Live(Arc::clone(&client)));
        self.events.tell(event, begins);
        let why = client.closed().await;
        if since.elapsed() >= SETTLED {
            self.backoff.reset();
        }
        why.into()
    }
}
