//! The task of one connection: sends requests, gives each answer to who waits for
//! it, and passes on what the server tells. It never waits for any of them.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use super::connect::{Greeted, HELLO_ID, other_answer};
use super::error::{CallError, not_understood};
use super::lines::Lines;
use super::log_tail::LogFeed;
use super::updates::{Feed, Wish};
use crate::admin::codec::{Answered, Call, Failure, FromClient, FromServer, TOO_LONG, TOO_MANY};
use crate::admin::{Context, MAX_REQUEST_BYTES, Reply, Request};
use crate::restart::RestartEvent;

/// Requests without an answer on one connection; more are refused.
pub const MAX_IN_FLIGHT: usize = 64;

/// Bytes of requests that a server has not read yet; more have to wait.
const MAX_UNSENT: usize = 4 * MAX_REQUEST_BYTES;

/// How long a server that reads no more may take for its last words.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A request, and where its answer goes.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) request: Request,
    pub(super) context: Context,
    pub(super) asker: Asker,
}

/// Who waits for an answer.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) reply: oneshot::Sender<Result<Reply, CallError>>,
    /// Told of events until then; those that do not fit are dropped.
    pub(super) events: mpsc::Sender<RestartEvent>,
    /// What the answer begins.
    pub(super) begins: Option<Stream>,
}

/// What follows on an answer.
#[derive(Debug)]
pub(super) enum Stream {
    Updates(Feed),
    Logs(LogFeed),
}

#[derive(Debug)]
enum Waiting {
    Asker(Asker),
    /// The connection itself, for a new whole state.
    View,
    /// Nobody.
    Nobody,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Connection {
    lines: Lines<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    unsent: BytesMut,
    orders: mpsc::Receiver<Order>,
    /// A reader of one of the streams has a wish.
    wished: Arc<Notify>,
    last_id: u64,
    /// Bounded by [`MAX_IN_FLIGHT`], and a few of its own.
    waiting: HashMap<u64, Waiting>,
    updates: Option<Feed>,
    logs: Option<LogFeed>,
}

impl Connection {
    /// Takes over after the first words.
    pub(super) fn new(greeted: Greeted, orders: mpsc::Receiver<Order>, wished: Arc<Notify>) -> Self {
        Self {
            lines: greeted.lines,
            writer: greeted.writer,
            unsent: BytesMut::new(),
            orders,
            wished,
            last_id: HELLO_ID,
            waiting: HashMap::new(),
            updates: None,
            logs: None,
        }
    }

    /// Runs until the connection ends, and says why it did.
    pub(super) async fn run(&mut self) -> CallError {
        loop {
            let done = tokio::select! {
                line = self.lines.next() => match line {
                    Ok(Some(line)) => self.hear(&line),
                    Ok(None) => Err(CallError::Lost),
                    Err(error) => Err(error.into()),
                },
                written = self.writer.write_buf(&mut self.unsent), if !self.unsent.is_empty() => {
                    match written {
                        Ok(_) => Ok(()),
                        Err(_) => return self.last_words().await,
                    }
                }
                Some(order) = self.orders.recv(), if self.unsent.len() < MAX_UNSENT => {
                    self.take(order);
                    Ok(())
                }
                () = self.wished.notified() => self.fulfil(),
            };
            if let Err(error) = done {
                return error;
            }
        }
    }

    /// The server reads no more; what it has said already is still heard.
    async fn last_words(&mut self) -> CallError {
        let hear = async {
            while let Ok(Some(line)) = self.lines.next().await {
                if let Err(error) = self.hear(&line) {
                    return error;
                }
            }
            CallError::Lost
        };
        timeout(LAST_WORDS, hear).await.unwrap_or(CallError::Lost)
    }

    fn take(&mut self, order: Order) {
        let Order { request, context, asker } = order;
        let refuse = |asker: Asker, code, message| {
            // Who asked may have gone; then nobody needs it.
            let _ = asker.reply.send(Err(CallError::Refused { code, message }));
        };
        if self.waiting.len() >= MAX_IN_FLIGHT {
            // Nobody waits any more for some of them, perhaps.
            self.waiting.retain(|_, waiting| match waiting {
                Waiting::Asker(asker) => !asker.reply.is_closed(),
                Waiting::View | Waiting::Nobody => true,
            });
        }
        if self.waiting.len() >= MAX_IN_FLIGHT {
            let message = format!("{MAX_IN_FLIGHT} requests have no answer yet; wait for one of them");
            return refuse(asker, TOO_MANY, message);
        }
        match self.send(request, context) {
            Ok(id) => {
                self.waiting.insert(id, Waiting::Asker(asker));
            }
            Err(failure) => refuse(asker, failure.code, failure.message),
        }
    }

    /// Queues a request; `Err` when it does not fit on a line.
    fn send(&mut self, request: Request, context: Context) -> Result<u64, Failure> {
        let id = self.last_id + 1;
        let too_long = |message| Failure { code: TOO_LONG, message };
        let line = FromClient::Call(Call { id, request, context }).line();
        let line = line.map_err(|error| too_long(error.to_string()))?;
        if line.len() >= MAX_REQUEST_BYTES {
            let message =
                format!("it has {} bytes, and a request has less than {MAX_REQUEST_BYTES}", line.len());
            return Err(too_long(message));
        }
        self.last_id = id;
        self.unsent.extend_from_slice(line.as_bytes());
        self.unsent.extend_from_slice(b"\n");
        Ok(id)
    }

    /// Sends something of its own.
    fn send_own(&mut self, request: Request, waiting: Waiting) -> Result<(), CallError> {
        let id = self.send(request, Context::default())?;
        self.waiting.insert(id, waiting);
        Ok(())
    }

    fn fulfil(&mut self) -> Result<(), CallError> {
        match self.updates.as_ref().map_or(Wish::Nothing, Feed::wish) {
            Wish::Nothing => {}
            Wish::View if self.waiting.values().any(|waiting| matches!(waiting, Waiting::View)) => {}
            Wish::View => self.send_own(Request::Subscribe, Waiting::View)?,
            Wish::End => {
                self.updates = None;
                self.send_own(Request::Unsubscribe, Waiting::Nobody)?;
            }
        }
        if self.logs.as_ref().is_some_and(LogFeed::is_abandoned) {
            self.logs = None;
            self.send_own(Request::Unfollow, Waiting::Nobody)?;
        }
        Ok(())
    }

    /// Takes in a line; `Err` when the connection is of no use any more.
    fn hear(&mut self, line: &[u8]) -> Result<(), CallError> {
        match FromServer::read(line).map_err(|error| not_understood(&error))? {
            FromServer::Answer { id, answer } => return self.answer(id, answer),
            FromServer::Event { id, event } => {
                if let Some(Waiting::Asker(asker)) = self.waiting.get(&id) {
                    let _ = asker.events.try_send(event);
                }
            }
            FromServer::Delta(delta) => {
                if let Some(updates) = &self.updates {
                    updates.delta(delta, line.len());
                }
            }
            FromServer::View(view) => {
                if let Some(updates) = &self.updates {
                    updates.view(view);
                }
            }
            FromServer::Log(lines) => {
                if let Some(logs) = &self.logs {
                    logs.lines(lines);
                }
            }
            FromServer::Unknown => {}
        }
        Ok(())
    }

    fn answer(&mut self, id: u64, answer: Result<Answered, Failure>) -> Result<(), CallError> {
        let reply = match answer {
            Ok(Answered::Reply(reply)) => Ok(reply),
            Ok(Answered::Welcome(_)) => Err(other_answer().into()),
            Err(failure) => Err(CallError::from(failure)),
        };
        match (self.waiting.remove(&id), reply) {
            (Some(Waiting::Asker(asker)), reply) => self.give(asker, reply),
            (Some(Waiting::View), Ok(Reply::View(view))) => {
                if let Some(updates) = &self.updates {
                    updates.view(view);
                }
            }
            // Without a whole state the copy would stay behind for ever.
            (Some(Waiting::View), Ok(_)) => return Err(other_answer().into()),
            (Some(Waiting::View), Err(error)) => return Err(io::Error::other(error.to_string()).into()),
            // An answer without an id is to nothing that this client can have meant.
            (None, Err(error)) if id == 0 => return Err(io::Error::other(error.to_string()).into()),
            // Who asked has gone since.
            (Some(Waiting::Nobody) | None, _) => {}
        }
        Ok(())
    }

    fn give(&mut self, mut asker: Asker, reply: Result<Reply, CallError>) {
        match (asker.begins.take(), &reply) {
            (Some(Stream::Updates(feed)), Ok(Reply::View(view))) => {
                feed.begin(view.seq);
                self.updates = Some(feed);
            }
            (Some(Stream::Logs(feed)), Ok(Reply::LogLines(_))) => self.logs = Some(feed),
            _ => {}
        }
        let _ = asker.reply.send(reply);
    }
}
