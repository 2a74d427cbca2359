//! Dead letters: requests that were answered with an error instead of being
//! carried out, kept with all that it takes to try them again.

use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use task_orchestrator_shared::admin::{Done, Refusal, Reply};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::{DeadCause, DeadLetter};

use crate::envelope::{self, Envelope};
use crate::front::ask::ReplyTo;
use crate::front::event::Event;
use crate::front::port::Port;
use crate::front::session::Via;
use crate::front::session::{FrontRecord, Pending, Session, method_of};
use crate::link::{Kind, Outbox};

use super::Hub;
use super::stream::Slow;

/// Dead letters that are tried again at once.
const MAX_RETRIALS: usize = 64;

const ENDING: &str = "the server is about to end";

/// A dead letter that is being tried again.
pub(super) struct Retrial {
    letter: u64,
    to: ReplyTo,
}

/// What is kept of a request: the message, and the worker's record of its session.
#[derive(Serialize, Deserialize)]
struct Buried {
    message: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Box<RawValue>>,
}

impl Hub {
    /// Answers a request with an error and keeps it as a dead letter.
    pub(super) fn bury(
        &mut self,
        number: u64,
        sequence: u64,
        cause: DeadCause,
        code: ErrorCode,
        answer: Bytes,
    ) {
        let Some(session) = self.sessions.get_mut(&number) else { return };
        let Some(pending) = session.pending.get(&sequence) else { return };
        tracing::error!(
            client = %session.client, via = %session.via, sequence, ?cause, "a request became a dead letter"
        );
        let letter = DeadLetter {
            id: 0,
            at: Timestamp::now().to_string(),
            cause,
            error_code: code,
            client: session.client.to_string(),
            sequence,
            method: method_of(&pending.payload),
            bytes: pending.payload.len() as u64,
            message: None,
            retries: 0,
        };
        let message = serde_json::from_slice::<Box<RawValue>>(&pending.payload).ok();
        let record = session.record.worker.clone();
        // One that is tried again is a letter already.
        let is_new = !self.retried.contains_key(&number);
        if is_new {
            self.metrics.requests.ended(session.via.transport(), cause.into(), 1);
            self.metrics.restarts.buried(cause);
        }
        if let Some(buried) = message
            .filter(|_| is_new)
            .and_then(|message| serde_json::to_vec(&Buried { message, record }).ok())
        {
            drop(self.ledger.add_letter(letter, buried.into()));
        }
        self.give_up(number, sequence, answer);
        self.measure(&[Slow::Letters]);
    }

    pub(super) fn list_letters(&self, limit: u32, to: ReplyTo) {
        let (letters, events) = (self.ledger.letters(limit), self.jobs.events().clone());
        tokio::spawn(async move {
            let reply = match letters.await {
                Ok(letters) => Reply::DeadLetters(letters),
                Err(error) => ledger_failed(&error),
            };
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }

    pub(super) fn show_letter(&self, id: u64, retry: bool, to: ReplyTo) {
        let (found, events) = (self.ledger.letter(id), self.jobs.events().clone());
        tokio::spawn(async move {
            let event = match found.await {
                Ok(Some(found)) if retry => {
                    let mut letter = found.letter;
                    letter.message = serde_json::from_slice(&found.message).ok();
                    Event::Retry { letter: Box::new(letter), to }
                }
                Ok(Some(found)) => {
                    let mut letter = found.letter;
                    let buried = serde_json::from_slice::<Buried>(&found.message).ok();
                    letter.message =
                        buried.and_then(|buried| serde_json::from_str(buried.message.get()).ok());
                    Event::Report { to, reply: Reply::DeadLetter(Box::new(letter)) }
                }
                Ok(None) => Event::Report { to, reply: no_letter(id) },
                Err(error) => Event::Report { to, reply: ledger_failed(&error) },
            };
            let _ = events.send(event).await;
        });
    }

    pub(super) fn discard_letter(&mut self, id: u64, to: ReplyTo) {
        let (discarded, events) = (self.ledger.discard(id), self.jobs.events().clone());
        self.measure(&[Slow::Letters]);
        tokio::spawn(async move {
            let reply = match discarded.await {
                Ok(true) => Reply::Done(Done { message: format!("dead letter {id} is forgotten") }),
                Ok(false) => no_letter(id),
                Err(error) => ledger_failed(&error),
            };
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }

    /// Sends a dead letter to the worker as the same operation that it was: what
    /// was carried out after all is answered from the operation log.
    pub(super) fn retry_letter(&mut self, letter: DeadLetter, to: ReplyTo, now: Instant) {
        let buried = letter.message.clone().and_then(|value| serde_json::from_value::<Buried>(value).ok());
        let client = letter.client.parse();
        let (Some(buried), Ok(client)) = (buried, client) else {
            return self.answer(to, no_letter(letter.id));
        };
        if let Err(refusal) = self.may_retry() {
            return self.answer(to, Reply::Refused(refusal));
        }
        let id = match envelope::parse(buried.message.get().as_bytes()) {
            Ok(Envelope::Request { id, .. }) => id,
            _ => return self.answer(to, no_letter(letter.id)),
        };
        drop(self.ledger.mark_retried(letter.id));
        self.measure(&[Slow::Letters]);
        let record =
            serde_json::value::to_raw_value(&FrontRecord { worker: buried.record, ..FrontRecord::default() });
        let via = Via::Stdio { pid: std::process::id() };
        // Nobody reads it: the answer is taken from the worker's frame.
        let mut session = Session::new(client, via, record.ok().as_deref(), Port::Shim(Outbox::default()));

        let number = self.next_session;
        self.next_session += 1;
        session.by_id.insert(id.clone(), letter.sequence);
        let pending = Pending {
            id: Some(id),
            kind: Kind::Replay,
            floor: 0,
            payload: Bytes::copy_from_slice(buried.message.get().as_bytes()),
            charge: None,
            tracked: None,
            sent: None,
            attempted: true,
            is_replayed: false,
            crashes: 0,
            faults: 0,
            not_before: None,
            received_at: now,
            held_since: Some(now),
            is_initialize: false,
            is_for_front: false,
            progress: None,
            listening: false,
        };
        session.pending.insert(letter.sequence, pending);
        self.sessions.insert(number, session);
        self.retried.insert(number, Retrial { letter: letter.id, to });
        self.flush_session(number, now);
    }

    /// A retry takes a worker, and one at a time its share of the room.
    fn may_retry(&self) -> Result<(), Refusal> {
        let refuse = |error_code, error: &str| {
            let hint = "the dead letter stays: try it again later".to_owned();
            Err(Refusal { error_code, error: error.to_owned(), hint })
        };
        if self.machine.is_stopping() {
            return refuse(ErrorCode::WorkerUnavailable, ENDING);
        }
        if let Some((code, reason)) = self.refusal() {
            return refuse(code, &reason);
        }
        if self.retried.len() >= MAX_RETRIALS {
            let text = format!("{MAX_RETRIALS} dead letters are being tried again already");
            return refuse(ErrorCode::Overloaded, &text);
        }
        Ok(())
    }

    /// The front ends: nobody answers them any more.
    pub(super) fn end_retrials(&mut self) {
        for (_, Retrial { to, .. }) in std::mem::take(&mut self.retried) {
            let reply = Reply::Refused(Refusal {
                error_code: ErrorCode::WorkerUnavailable,
                error: ENDING.to_owned(),
                hint: "the dead letter stays: try it again later".to_owned(),
            });
            self.answer(to, reply);
        }
    }

    pub(super) fn retry_answered(&mut self, number: u64, payload: &[u8]) {
        if !self.retried.contains_key(&number) {
            return;
        }
        // While it is known as what it is: no client that may come back.
        self.end_session(number);
        let Some(Retrial { letter, to }) = self.retried.remove(&number) else { return };
        let answer: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
        if answer.get("result").is_some() {
            drop(self.ledger.discard(letter));
        }
        self.measure(&[Slow::Letters]);
        self.answer(to, Reply::Retried(answer));
    }
}

fn no_letter(id: u64) -> Reply {
    Reply::Refused(Refusal {
        error_code: ErrorCode::NotFound,
        error: format!("there is no dead letter {id} that could be used"),
        hint: "`task-orchestrator dead-letters list` shows those that there are".to_owned(),
    })
}

pub(super) fn ledger_failed(error: &crate::ledger::LedgerError) -> Reply {
    Reply::Refused(Refusal {
        error_code: ErrorCode::InitializationFailed,
        error: format!("the front's own store does not answer: {error}"),
        hint: "look at `task-orchestrator health` and at server_state/ledger.db".to_owned(),
    })
}
