//! One admin connection: says whether its caller may speak, passes requests on one
//! at a time, and tells events before the answer.
//!
//! Nothing here ever makes the rest of the server wait: a caller who reads slowly
//! loses events, one who does not read at all loses the connection.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;
use task_orchestrator_shared::admin::codec::{
    Answered as WireAnswered, Failure, FromClient, Notification, answer_line, notification_line,
};
use task_orchestrator_shared::admin::{Context, MAX_REQUEST_BYTES, PROTOCOL, Welcome, WhoAmI};
use task_orchestrator_shared::restart::RestartEvent;
use task_orchestrator_shared::role::Role;
use thiserror::Error;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec, LinesCodecError};

use super::asked::{Answered, Asked, Caller};
use super::wire::{Answer, Call, DENIED, INVALID_REQUEST, PARSE_ERROR, UNAVAILABLE};

/// Events that wait for a caller who reads slowly. The newest are dropped when it
/// is full: the answer says in the end all that matters.
const EVENTS: usize = 256;

/// How long a caller may take to read an answer and the events before it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Why a connection ended before its caller had closed it in order.
#[derive(Debug, Error)]
enum Ended {
    #[error("the caller hung up before the answer")]
    HungUp,
    #[error("the caller did not read its answer within {} s", PATIENCE.as_secs())]
    NotRead,
    #[error("writing failed: {0}")]
    Codec(#[from] LinesCodecError),
    #[error("writing failed: {0}")]
    Io(#[from] io::Error),
}

/// One caller.
pub(super) struct Connection {
    uid: u32,
    caller: Arc<Caller>,
    allowed: bool,
    reader: FramedRead<OwnedReadHalf, LinesCodec>,
    writer: FramedWrite<OwnedWriteHalf, LinesCodec>,
    /// The request that is carried out.
    id: u64,
    /// One line that came while a request was executed. No more are read then, so
    /// that a caller cannot make the server hold many.
    ahead: Option<Result<String, LinesCodecError>>,
    /// The caller says nothing more; it may still read.
    silent: bool,
}

impl Connection {
    /// Asks the kernel who it is.
    pub(super) fn open(stream: UnixStream) -> io::Result<Self> {
        let peer = stream.peer_cred()?;
        let uid = peer.uid();
        let own = rustix::process::geteuid().as_raw();
        let (read, write) = stream.into_split();
        let caller = Caller {
            uid,
            gid: peer.gid(),
            groups: vec![peer.gid()],
            pid: peer.pid().and_then(|pid| u32::try_from(pid).ok()),
            client: None,
            wanted: None,
            only_looks: false,
        };
        Ok(Self {
            uid,
            caller: Arc::new(caller),
            allowed: uid == own || uid == 0,
            reader: FramedRead::new(read, LinesCodec::new_with_max_length(MAX_REQUEST_BYTES)),
            writer: FramedWrite::new(write, LinesCodec::new()),
            id: 0,
            ahead: None,
            silent: false,
        })
    }

    /// Answers until the caller has no more to ask.
    pub(super) async fn converse<E, F>(mut self, execute: &E)
    where
        E: Fn(Asked) -> F,
        F: Future<Output = Option<Answered>>,
    {
        while let Some(line) = self.next_line().await {
            match self.respond(line, execute).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::debug!(%error, uid = self.uid, "an admin connection ended");
                    return;
                }
            }
        }
    }

    async fn next_line(&mut self) -> Option<Result<String, LinesCodecError>> {
        match self.ahead.take() {
            Some(line) => Some(line),
            None if self.silent => None,
            None => self.reader.next().await,
        }
    }

    /// Whether the connection can go on after this line.
    async fn respond<E, F>(
        &mut self,
        line: Result<String, LinesCodecError>,
        execute: &E,
    ) -> Result<bool, Ended>
    where
        E: Fn(Asked) -> F,
        F: Future<Output = Option<Answered>>,
    {
        if let Ok(line) = &line
            && let Ok(FromClient::Hello { id, .. }) = FromClient::read(line.as_bytes())
        {
            let answer = self.welcome();
            self.writer.send(answer_line(Some(id), &answer).map_err(io::Error::from)?).await?;
            return Ok(answer.is_ok());
        }
        let (events, mut told) = mpsc::channel(EVENTS);
        let answer = match self.read(line) {
            Err(refusal) => *refusal,
            Ok(call) => {
                self.id = call.id;
                let context = Context::default();
                let asked =
                    Asked { request: call.request, context, caller: Arc::clone(&self.caller), events };
                match self.wait(execute(asked), &mut told).await? {
                    Some(answered) => Answer::reply(call.id, answered.reply),
                    None => Answer::failure(call.id.into(), UNAVAILABLE, "the server is ending"),
                }
            }
        };
        let fatal = answer.error.as_ref().is_some_and(|error| error.code == PARSE_ERROR);
        let finished = self.finish(answer, told);
        tokio::time::timeout(PATIENCE, finished).await.map_err(|_| Ended::NotRead)??;
        Ok(!fatal)
    }

    /// What a client is told first.
    fn welcome(&self) -> Result<WireAnswered, Failure> {
        if !self.allowed {
            let message = format!("user {} may not administer this server", self.uid);
            return Err(Failure { code: DENIED, message });
        }
        let you = WhoAmI {
            uid: self.uid,
            user: None,
            gid: self.caller.gid,
            pid: self.caller.pid,
            role: Role::Admin,
            granted: Role::Admin,
            granted_by: "owner".to_owned(),
            may: Vec::new(),
        };
        Ok(WireAnswered::Welcome(Box::new(Welcome {
            protocol: PROTOCOL.newest,
            skew: None,
            capabilities: Vec::new(),
            you,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            boot: String::new(),
            workspace: String::new(),
            generation: 0,
        })))
    }

    /// The call that a line holds, or what to answer instead.
    fn read(&self, line: Result<String, LinesCodecError>) -> Result<Call, Box<Answer>> {
        let refused =
            |id: &Value, code, message: String| Box::new(Answer::failure(id.clone(), code, message));
        let line = line.map_err(|error| {
            let message = format!("{error}: a line has at most {MAX_REQUEST_BYTES} bytes of UTF-8");
            refused(&Value::Null, PARSE_ERROR, message)
        })?;
        if !self.allowed {
            tracing::warn!(uid = self.uid, "refused an admin request of another user");
            let message = format!("user {} may not administer this server", self.uid);
            return Err(refused(&Value::Null, DENIED, message));
        }
        let value: Value = serde_json::from_str(&line)
            .map_err(|error| refused(&Value::Null, PARSE_ERROR, error.to_string()))?;
        let id = value.get("id").cloned().unwrap_or_default();
        let call: Call = serde_json::from_value(value)
            .map_err(|error| refused(&id, INVALID_REQUEST, error.to_string()))?;
        if call.jsonrpc != "2.0" {
            return Err(refused(&id, INVALID_REQUEST, "\"jsonrpc\" must be \"2.0\"".to_owned()));
        }
        Ok(call)
    }

    /// Waits for the execution and tells events meanwhile. The execution is polled
    /// whatever the caller does with them.
    async fn wait(
        &mut self,
        execution: impl Future<Output = Option<Answered>>,
        told: &mut mpsc::Receiver<RestartEvent>,
    ) -> Result<Option<Answered>, Ended> {
        let mut execution = pin!(execution);
        let (mut open, mut unsent) = (true, false);
        loop {
            let listens = self.ahead.is_none() && !self.silent;
            tokio::select! {
                reply = &mut execution => return Ok(reply),
                event = told.recv(), if open && !unsent => match event {
                    Some(event) => {
                        // Nothing is unsent, so there is room and this does not wait.
                        self.feed(&event).await?;
                        unsent = true;
                    }
                    None => open = false,
                },
                sent = SinkExt::<String>::flush(&mut self.writer), if unsent => {
                    sent?;
                    unsent = false;
                }
                line = self.reader.next(), if listens => match line {
                    Some(line) => self.ahead = Some(line),
                    None if self.is_hung_up() => return Err(Ended::HungUp),
                    None => self.silent = true,
                },
            }
        }
    }

    /// Sends the events that are left, then the answer.
    async fn finish(&mut self, answer: Answer, mut told: mpsc::Receiver<RestartEvent>) -> Result<(), Ended> {
        told.close();
        while let Ok(event) = told.try_recv() {
            self.feed(&event).await?;
        }
        self.writer.send(answer.into_line()?).await?;
        Ok(())
    }

    async fn feed(&mut self, event: &RestartEvent) -> Result<(), Ended> {
        let event = Notification::Event(event.clone());
        if let Some(line) = notification_line(&event, Some(self.id)).map_err(io::Error::from)? {
            self.writer.feed(line).await?;
        }
        Ok(())
    }

    /// Whether nobody is at the other end, as opposed to somebody who has only
    /// said that no more requests follow.
    fn is_hung_up(&self) -> bool {
        let mut looked = [PollFd::new(self.reader.get_ref().as_ref(), PollFlags::empty())];
        match poll(&mut looked, Some(&Timespec::default())) {
            Ok(_) => looked.iter().any(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR)),
            Err(_) => true,
        }
    }
}
