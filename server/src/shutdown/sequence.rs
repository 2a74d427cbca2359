//! The order of a shutdown: wait for the beginning, for the requests, for each
//! clean-up. A demand to force ends it wherever it is.

use tokio::time::Instant;

use super::signals::SignalWatch;
use super::{ForcedBy, Outcome, Reason, Report, Shutdown};

impl Shutdown {
    /// Waits until the shutdown begins and carries it through. Call it once, in the
    /// task that ends the process.
    pub async fn run(&self, mut signals: SignalWatch) -> Report {
        let begun = self.inner.begun.clone();
        tokio::select! {
            () = begun.cancelled() => {}
            signal = signals.next() => { self.initiate(Reason::Signal(signal)); }
        }
        let forced = self.inner.forced.clone();
        let mut failed_cleanups = Vec::new();
        let outcome = tokio::select! {
            // First in order: a force that came before the first poll counts at once.
            biased;
            () = forced.cancelled() => Outcome::Forced(ForcedBy::Demand),
            signal = signals.next() => {
                tracing::warn!(signal = signal.name(), "second signal: shutdown is forced");
                self.inner.forced.cancel();
                Outcome::Forced(ForcedBy::Demand)
            }
            outcome = self.proceed(&mut failed_cleanups) => outcome,
        };
        self.finish(outcome, failed_cleanups)
    }

    async fn proceed(&self, failed: &mut Vec<String>) -> Outcome {
        let outcome = self.wait_for_requests().await;
        while let Some(cleanup) = self.next_cleanup() {
            let name = cleanup.name().to_owned();
            let started = Instant::now();
            match cleanup.run(self.inner.settings.cleanup_timeout).await {
                Ok(()) => tracing::debug!(cleanup = name, elapsed = ?started.elapsed(), "cleaned up"),
                Err(reason) => {
                    tracing::error!(cleanup = name, reason, "clean-up failed; the next one follows");
                    failed.push(name);
                }
            }
        }
        outcome
    }

    async fn wait_for_requests(&self) -> Outcome {
        let limit = self.inner.settings.request_timeout;
        self.inner.requests.close();
        if tokio::time::timeout(limit, self.inner.requests.wait()).await.is_ok() {
            return Outcome::Graceful;
        }
        let active_requests = self.inner.requests.len();
        if self.inner.settings.force_after_timeout {
            tracing::warn!(active_requests, ?limit, "requests are late and given up");
            return Outcome::Forced(ForcedBy::RequestTimeout);
        }
        tracing::warn!(active_requests, ?limit, "requests are late; waiting on (a second signal forces)");
        self.inner.requests.wait().await;
        Outcome::Graceful
    }

    fn next_cleanup(&self) -> Option<super::Cleanup> {
        self.state().cleanups.pop_front()
    }

    fn finish(&self, outcome: Outcome, failed_cleanups: Vec<String>) -> Report {
        let mut state = self.state();
        state.ended_at = Some(Instant::now());
        let reason = state.reason.clone().unwrap_or_else(|| Reason::Requested("unknown".to_owned()));
        drop(state);
        let statistics = self.statistics();
        tracing::info!(?outcome, ?statistics, "shutdown ends");
        Report { outcome, reason, failed_cleanups, statistics }
    }
}
