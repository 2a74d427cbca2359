//! The one client of the admin channel, for one-shot commands, consoles and tests.
//!
//! - [`Client`]: one connection; it ends with the server.  - [`Link`]: keeps having one.
//! - [`once`]: one question of a program without a runtime.
//!
//! It decides nothing about permission: the server does. It never talks to a socket
//! on which another user listens than the workspace's owner, root or its own.

mod backoff;
mod connect;
mod connection;
mod error;
mod lines;
mod link;
mod log_tail;
mod once;
mod target;
#[cfg(test)]
mod tests;
mod updates;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

pub use backoff::Backoff;
pub use connection::MAX_IN_FLIGHT;
pub use error::{CallError, ConnectError};
pub use link::{Link, LinkEvent, LinkEvents, MAX_LINK_EVENTS};
pub use log_tail::{LogTail, MAX_LINES};
pub use once::once;
pub use target::{HELLO_WITHIN, Options, Socket, Target};
pub use updates::{MAX_BYTES, MAX_UPDATES, Update, Updates};

use crate::admin::log::{LogFilter, LogLine};
use crate::admin::view::View;
use crate::admin::{Context, Hello, Reply, Request, Welcome};
use crate::restart::RestartEvent;
use connect::{Trusted, greet, other_answer};
use connection::{Asker, Connection, Order, Stream};

/// Requests on their way to the task of a connection; more callers wait.
const ORDERS: usize = 16;

/// Events that wait for a caller who is slow. The newest are dropped when it is
/// full: the answer says in the end all that matters.
const EVENTS: usize = 256;

/// A connection that has its welcome. Dropped, it ends.
#[derive(Debug)]
pub struct Client {
    welcome: Welcome,
    orders: mpsc::Sender<Order>,
    wished: Arc<Notify>,
    ended: watch::Receiver<Option<CallError>>,
    _task: Task,
}

/// A task that ends with its owner.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    /// Connects, sees who listens, says hello and waits for the welcome. Must be
    /// called on a runtime with I/O and time. Without a common version this is no
    /// error: [`Welcome::skew`] tells, and the server lets this connection only look.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    pub async fn connect(socket: &Path, hello: Hello, options: Options) -> Result<Self, ConnectError> {
        Self::connect_to(socket, hello, &Trusted::with(options.expected_owner), options.hello_within).await
    }

    async fn connect_to(
        socket: &Path,
        hello: Hello,
        trusted: &Trusted,
        limit: Duration,
    ) -> Result<Self, ConnectError> {
        let greeted = tokio::time::timeout(limit, greet(socket, hello, trusted));
        let greeted = greeted.await.map_err(|_| ConnectError::TimedOut(limit))??;
        let welcome = greeted.welcome.clone();
        let (orders, ordered) = mpsc::channel(ORDERS);
        let (ending, ended) = watch::channel(None);
        let wished = Arc::new(Notify::new());
        let mut connection = Connection::new(greeted, ordered, Arc::clone(&wished));
        let task = tokio::spawn(async move {
            let why = connection.run().await;
            // First the reason, then the end of all who wait in the connection.
            ending.send_replace(Some(why));
            drop(connection);
        });
        Ok(Self { welcome, orders, wished, ended, _task: Task(task) })
    }

    /// What the server said of itself, and of this client.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Asks, and waits for the answer, however long that takes; dropping the future
    /// gives the waiting up, not the request. Up to [`MAX_IN_FLIGHT`] at once.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn call(&self, request: Request, context: Context) -> Result<Reply, CallError> {
        self.call_with_events(request, context, |_| {}).await
    }

    /// The same, but no longer than so long.
    ///
    /// # Errors
    ///
    /// [`CallError`], [`CallError::TimedOut`] among them.
    pub async fn call_within(
        &self,
        limit: Duration,
        request: Request,
        context: Context,
    ) -> Result<Reply, CallError> {
        let called = tokio::time::timeout(limit, self.call(request, context));
        called.await.map_err(|_| CallError::TimedOut(limit))?
    }

    /// Asks, and passes on what happens until the answer.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn call_with_events(
        &self,
        request: Request,
        context: Context,
        on_event: impl FnMut(RestartEvent),
    ) -> Result<Reply, CallError> {
        self.ask(request, context, None, on_event).await
    }

    /// The whole state, and the changes that follow on it. Later ones take the place
    /// of earlier ones, whose changes then end.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn subscribe(&self) -> Result<(Box<View>, Updates), CallError> {
        let (feed, updates) = updates::channel(Arc::clone(&self.wished));
        let begins = Some(Stream::Updates(feed));
        match self.ask(Request::Subscribe, Context::default(), begins, |_| {}).await? {
            Reply::View(view) => Ok((view, updates)),
            other => Err(unexpected(other)),
        }
    }

    /// The newest lines of the log, and more as they are written. Later ones take
    /// the place of earlier ones, which then end.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn follow_logs(&self, filter: LogFilter) -> Result<(Vec<LogLine>, LogTail), CallError> {
        let (feed, tail) = log_tail::channel(Arc::clone(&self.wished));
        let begins = Some(Stream::Logs(feed));
        match self.ask(Request::FollowLogs(filter), Context::default(), begins, |_| {}).await? {
            Reply::LogLines(lines) => Ok((lines, tail)),
            other => Err(unexpected(other)),
        }
    }

    /// Waits for the end of the connection, and says why it ended.
    pub async fn closed(&self) -> CallError {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or(CallError::Lost),
            Err(_) => CallError::Lost,
        }
    }

    async fn ask(
        &self,
        request: Request,
        context: Context,
        begins: Option<Stream>,
        mut on_event: impl FnMut(RestartEvent),
    ) -> Result<Reply, CallError> {
        let (events, mut told) = mpsc::channel(EVENTS);
        let (reply, mut answer) = oneshot::channel();
        let order = Order { request, context, asker: Asker { reply, events, begins } };
        self.orders.send(order).await.map_err(|_| self.why_ended())?;
        loop {
            tokio::select! {
                biased;
                Some(event) = told.recv() => on_event(event),
                answer = &mut answer => {
                    // The task goes on meanwhile: what it told before the answer comes before it.
                    while let Ok(event) = told.try_recv() {
                        on_event(event);
                    }
                    return answer.unwrap_or_else(|_| Err(self.why_ended()));
                }
            }
        }
    }

    fn why_ended(&self) -> CallError {
        self.ended.borrow().clone().unwrap_or(CallError::Lost)
    }
}

fn unexpected(reply: Reply) -> CallError {
    match reply {
        Reply::Refused(refusal) => CallError::Denied(format!("{} {}", refusal.error, refusal.hint)),
        _ => other_answer().into(),
    }
}
