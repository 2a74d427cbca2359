//! What has come of the front's own jobs.

use std::time::Instant;

use crate::config::Config;
use crate::front::jobs::JobOutcome;
use crate::restart::build::Build;
use crate::restart::{self, BuildId, JobId};

use super::Hub;

impl Hub {
    pub(super) fn job_ended(&mut self, job: JobId, outcome: JobOutcome, now: Instant) {
        use restart::event::Done;
        let result = match outcome {
            JobOutcome::Built(result) => result.map(|()| Done::Built),
            JobOutcome::Planned(result) => {
                if let Err(trouble) = &result {
                    tracing::error!(trouble.text, "the plan");
                }
                result.map(|()| Done::Planned)
            }
            JobOutcome::Examined(result) => result.map(|examined| {
                if let Some(config) = examined.config {
                    self.reconfigure(config);
                }
                Done::Examined(self.register(examined.build))
            }),
            JobOutcome::Sealed(result) => result.map(|sealed| {
                self.sealed(job, sealed);
                Done::Sealed
            }),
        };
        self.feed(restart::Event::JobDone(job, result), now);
    }

    /// The build's number; `None` stands for the one that runs, or is to be run again.
    fn register(&mut self, build: Option<Build>) -> BuildId {
        let target = self.machine.running().map(|(run, _)| run.target);
        let Some(build) = build else { return target.unwrap_or(self.machine.builds().0) };
        let same = |known: &&BuildId| {
            self.builds.get(*known).is_some_and(|known| {
                known.identity() == build.identity()
                    || known.known_sha256().is_some_and(|sha256| Some(sha256) == build.known_sha256())
            })
        };
        if let Some(known) = self.builds.keys().find(same).copied() {
            return known;
        }
        let id = BuildId(self.next_build);
        self.next_build += 1;
        self.builds.insert(id, build);
        id
    }

    /// The configuration was read again: what the front can change at run time, it changes.
    fn reconfigure(&mut self, config: Config) {
        self.machine.set_limits(restart::Limits::of(&config));
        self.workers.set_heartbeat(crate::front::heartbeat(&config));
        self.config = config;
        for session in self.sessions.values_mut() {
            session.limits = None;
        }
        tracing::info!("the configuration was read again");
    }
}
