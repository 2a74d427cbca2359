//! The worker's side of the link: one task that takes frames and hands them to
//! the sessions, each of which is a service of its own.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::SinkExt as _;
use futures::channel::mpsc;
use rmcp::service::Peer;
use rmcp::{RoleServer, ServerHandler};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::LimitsCheck;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::run::WorkerError;
use super::session::{Session, SessionRecord};
use super::transport::{LinkRecordSink, LinkSender, LinkTransport};
use crate::link::{
    Activation, Done, Frame, FrameReader, FrontState, Kind, Order, OrderFailure, OrderFrame, OutcomeFrame,
    QUESTIONS_PER_GENERATION, Reading, SessionOpening, WorkerFigures, WorkerPrepared, WorkerReady, Writing,
    halves,
};

mod served;

/// Frames that wait for one session. When they are more, the link waits: the
/// front has few requests of one client in flight, and a session takes a frame
/// without waiting for anything but its turn.
const SESSION_QUEUE: usize = 256;

/// A front that says nothing for so long is stuck. Its end would be seen at once,
/// so there is nothing to do but to say so.
const SILENCE: Duration = Duration::from_secs(30);

/// Makes the service of each session.
pub(super) trait Services: Send + Sync + 'static {
    /// What serves one session.
    type Handler: ServerHandler;

    /// The service for a new session or for one taken over.
    fn open(&self, session: Arc<Session>) -> Self::Handler;

    /// Whether a session that is taken over is to be told something at once.
    fn has_news(&self, session: &Session) -> bool;

    /// An earlier worker's session is served here from now on, and is to be told something.
    /// Runs beside its requests.
    fn resumed(&self, handler: &Self::Handler, peer: Peer<RoleServer>) -> impl Future<Output = ()> + Send;

    /// Proves that it could serve, without having written anything.
    fn prepare(&self) -> impl Future<Output = Result<WorkerPrepared, WorkerError>> + Send;

    /// Takes over. Also when it has served before and its successor failed.
    fn activate(
        &self,
        activation: Activation,
    ) -> impl Future<Output = Result<WorkerReady, WorkerError>> + Send;

    /// Carries out what the front wants done beside the requests.
    fn order(&self, order: Order) -> impl Future<Output = Result<Done, OrderFailure>> + Send;

    /// The worker before writes no more from here on.
    fn retire_former(&self) -> impl Future<Output = ()> + Send;

    /// The front's state has changed.
    fn front_changed(&self, state: FrontState);

    /// How often clients were let through, where that is counted.
    fn limits(&self) -> Option<LimitsCheck> {
        None
    }

    /// Every session has ended and the process is about to.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// How the link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEnd {
    /// The front asked the worker to finish, and it has.
    Stopped,
    /// The front is gone.
    Lost,
}

/// A session from the link's side.
struct Served {
    frames: mpsc::Sender<Frame>,
    session: Arc<Session>,
}

pub(super) struct Link<S: Services> {
    services: Arc<S>,
    sender: LinkSender,
    sessions: HashMap<u64, Served>,
    tasks: TaskTracker,
    cancel: CancellationToken,
}

impl<S: Services> Link<S> {
    pub(super) fn new(services: Arc<S>, sender: LinkSender) -> Self {
        Self {
            services,
            sender,
            sessions: HashMap::new(),
            tasks: TaskTracker::new(),
            cancel: CancellationToken::new(),
        }
    }

    /// Takes the first frame, and serves until the front says stop or is gone.
    pub(super) async fn run<R>(
        mut self,
        first: Frame,
        mut reader: FrameReader<R>,
    ) -> Result<LinkEnd, WorkerError>
    where
        R: tokio::io::AsyncRead + Unpin,
    {
        self.take(first).await?;
        let mut frames = Vec::new();
        loop {
            let heard_by = Instant::now() + SILENCE;
            match tokio::time::timeout_at(heard_by, reader.next_batch(&mut frames)).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => return Ok(LinkEnd::Lost),
                Ok(Err(error)) => return Err(WorkerError::Link(error)),
                Err(_) => {
                    tracing::warn!(seconds = SILENCE.as_secs(), "the front gives no sign of life");
                    continue;
                }
            }
            for frame in frames.drain(..) {
                if frame.kind == Kind::Stop {
                    self.finish().await;
                    return Ok(LinkEnd::Stopped);
                }
                self.take(frame).await?;
            }
        }
    }

    /// Takes one frame; what comes behind it waits.
    async fn take(&mut self, frame: Frame) -> Result<(), WorkerError> {
        match frame.kind {
            Kind::Open => self.open(&frame),
            Kind::Message | Kind::Replay | Kind::Reply => {
                if let Some(served) = self.sessions.get_mut(&frame.session) {
                    // A session that has ended takes no more.
                    let _ = served.frames.feed(frame).await;
                }
            }
            Kind::State => self.merge(&frame),
            Kind::Close => {
                self.sessions.remove(&frame.session);
            }
            Kind::Ping => self.pong(),
            Kind::Prepare => {
                let prepared = self.services.prepare().await?;
                self.tell(Kind::Prepared, &prepared);
            }
            Kind::Activate => self.activate(&frame).await?,
            Kind::Retire => self.services.retire_former().await,
            Kind::Order => self.order(&frame),
            Kind::FrontState => match serde_json::from_slice(&frame.payload) {
                Ok(state) => self.services.front_changed(state),
                Err(error) => tracing::error!(%error, "the front's state cannot be read"),
            },
            kind => tracing::error!(?kind, "unexpected frame from the front"),
        }
        Ok(())
    }

    async fn activate(&self, frame: &Frame) -> Result<(), WorkerError> {
        let activation: Activation = serde_json::from_slice(&frame.payload)
            .map_err(|error| WorkerError::Link(io::Error::from(error)))?;
        let ready = self.services.activate(activation).await?;
        let generation = ready.generation;
        let questions = generation.wrapping_mul(QUESTIONS_PER_GENERATION);
        self.sender.next_question.store(questions, Ordering::Relaxed);
        self.tell(Kind::Ready, &ready);
        tracing::info!(generation, "serving");
        Ok(())
    }

    /// Orders run beside everything else.
    fn order(&self, frame: &Frame) {
        let OrderFrame { job, order } = match serde_json::from_slice(&frame.payload) {
            Ok(order) => order,
            Err(error) => return self.order_not_understood(frame, &error),
        };
        let (services, sender) = (Arc::clone(&self.services), self.sender.clone());
        self.tasks.spawn(async move {
            let result = services.order(order).await;
            let outcome = serde_json::to_vec(&OutcomeFrame { job, result }).unwrap_or_default();
            sender.send(&Frame::control(Kind::Outcome, outcome));
        });
    }

    /// A newer front's order: it hears that, where the order's number can be read.
    fn order_not_understood(&self, frame: &Frame, error: &serde_json::Error) {
        #[derive(serde::Deserialize)]
        struct Job {
            job: u64,
        }
        tracing::error!(%error, "an order cannot be read");
        let Ok(Job { job }) = serde_json::from_slice(&frame.payload) else { return };
        let error = "this build of the worker does not know the order".to_owned();
        let result = Err(OrderFailure { error_code: ErrorCode::NotReady, error });
        self.tell(Kind::Outcome, &OutcomeFrame { job, result });
    }

    fn tell(&self, kind: Kind, what: &impl serde::Serialize) {
        self.sender.send(&Frame::control(kind, serde_json::to_vec(what).unwrap_or_default()));
    }

    /// The worker before has changed a session since it was opened here.
    fn merge(&self, frame: &Frame) {
        let Some(served) = self.sessions.get(&frame.session) else { return };
        match serde_json::from_slice(&frame.payload) {
            Ok(late) => served.session.merge(late),
            // An older build's record: what it had when the session was opened stays.
            Err(error) => tracing::error!(%error, "a late record of a session cannot be read"),
        }
    }

    fn open(&mut self, frame: &Frame) {
        let opening: SessionOpening = match serde_json::from_slice(&frame.payload) {
            Ok(opening) => opening,
            Err(error) => {
                tracing::error!(%error, "a session's opening cannot be read");
                return;
            }
        };
        let record = opening.record.as_deref().map(|raw| serde_json::from_str::<SessionRecord>(raw.get()));
        let record = match record {
            Some(Err(error)) => {
                // An older build's record: the client is served on as if it were new.
                tracing::error!(%error, "a session's record cannot be read");
                None
            }
            Some(Ok(record)) => Some(record),
            None => None,
        };
        let (frames, inbox) = mpsc::channel(SESSION_QUEUE);
        let sink = LinkRecordSink { session: frame.session, link: self.sender.clone() };
        let is_new = record.is_none();
        let session = Session::new(opening.client, record.unwrap_or_default(), Box::new(sink));
        let session = Arc::new(session.of(opening.principal.clone()));
        let transport = LinkTransport::new(frame.session, Arc::clone(&session), inbox, self.sender.clone());
        self.sessions.insert(frame.session, Served { frames, session: Arc::clone(&session) });
        let services = Arc::clone(&self.services);
        // The service cancels what it was given when it ends: that must not reach the others.
        let cancel = self.cancel.child_token();
        match opening.headers {
            Some(headers) => {
                let handler = Arc::new(services.open(session));
                self.tasks.spawn(served::request(handler, headers, transport, cancel));
            }
            None => {
                self.tasks.spawn(served::session(services, session, transport, cancel, is_new));
            }
        }
    }

    fn pong(&self) {
        let figures = WorkerFigures {
            in_flight: self.sender.in_flight.load(Ordering::Relaxed),
            rss_bytes: crate::process::resident_bytes(),
            limits: self.services.limits(),
        };
        self.tell(Kind::Pong, &figures);
    }

    /// Lets every session end: the front has nothing in flight when it says stop,
    /// subscriptions aside, and those are cancelled.
    async fn finish(mut self) {
        self.sessions.clear();
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.services.close().await;
        self.sender.outbox.close();
    }
}

/// Takes the link from standard input, where the front has put it.
///
/// # Errors
///
/// When standard input is no socket: the worker was not started by a front.
pub(super) fn halves_from_stdin() -> io::Result<(Reading, Writing)> {
    use std::os::fd::AsFd;
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::net::sockopt::socket_type(&descriptor)?;
    halves(std::os::unix::net::UnixStream::from(descriptor))
}

#[cfg(test)]
mod tests;
