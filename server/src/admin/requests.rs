//! What a connection waits for: each request with the events of it. Says what comes
//! of them in the order in which they are done, events before their answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use task_orchestrator_shared::restart::RestartEvent;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::finished::Finished;

/// Requests of one connection that are carried out or whose answers wait to be
/// read. No more are read then.
pub(super) const MAX_REQUESTS: usize = 16;

/// Events of one request that wait for a caller who reads slowly. The newest are
/// dropped when it is full: the answer says in the end all that matters.
pub(super) const EVENTS: usize = 256;

/// What is to be said.
#[derive(Debug)]
pub(super) enum Said {
    /// In a request.
    Event(Option<u64>, Box<RestartEvent>),
    /// The end of a request, and since when it has been there.
    Finished(Option<u64>, Box<Finished>, Instant),
    /// Something is done, and there is no room yet to say so.
    Later,
}

struct Running {
    id: Option<u64>,
    execution: BoxFuture<'static, Finished>,
    events: mpsc::Receiver<RestartEvent>,
    /// Nothing else is heard until its answer is said.
    comes_first: bool,
}

struct Done {
    id: Option<u64>,
    finished: Finished,
    events: Option<mpsc::Receiver<RestartEvent>>,
    since: Instant,
    comes_first: bool,
}

/// The requests of one connection. At most [`MAX_REQUESTS`], where nothing is
/// begun while [`Requests::has_room`] is false.
#[derive(Default)]
pub(super) struct Requests {
    running: Vec<Running>,
    done: VecDeque<Done>,
}

impl Requests {
    /// Whether one more may be begun.
    pub(super) fn has_room(&self) -> bool {
        let waits =
            self.running.iter().any(|one| one.comes_first) || self.done.iter().any(|one| one.comes_first);
        self.running.len() + self.done.len() < MAX_REQUESTS && !waits
    }

    /// Whether nothing is carried out and nothing waits to be said.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.done.is_empty()
    }

    /// Since when the oldest answer waits.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        self.done.front().map(|done| done.since)
    }

    /// Begins one. With `comes_first`, there is no room until its answer is said.
    pub(super) fn begin(
        &mut self,
        id: Option<u64>,
        comes_first: bool,
        execution: BoxFuture<'static, Finished>,
        events: mpsc::Receiver<RestartEvent>,
    ) {
        self.running.push(Running { id, execution, events, comes_first });
    }

    /// Something is done without being carried out.
    pub(super) fn answer(&mut self, id: Option<u64>, finished: Finished) {
        self.done.push_back(Done { id, finished, events: None, since: Instant::now(), comes_first: false });
    }

    /// Waits for nothing any longer: what is not done at this moment is answered with this.
    pub(super) fn give_up(&mut self, otherwise: impl Fn() -> Finished) {
        for Running { id, execution, mut events, comes_first } in std::mem::take(&mut self.running) {
            events.close();
            let finished = execution.now_or_never().unwrap_or_else(&otherwise);
            self.done.push_back(Done {
                id,
                finished,
                events: Some(events),
                since: Instant::now(),
                comes_first,
            });
        }
    }

    /// What is to be said next. Carries on whatever is carried out, also without
    /// room to say it. Cancel safe.
    pub(super) async fn next(&mut self, has_room: bool) -> Said {
        poll_fn(|context| self.poll_next(context, has_room)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>, has_room: bool) -> Poll<Said> {
        let has_more = self.poll_executions(context);
        if !has_room {
            return if has_more { Poll::Ready(Said::Later) } else { Poll::Pending };
        }
        if let Some(done) = self.done.front_mut()
            && let Some(event) = done.events.as_mut().and_then(|events| events.try_recv().ok())
        {
            return Poll::Ready(Said::Event(done.id, Box::new(event)));
        }
        if let Some(Done { id, finished, since, .. }) = self.done.pop_front() {
            return Poll::Ready(Said::Finished(id, Box::new(finished), since));
        }
        for running in &mut self.running {
            if let Poll::Ready(Some(event)) = running.events.poll_recv(context) {
                return Poll::Ready(Said::Event(running.id, Box::new(event)));
            }
        }
        Poll::Pending
    }

    /// Whether something more is done.
    fn poll_executions(&mut self, context: &mut Context<'_>) -> bool {
        let before = self.done.len();
        let mut place = 0;
        while let Some(running) = self.running.get_mut(place) {
            let Poll::Ready(finished) = running.execution.as_mut().poll(context) else {
                place += 1;
                continue;
            };
            let Running { id, mut events, comes_first, .. } = self.running.remove(place);
            // What was told until now comes before the answer; nothing comes after it.
            events.close();
            let since = Instant::now();
            self.done.push_back(Done { id, finished, events: Some(events), since, comes_first });
        }
        self.done.len() > before
    }
}
