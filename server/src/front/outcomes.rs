//! What has come of operations that were asked for with an idempotency key: asked
//! again, nothing is done again. Kept in memory; a restart is found again in the
//! ledger as well, should the front have died over it.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};
use task_orchestrator_shared::admin::{Done, Reply, Request};
use task_orchestrator_shared::restart::RestartEvent;
use tokio::sync::mpsc;

use super::ask::ReplyTo;
use crate::ledger::OperationKey;
use crate::link::ClientId;

/// Operations that are remembered; the oldest that has ended is forgotten.
const MAX_KNOWN: usize = 1000;

/// Repetitions of one operation that wait for it; more are refused.
const MAX_WAITING: usize = 64;

/// Longest outcome that is kept, in bytes of JSON. Of a longer one it is kept that
/// it was done: all of them together stay within some tens of megabytes.
const MAX_KEPT_BYTES: usize = 64 * 1024;

/// A key is one user's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OutcomeKey {
    pub(crate) uid: u32,
    pub(crate) key: String,
}

impl OutcomeKey {
    /// Under which the ledger knows a restart that was asked for with it.
    pub(crate) fn operation(&self) -> OperationKey {
        let digest = Sha256::new().chain_update(self.uid.to_be_bytes()).chain_update(&self.key).finalize();
        let digest: [u8; 32] = digest.into();
        OperationKey { client: ClientId::derived(digest), sequence: 0 }
    }
}

/// What is known of an operation that is asked for with a key.
#[derive(Debug)]
pub(crate) enum Known {
    /// Nothing: it is to be done.
    New(ReplyTo),
    /// It is being done, and who asks again waits as well.
    Joined,
    /// It has been done, and this came of it.
    Done(ReplyTo, Box<Reply>),
    /// It was another operation.
    Conflict(ReplyTo),
    /// Too many wait for it.
    Crowded(ReplyTo),
}

#[derive(Debug)]
struct Entry {
    request: Request,
    outcome: Option<Box<Reply>>,
    waiting: Vec<ReplyTo>,
    /// Who wants to see it go on, once it has begun.
    listening: Vec<mpsc::Sender<RestartEvent>>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    entries: HashMap<OutcomeKey, Entry>,
    /// Oldest first.
    order: VecDeque<OutcomeKey>,
}

impl Outcomes {
    /// Somebody asks with this key.
    pub(crate) fn ask(&mut self, key: &OutcomeKey, request: &Request, to: ReplyTo) -> Known {
        if let Some(entry) = self.entries.get_mut(key) {
            return match &entry.outcome {
                _ if entry.request != *request => Known::Conflict(to),
                Some(reply) => Known::Done(to, reply.clone()),
                None if entry.waiting.len() >= MAX_WAITING => Known::Crowded(to),
                None => {
                    entry.waiting.push(to);
                    Known::Joined
                }
            };
        }
        self.make_room();
        let entry =
            Entry { request: request.clone(), outcome: None, waiting: Vec::new(), listening: Vec::new() };
        self.entries.insert(key.clone(), entry);
        self.order.push_back(key.clone());
        Known::New(to)
    }

    /// It has ended. Returns who else waits for that. What was refused before it began
    /// is forgotten, so that it can be asked for again with the same key.
    pub(crate) fn ended(&mut self, key: &OutcomeKey, reply: &Reply) -> Vec<ReplyTo> {
        let Some(entry) = self.entries.get_mut(key) else { return Vec::new() };
        let waiting = std::mem::take(&mut entry.waiting);
        if matches!(reply, Reply::Refused(_)) {
            self.entries.remove(key);
            self.order.retain(|known| known != key);
        } else {
            entry.listening = Vec::new();
            entry.outcome = Some(Box::new(kept(reply)));
        }
        waiting
    }

    /// Somebody who waits for it wants to see it go on as well.
    pub(crate) fn listen(&mut self, key: &OutcomeKey, events: mpsc::Sender<RestartEvent>) {
        if let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.listening.len() < MAX_WAITING) {
            entry.listening.push(events);
        }
    }

    /// It begins: who wants to see it go on.
    pub(crate) fn listeners(&mut self, key: &OutcomeKey) -> Vec<mpsc::Sender<RestartEvent>> {
        self.entries.get_mut(key).map(|entry| std::mem::take(&mut entry.listening)).unwrap_or_default()
    }

    fn make_room(&mut self) {
        if self.order.len() < MAX_KNOWN {
            return;
        }
        let has_ended = |key: &OutcomeKey| self.entries.get(key).is_none_or(|entry| entry.outcome.is_some());
        // One that runs is never forgotten; there are fewer of those than connections.
        if let Some(place) = self.order.iter().position(has_ended)
            && let Some(key) = self.order.remove(place)
        {
            self.entries.remove(&key);
        }
    }
}

/// What is kept of an outcome.
fn kept(reply: &Reply) -> Reply {
    if serde_json::to_vec(reply).is_ok_and(|json| json.len() <= MAX_KEPT_BYTES) {
        return reply.clone();
    }
    let message = "it was done; its answer was too long to be kept for a repetition".to_owned();
    Reply::Done(Done { message })
}

#[cfg(test)]
mod tests {
    use task_orchestrator_shared::admin::Refusal;
    use task_orchestrator_shared::error_code::ErrorCode;

    use super::*;

    fn key(text: &str) -> OutcomeKey {
        OutcomeKey { uid: 7, key: text.to_owned() }
    }

    fn done() -> Reply {
        Reply::Done(Done { message: "done".to_owned() })
    }

    #[test]
    fn what_was_done_is_not_done_again() {
        let mut outcomes = Outcomes::default();
        let ask = |outcomes: &mut Outcomes, request| outcomes.ask(&key("a"), &request, ReplyTo::Nobody);
        assert!(matches!(ask(&mut outcomes, Request::Snapshot), Known::New(_)));
        assert!(matches!(ask(&mut outcomes, Request::Snapshot), Known::Joined));
        assert!(matches!(ask(&mut outcomes, Request::Stop), Known::Conflict(_)));
        assert_eq!(outcomes.ended(&key("a"), &done()).len(), 1);
        assert!(matches!(ask(&mut outcomes, Request::Snapshot), Known::Done(_, reply) if *reply == done()));
        assert!(matches!(ask(&mut outcomes, Request::Stop), Known::Conflict(_)));
        let other = OutcomeKey { uid: 8, key: "a".to_owned() };
        assert!(matches!(outcomes.ask(&other, &Request::Stop, ReplyTo::Nobody), Known::New(_)));
    }

    #[test]
    fn what_was_refused_can_be_asked_for_again() {
        let mut outcomes = Outcomes::default();
        let refused = Reply::Refused(Refusal {
            error_code: ErrorCode::NotReady,
            error: String::new(),
            hint: String::new(),
        });
        for _ in 0..3 {
            assert!(matches!(outcomes.ask(&key("a"), &Request::Stop, ReplyTo::Nobody), Known::New(_)));
            assert!(outcomes.ended(&key("a"), &refused).is_empty());
        }
    }

    #[test]
    fn the_oldest_that_has_ended_is_forgotten_and_none_that_runs() {
        let mut outcomes = Outcomes::default();
        outcomes.ask(&key("runs"), &Request::Snapshot, ReplyTo::Nobody);
        for number in 0..MAX_KNOWN + 10 {
            let key = key(&number.to_string());
            assert!(matches!(outcomes.ask(&key, &Request::Snapshot, ReplyTo::Nobody), Known::New(_)));
            outcomes.ended(&key, &done());
        }
        assert_eq!((outcomes.entries.len(), outcomes.order.len()), (MAX_KNOWN, MAX_KNOWN));
        assert!(matches!(outcomes.ask(&key("runs"), &Request::Snapshot, ReplyTo::Nobody), Known::Joined));
        assert!(matches!(outcomes.ask(&key("0"), &Request::Snapshot, ReplyTo::Nobody), Known::New(_)));
    }

    #[test]
    fn too_many_do_not_wait_for_one() {
        let mut outcomes = Outcomes::default();
        outcomes.ask(&key("a"), &Request::Snapshot, ReplyTo::Nobody);
        for _ in 0..MAX_WAITING {
            assert!(matches!(outcomes.ask(&key("a"), &Request::Snapshot, ReplyTo::Nobody), Known::Joined));
        }
        assert!(matches!(outcomes.ask(&key("a"), &Request::Snapshot, ReplyTo::Nobody), Known::Crowded(_)));
    }

    #[test]
    fn of_a_long_answer_only_the_deed_is_kept() {
        let mut outcomes = Outcomes::default();
        outcomes.ask(&key("a"), &Request::Snapshot, ReplyTo::Nobody);
        outcomes.ended(&key("a"), &Reply::Retried("x".repeat(MAX_KEPT_BYTES).into()));
        let again = outcomes.ask(&key("a"), &Request::Snapshot, ReplyTo::Nobody);
        assert!(matches!(again, Known::Done(_, reply) if matches!(*reply, Reply::Done(_))));
    }

    #[test]
    fn the_ledger_tells_users_and_keys_apart() {
        let operation = |uid, text: &str| OutcomeKey { uid, key: text.to_owned() }.operation();
        assert_eq!(operation(1, "a"), operation(1, "a"));
        assert_ne!(operation(1, "a"), operation(2, "a"));
        assert_ne!(operation(1, "a"), operation(1, "b"));
    }
}
