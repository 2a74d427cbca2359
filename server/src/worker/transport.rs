//! One session's messages between the link and the MCP service: frames in,
//! typed messages out, and back. Knows which request each message belongs to,
//! so that the front never has to parse an answer.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::channel::mpsc;
use rmcp::RoleServer;
use rmcp::model::{
    CallToolResult, CancelledNotification, CancelledNotificationParam, ClientJsonRpcMessage,
    ClientNotification, ErrorCode as RpcCode, ErrorData, GetExtensions, GetMeta, JsonRpcMessage,
    ProgressToken, RequestId, ServerJsonRpcMessage, ServerNotification, ServerResult,
};
use rmcp::service::OriginatingRequestId;
use rmcp::transport::Transport;
use task_orchestrator_shared::error_code::ErrorCode;

use super::service::Replayed;
use super::session::{RecordSink, Session, SessionRecord};
use crate::link::{Frame, Kind, MAX_PAYLOAD_BYTES, OperationId, Outbox};
use crate::warm::{Place, Warm};

/// Above this many bytes on the way to the front, answers wait for their turn.
const FULL_OUTBOX_BYTES: usize = 8 * 1024 * 1024;

/// The code of an error that is no answer: the request stopped at a checkpoint.
/// It never leaves the worker. Of the range that the protocol leaves to servers.
pub(super) const SUSPENDED: RpcCode = RpcCode(-32099);

/// The code of an error that is no answer either: this worker writes no more.
/// The request is over here, so it may come back should the worker take over again.
pub(super) const SUPERSEDED: RpcCode = RpcCode(-32098);

/// What all sessions of a worker send through.
#[derive(Debug, Clone, Default)]
pub(super) struct LinkSender {
    pub(super) outbox: Outbox,
    /// Requests being worked on, over all sessions.
    pub(super) in_flight: Arc<AtomicU64>,
    /// Numbers the requests to clients. The first is a multiple of the worker's
    /// generation, so that no two workers use one id towards one client.
    pub(super) next_question: Arc<AtomicU64>,
    /// Sessions that keep their service though nothing is under way.
    pub(super) warm: Warm,
}

impl LinkSender {
    pub(super) fn send(&self, frame: &Frame) {
        if let Err(error) = self.outbox.push(frame) {
            tracing::error!(%error, kind = ?frame.kind, "a message to the front was dropped");
        }
    }
}

/// A session's record goes to the front in order with its answers.
pub(super) struct LinkRecordSink {
    pub(super) session: u64,
    pub(super) link: LinkSender,
}

impl RecordSink for LinkRecordSink {
    fn save(&self, record: &SessionRecord) {
        let payload = serde_json::to_vec(record).unwrap_or_default();
        self.link.send(&Frame::session(Kind::State, self.session, 0, payload));
    }
}

/// What is known of the requests that are open in either direction.
#[derive(Debug, Default)]
struct Open {
    requests: HashMap<RequestId, u64>,
    progress: HashMap<ProgressToken, u64>,
    /// The service's own id of each question to the client, by the id the client sees.
    questions: HashMap<u64, RequestId>,
}

/// Compares a request with the headers that it came with.
pub(super) type Check = Arc<dyn Fn(&[u8]) -> Result<(), ErrorData> + Send + Sync>;

/// What has come for a session. There is one for each, and most are empty: this kind of
/// queue takes memory for what is in it, and no more.
struct Inbox {
    frames: mpsc::Receiver<Frame>,
    /// Taken out to see whether there is something.
    next: Option<Frame>,
}

impl Inbox {
    /// Whether something is there, as soon as that is known. `false`: nothing will come.
    async fn has_more(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.frames.recv().await.ok();
        }
        self.next.is_some()
    }

    async fn take(&mut self) -> Option<Frame> {
        if self.has_more().await { self.next.take() } else { None }
    }

    fn is_empty(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.frames.try_recv().ok();
        }
        self.next.is_none()
    }
}

/// See the module. Clones share the session.
#[derive(Clone)]
pub(super) struct LinkTransport {
    number: u64,
    session: Arc<Session>,
    place: Arc<Place>,
    inbox: Arc<tokio::sync::Mutex<Inbox>>,
    link: LinkSender,
    open: Arc<Mutex<Open>>,
    /// Set once the session has seen a request: what comes before opens nothing.
    begun: Arc<std::sync::atomic::AtomicBool>,
    /// Of a session that is one request over HTTP.
    check: Option<Check>,
}

impl LinkTransport {
    /// That of the session with this number.
    pub(super) fn new(
        number: u64,
        session: Arc<Session>,
        frames: mpsc::Receiver<Frame>,
        link: LinkSender,
    ) -> Self {
        let begun = session.record().initialize.is_some();
        Self {
            number,
            session,
            place: Arc::new(link.warm.place()),
            inbox: Arc::new(tokio::sync::Mutex::new(Inbox { frames, next: None })),
            link,
            open: Arc::default(),
            begun: Arc::new(begun.into()),
            check: None,
        }
    }

    /// The session is one request over HTTP, and what is compared with its headers. Its
    /// end calls the request off, and whatever it sends belongs to the request.
    pub(super) fn of_one_request(self, check: Check) -> Self {
        self.begin();
        Self { check: Some(check), ..self }
    }

    /// Whether the session has seen its first request.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// The session goes on without a first request: another worker answered it.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// Waits until something has come for the session. `false`: it has ended.
    pub(super) async fn has_more(&self) -> bool {
        self.inbox.lock().await.has_more().await
    }

    /// Whether the session needs no service until something comes.
    fn can_rest(&self) -> bool {
        let open = self.open();
        let is_idle = open.requests.is_empty() && open.questions.is_empty();
        is_idle && self.check.is_none() && !self.session.is_told_unasked()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns a frame into what the service takes. `None` when it is answered or dropped here.
    fn accept(&self, frame: &Frame) -> Option<ClientJsonRpcMessage> {
        if let Some(Err(error)) = self.check.as_ref().map(|check| check(&frame.payload)) {
            self.answer_at_once(frame, &serde_json::json!(error));
            return None;
        }
        let message = match serde_json::from_slice::<ClientJsonRpcMessage>(&frame.payload) {
            Ok(message) => message,
            Err(error) => {
                self.refuse(frame, &error);
                return None;
            }
        };
        match message {
            JsonRpcMessage::Request(mut request) => {
                self.begun.store(true, Ordering::Relaxed);
                let client = self.session.client();
                let operation = OperationId { client, sequence: frame.sequence, floor: frame.floor };
                let token = request.request.get_meta().get_progress_token();
                let extensions = request.request.extensions_mut();
                extensions.insert(operation);
                if frame.kind == Kind::Replay {
                    extensions.insert(Replayed);
                }
                let mut open = self.open();
                open.requests.insert(request.id.clone(), frame.sequence);
                if let Some(token) = token {
                    open.progress.insert(token, frame.sequence);
                }
                drop(open);
                self.place.busy();
                self.link.in_flight.fetch_add(1, Ordering::Relaxed);
                Some(JsonRpcMessage::Request(request))
            }
            // A service that waits for its first request ends itself over anything else.
            _ if !self.begun.load(Ordering::Relaxed) => {
                tracing::debug!(session = self.number, "dropped a message before the first request");
                None
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.finish(id);
                }
                Some(JsonRpcMessage::Notification(notification))
            }
            JsonRpcMessage::Response(mut response) => {
                response.id = self.asked(&response.id)?;
                Some(JsonRpcMessage::Response(response))
            }
            JsonRpcMessage::Error(mut error) => {
                error.id = Some(self.asked(error.id.as_ref()?)?);
                Some(JsonRpcMessage::Error(error))
            }
        }
    }

    /// The service's own id of the question that the client answers.
    fn asked(&self, id: &RequestId) -> Option<RequestId> {
        let RequestId::Number(number) = id else { return None };
        self.open().questions.remove(&number.cast_unsigned())
    }

    /// A request is over. Returns its sequence.
    fn finish(&self, id: &RequestId) -> Option<u64> {
        let mut open = self.open();
        let sequence = open.requests.remove(id)?;
        open.progress.retain(|_, of| *of != sequence);
        if open.requests.is_empty() {
            self.place.idle();
        }
        self.link.in_flight.fetch_sub(1, Ordering::Relaxed);
        Some(sequence)
    }

    /// Answers what the envelope let through and the typed message does not.
    fn refuse(&self, frame: &Frame, error: &serde_json::Error) {
        let message = format!("the request cannot be read: {error}");
        self.answer_at_once(frame, &serde_json::json!({ "code": -32602, "message": message }));
    }

    /// Answers a request with an error that the service has not seen.
    fn answer_at_once(&self, frame: &Frame, error: &serde_json::Value) {
        let Ok(crate::envelope::Envelope::Request { id, .. }) = crate::envelope::parse(&frame.payload) else {
            tracing::debug!(session = self.number, %error, "dropped a message that cannot be read");
            return;
        };
        let body = serde_json::json!({ "jsonrpc": "2.0", "id": id, "error": error });
        let payload = serde_json::to_vec(&body).unwrap_or_default();
        self.link.send(&Frame::session(Kind::Response, self.number, frame.sequence, payload));
    }

    /// The frame that carries a message of the service. `None` when nobody waits for it.
    fn frame(&self, mut message: ServerJsonRpcMessage) -> Option<Frame> {
        let mut floor = 0;
        let (kind, sequence) = match &mut message {
            JsonRpcMessage::Response(response) => {
                (kind_of_result(&response.result), self.finish(&response.id)?)
            }
            JsonRpcMessage::Error(error) => {
                let sequence = self.finish(error.id.as_ref()?)?;
                if error.error.code == SUSPENDED {
                    // No answer: whoever gets the request next goes on with it.
                    return Some(Frame::session(Kind::Suspended, self.number, sequence, Bytes::new()));
                }
                if error.error.code == SUPERSEDED {
                    return None;
                }
                let fault = error.error.code == RpcCode::INTERNAL_ERROR;
                (if fault { Kind::Fault } else { Kind::Response }, sequence)
            }
            JsonRpcMessage::Request(request) => {
                let number = self.link.next_question.fetch_add(1, Ordering::Relaxed);
                let own = std::mem::replace(&mut request.id, RequestId::Number(number.cast_signed()));
                let mut open = self.open();
                open.questions.insert(number, own);
                // Over HTTP it is asked where the answer to that request is waited for.
                let about = request.request.extensions().get::<OriginatingRequestId>();
                floor = about.and_then(|about| open.requests.get(&about.0)).copied().unwrap_or(0);
                (Kind::Request, number)
            }
            JsonRpcMessage::Notification(notification) => {
                self.notification(&mut notification.notification)?
            }
        };
        let payload = serialized(&message);
        Some(Frame { floor, ..Frame::session(kind, self.number, sequence, payload) })
    }

    fn notification(&self, notification: &mut ServerNotification) -> Option<(Kind, u64)> {
        Some(match notification {
            ServerNotification::ProgressNotification(progress) => {
                (Kind::Progress, *self.open().progress.get(&progress.params.progress_token)?)
            }
            ServerNotification::SubscriptionsAcknowledgedNotification(_) => {
                let id = notification.get_meta().subscription_id()?;
                (Kind::Listening, *self.open().requests.get(&id)?)
            }
            ServerNotification::CancelledNotification(cancelled) => {
                // The service gives up on a question: the client knows it by another id.
                let own = cancelled.params.request_id.clone()?;
                let mut open = self.open();
                let number = open.questions.iter().find(|(_, id)| **id == own).map(|(number, _)| *number)?;
                open.questions.remove(&number);
                cancelled.params.request_id = Some(RequestId::Number(number.cast_signed()));
                (Kind::Withdraw, number)
            }
            // Those that belong to a request say so: see `client_log`. Where the session is
            // one request, everything belongs to that.
            _ => {
                let about = notification.extensions().get::<OperationId>().map(|about| about.sequence);
                let about = about.or_else(|| self.only_request().map(|(_, sequence)| sequence));
                (Kind::Notification, about.unwrap_or(0))
            }
        })
    }

    /// The request that the session is, while it is open.
    fn only_request(&self) -> Option<(RequestId, u64)> {
        self.check.as_ref()?;
        self.open().requests.iter().next().map(|(id, sequence)| (id.clone(), *sequence))
    }

    /// The client is gone. Where the session was one request, that is called off.
    fn called_off(&self) -> Option<ClientJsonRpcMessage> {
        let (id, _) = self.only_request()?;
        self.finish(&id);
        let reason = "the client has closed the response".to_owned();
        let cancelled = CancelledNotification::new(CancelledNotificationParam::new(Some(id), Some(reason)));
        Some(JsonRpcMessage::notification(ClientNotification::CancelledNotification(cancelled)))
    }
}

/// Whether a result tells of a failure of the server itself, which a probation counts.
fn kind_of_result(result: &ServerResult) -> Kind {
    let ServerResult::CallToolResult(CallToolResult { is_error: Some(true), structured_content, .. }) =
        result
    else {
        return Kind::Response;
    };
    let code = structured_content.as_ref().and_then(|content| content.get("error_code"));
    let code = code.and_then(|code| serde_json::from_value::<ErrorCode>(code.clone()).ok());
    match code {
        Some(ErrorCode::Internal | ErrorCode::StorageFailed) => Kind::Fault,
        _ => Kind::Response,
    }
}

/// The message as JSON; an answer that no frame can carry becomes an error that says so.
fn serialized(message: &ServerJsonRpcMessage) -> Bytes {
    let payload = serde_json::to_vec(message).unwrap_or_default();
    if payload.len() <= MAX_PAYLOAD_BYTES {
        return payload.into();
    }
    let JsonRpcMessage::Response(response) = message else { return payload.into() };
    let text = format!(
        "the answer of {} bytes exceeds the limit of {MAX_PAYLOAD_BYTES}: ask for less at a time",
        payload.len()
    );
    let error = ErrorData::internal_error(text, None);
    let error = ServerJsonRpcMessage::error(error, Some(response.id.clone()));
    serde_json::to_vec(&error).unwrap_or_default().into()
}

impl Transport<RoleServer> for LinkTransport {
    type Error = Infallible;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Infallible>> + Send + 'static {
        // Appended at once, so that order is the order of these calls.
        if let Some(frame) = self.frame(message) {
            self.link.send(&frame);
        }
        let outbox = self.link.outbox.clone();
        async move {
            outbox.drained_to(FULL_OUTBOX_BYTES).await;
            Ok(())
        }
    }

    /// Nothing more, as well, when the service shall rest: what comes then is found by the next.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let inbox = Arc::clone(&self.inbox);
        let mut inbox = inbox.lock().await;
        loop {
            let frame = tokio::select! {
                biased;
                frame = inbox.take() => frame,
                () = self.place.told_to_rest() => {
                    if inbox.is_empty() && self.can_rest() {
                        return None;
                    }
                    continue;
                }
            };
            let Some(frame) = frame else { return self.called_off() };
            if let Some(message) = self.accept(&frame) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
