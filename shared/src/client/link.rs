//! Keeps having a connection: connects, connects again, and never gives up because
//! the server is away.
//!
//! The task of the link waits for nobody who reads its events, and nothing that a
//! reader does moves the time of the next attempt, but [`Link::retry_now`].

mod events;
mod keeper;

use std::sync::Arc;

use tokio::sync::{Notify, watch};

pub use events::{LinkEvent, LinkEvents, MAX_LINK_EVENTS};

use super::{CallError, Client, ConnectError, Target, Task};
use crate::admin::{Context, Reply, Request};
use crate::restart::RestartEvent;
use keeper::Keeper;

/// See the module. Dropped, it ends, and so does its connection.
#[derive(Debug)]
pub struct Link {
    state: watch::Receiver<State>,
    retry: Arc<Notify>,
    _task: Task,
}

/// Whether there is a connection.
#[derive(Debug, Clone)]
enum State {
    /// Nothing is known yet.
    Starting,
    Live(Arc<Client>),
    Down(ConnectError),
}

impl Link {
    /// Begins to connect. With `subscribes`, the events hold the view and its changes
    /// too. Must be called on a runtime with I/O and time.
    pub fn open(target: Target, subscribes: bool) -> (Self, LinkEvents) {
        let (told, events) = events::channel();
        let (state, seen) = watch::channel(State::Starting);
        let retry = Arc::new(Notify::new());
        let keeper = Keeper::new(target, subscribes, state, told, Arc::clone(&retry));
        let task = Task(tokio::spawn(keeper.run()));
        (Self { state: seen, retry, _task: task }, events)
    }

    /// Does not wait any longer for the next attempt. Without effect while there is
    /// a connection or an attempt.
    pub fn retry_now(&self) {
        self.retry.notify_waiters();
    }

    /// The connection, where there is one.
    pub fn client(&self) -> Option<Arc<Client>> {
        match &*self.state.borrow() {
            State::Live(client) => Some(Arc::clone(client)),
            State::Starting | State::Down(_) => None,
        }
    }

    /// Asks. When the connection is lost before the answer, the same is asked again
    /// on the next one, however long that takes: a privileged request with the same
    /// idempotency key (drawn here where the caller gave none), so that it is not
    /// carried out twice and its outcome is found again. Only [`Request::Stop`] is
    /// not, for the next server is not the one that was meant.
    ///
    /// Without a connection this fails at once: nobody should see an order carried
    /// out that was given long ago.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn request(&self, request: Request, context: Context) -> Result<Reply, CallError> {
        self.request_with_events(request, context, |_| {}).await
    }

    /// The same, and passes on what happens until the answer. What happened before
    /// the connection was lost may be told again.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn request_with_events(
        &self,
        request: Request,
        mut context: Context,
        mut on_event: impl FnMut(RestartEvent),
    ) -> Result<Reply, CallError> {
        if request.operation().is_privileged() && context.idempotency_key.is_none() {
            context.idempotency_key = Some(uuid::Uuid::new_v4().to_string());
        }
        let mut client = self.first_client().await?;
        loop {
            match client.call_with_events(request.clone(), context.clone(), &mut on_event).await {
                Err(error) if error.is_disconnection() && request != Request::Stop => {
                    client = self.client_after(&client).await?;
                }
                outcome => return outcome,
            }
        }
    }

    /// The connection, once it is known whether there is one.
    async fn first_client(&self) -> Result<Arc<Client>, CallError> {
        let mut state = self.state.clone();
        let known = state.wait_for(|state| !matches!(state, State::Starting)).await;
        match &*known.map_err(|_| CallError::Lost)? {
            State::Live(client) => Ok(Arc::clone(client)),
            State::Down(error) => Err(error.clone().into()),
            State::Starting => Err(CallError::Lost),
        }
    }

    /// The connection that comes after this one.
    async fn client_after(&self, former: &Arc<Client>) -> Result<Arc<Client>, CallError> {
        let mut state = self.state.clone();
        let is_next = |state: &State| matches!(state, State::Live(client) if !Arc::ptr_eq(client, former));
        match &*state.wait_for(is_next).await.map_err(|_| CallError::Lost)? {
            State::Live(client) => Ok(Arc::clone(client)),
            State::Starting | State::Down(_) => Err(CallError::Lost),
        }
    }
}
