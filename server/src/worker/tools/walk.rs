//! Long calls: page by page, with a checkpoint where they are asked to stop and
//! every few thousand tasks. A call of one page costs what it would cost without.

use std::sync::atomic::Ordering;

use task_orchestrator_shared::error_code::ErrorCode;

use super::call::Call;
use crate::store::{Checkpoint, ReadTx};
use crate::tasks::{Repository, TaskError, Walk};
use crate::worker::failure::{Failure, Refusal};

/// After so many tasks at the latest a checkpoint is saved, for the case that the
/// worker does not live to be asked for one.
const SAVED_EACH: u64 = 5000;

/// What a page has led to.
enum Page<W, F, R> {
    /// There are more; what is done at the end is still to be done.
    More(W, F),
    /// That was the last.
    Last(R),
}

impl Call<'_> {
    /// Walks to the end, and makes something of it at the moment of the last page.
    /// Goes on from the checkpoint that an earlier worker left of this call.
    /// The progress told to the client goes from 0 to 1 of `steps`.
    pub(super) async fn walk<W, F, R>(&self, fresh: W, steps: f64, end: F) -> Result<R, Refusal>
    where
        W: Walk,
        F: FnOnce(W, &dyn Repository) -> Result<R, TaskError> + Send + 'static,
        R: Send + 'static,
    {
        let jobs = &self.shared().jobs;
        let _running = jobs.begin();
        let mut walk = self.left_behind().await?.unwrap_or(fresh);
        let mut end = end;
        let mut saved = walk.looked();
        loop {
            self.delay().await;
            let page = move |tx: &ReadTx<'_>| one_page(walk, end, tx);
            match self.shared().store.read(page).await? {
                Page::Last(reply) => return Ok(reply),
                Page::More(more, then) => (walk, end) = (more, then),
            }
            if self.is_cancelled() {
                let hint = "Call again.";
                return Err(Failure::new(ErrorCode::Overloaded, "called off by the client", hint).into());
            }
            if jobs.is_stopping() && self.save(&walk, true).await? {
                return Err(Refusal::Suspended);
            }
            if walk.looked() >= saved + SAVED_EACH {
                saved = walk.looked();
                self.save(&walk, false).await?;
            }
            self.tell_progress(&walk, steps).await;
        }
    }

    /// Makes a call long enough for a test to catch it; never in the installed program.
    #[expect(clippy::disallowed_methods, reason = "the time is what a test asks for, not a condition")]
    async fn delay(&self) {
        if let Some(delay) = self.shared().options.page_delay {
            tokio::time::sleep(delay).await;
        }
    }

    async fn tell_progress<W: Walk>(&self, walk: &W, steps: f64) {
        let (looked, expected) = (walk.looked(), walk.expected().max(walk.looked() + 1));
        let message = format!("looked at {looked} of about {expected} tasks");
        self.progress(looked as f64 / expected as f64, steps, &message).await;
    }

    /// What an earlier worker gathered for this call.
    async fn left_behind<W: Walk>(&self) -> Result<Option<W>, Refusal> {
        let Some(identity) = self.identity.as_ref().filter(|_| self.is_replayed()) else { return Ok(None) };
        let Some(state) = self.shared().store.checkpoint(identity, W::KIND).await? else { return Ok(None) };
        self.checkpointed.store(true, Ordering::Relaxed);
        match serde_json::from_str(&state) {
            Ok(walk) => Ok(Some(walk)),
            Err(error) => {
                // Another build's: the work is done anew.
                tracing::warn!(%error, kind = W::KIND, "a checkpoint cannot be read");
                Ok(None)
            }
        }
    }

    /// Saves a checkpoint. `false` where that was not possible: the call goes on then.
    async fn save<W: Walk>(&self, walk: &W, suspended: bool) -> Result<bool, Refusal> {
        let Some(identity) = &self.identity else { return Ok(false) };
        let state = serde_json::to_string(walk).map_err(|error| Failure::internal(&error))?;
        let checkpoint = Checkpoint { kind: W::KIND, state, suspended };
        match self.shared().store.save_checkpoint(identity, checkpoint).await {
            Ok(saved) => {
                self.checkpointed.fetch_or(saved, Ordering::Relaxed);
                Ok(saved)
            }
            // Somebody else is in charge, and gets the request.
            Err(error) if suspended && error.is_fenced() => Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, kind = W::KIND, "a checkpoint could not be saved");
                Ok(false)
            }
        }
    }

    /// Forgets the checkpoint of a call that has its reply, unless the write that
    /// made the reply has done so.
    pub(in crate::worker) async fn forget_checkpoint(&self) {
        let Some(identity) = &self.identity else { return };
        if !self.checkpointed.swap(false, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.shared().store.forget_checkpoint(identity).await {
            // It goes with its age.
            tracing::debug!(%error, "a checkpoint stays for now");
        }
    }
}

fn one_page<W, F, R>(mut walk: W, end: F, tx: &ReadTx<'_>) -> Result<Page<W, F, R>, TaskError>
where
    W: Walk,
    F: FnOnce(W, &dyn Repository) -> Result<R, TaskError>,
{
    if walk.page(tx)? { Ok(Page::More(walk, end)) } else { end(walk, tx).map(Page::Last) }
}
