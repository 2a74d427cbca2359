//! Restarts of all kinds, recoveries from crashes among them: how they ended, how long
//! they and their phases took, and how long the request waited that waited longest.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use task_orchestrator_shared::report::DeadCause;
use task_orchestrator_shared::restart::{Kind, Outcome, RestartReport};

/// Seconds: a phase of a handover takes microseconds, a build minutes.
const BOUNDS: [f64; 17] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
    120.0, 600.0,
];

type Histograms = Family<[(&'static str, &'static str); 1], Histogram, fn() -> Histogram>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Restarts {
    ended: Family<[(&'static str, &'static str); 2], Counter>,
    durations: Histograms,
    phases: Histograms,
    downtimes: Histograms,
    letters: Family<[(&'static str, &'static str); 1], Counter>,
}

impl Restarts {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let histograms = || Histograms::new_with_constructor(|| Histogram::new(BOUNDS));
        let this = Self {
            ended: Family::default(),
            durations: histograms(),
            phases: histograms(),
            downtimes: histograms(),
            letters: Family::default(),
        };
        this.begin_at_zero();
        registry.register("restarts", "Restarts that have ended, by kind and outcome", this.ended.clone());
        let mut timed = |name, help, family: &Histograms| {
            registry.register_with_unit(name, help, Unit::Seconds, family.clone());
        };
        timed("restart_duration", "Time that restarts took from asking to the end", &this.durations);
        timed("restart_phase", "Time that a restart spent in a phase", &this.phases);
        timed("downtime", "Longest time for which a request was held by a restart", &this.downtimes);
        let letters = "Requests that were given up and kept as dead letters";
        registry.register("dead_letters_added", letters, this.letters.clone());
        this
    }

    /// Each is told from the beginning, so that its first one is seen as an increase.
    fn begin_at_zero(&self) {
        let kinds = [Kind::Graceful, Kind::Emergency, Kind::Crash, Kind::Rollback];
        let outcomes = [Outcome::Complete, Outcome::Failed, Outcome::RolledBack, Outcome::Cancelled];
        for kind in kinds {
            for outcome in outcomes {
                self.ended.get_or_create_owned(&labels(kind, outcome));
            }
        }
        for cause in [DeadCause::Expired, DeadCause::Quarantined, DeadCause::NotReplayable] {
            self.letters.get_or_create_owned(&[("cause", word(cause))]);
        }
    }

    /// One has ended. `has_begun` tells one that was refused from one whose figures are measured.
    pub(crate) fn ended(&self, report: &RestartReport, has_begun: bool) {
        let Some(outcome) = report.outcome else { return };
        self.ended.get_or_create(&labels(report.kind, outcome)).inc();
        if !has_begun {
            return;
        }
        let kind = [("kind", report.kind.as_str())];
        self.durations.get_or_create(&kind).observe(report.duration_ms / 1000.0);
        self.downtimes.get_or_create(&kind).observe(report.downtime_ms / 1000.0);
        for phase in &report.phases {
            if let Some(duration) = phase.duration_ms {
                self.phases.get_or_create(&[("phase", phase.phase.as_str())]).observe(duration / 1000.0);
            }
        }
    }

    /// A request was given up.
    pub(crate) fn buried(&self, cause: DeadCause) {
        self.letters.get_or_create(&[("cause", word(cause))]).inc();
    }
}

fn labels(kind: Kind, outcome: Outcome) -> [(&'static str, &'static str); 2] {
    let outcome = match outcome {
        Outcome::Complete => "complete",
        Outcome::Failed => "failed",
        Outcome::RolledBack => "rolled_back",
        Outcome::Cancelled => "cancelled",
    };
    [("kind", kind.as_str()), ("outcome", outcome)]
}

fn word(cause: DeadCause) -> &'static str {
    match cause {
        DeadCause::Expired => "expired",
        DeadCause::Quarantined => "quarantined",
        DeadCause::NotReplayable => "not_replayable",
    }
}
