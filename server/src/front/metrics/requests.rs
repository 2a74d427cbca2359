//! Clients' requests: how many came, how each ended, and how long its client waited.
//! Subscriptions are counted, but not timed: they last as long as their client wants.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use task_orchestrator_shared::report::DeadCause;

/// Seconds: from a call that only reads to one that its client has given up by then.
const BOUNDS: [f64; 18] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0, 60.0,
];

/// How a request has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// A worker has answered it, with a result or with an error of the request's own.
    Answered,
    /// A worker has answered it with a failure of the worker's own.
    Fault,
    /// The front has answered it: a reboot tool, or a ping while no worker serves.
    Front,
    /// Its client has called it off.
    Cancelled,
    /// No worker can be started, or the call was not allowed.
    Refused,
    /// Its client had too many waiting already.
    Overloaded,
    /// It has waited too long for a worker.
    Expired,
    /// It was in flight in too many crashes.
    Quarantined,
    /// It could not be sent to another worker.
    NotReplayable,
    /// An administrator has cleared the buffers.
    Cleared,
    /// Its client has gone before it was answered.
    Abandoned,
}

impl End {
    const ALL: [Self; 11] = [
        Self::Answered,
        Self::Fault,
        Self::Front,
        Self::Cancelled,
        Self::Refused,
        Self::Overloaded,
        Self::Expired,
        Self::Quarantined,
        Self::NotReplayable,
        Self::Cleared,
        Self::Abandoned,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Fault => "fault",
            Self::Front => "front",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Overloaded => "overloaded",
            Self::Expired => "expired",
            Self::Quarantined => "quarantined",
            Self::NotReplayable => "not_replayable",
            Self::Cleared => "cleared",
            Self::Abandoned => "abandoned",
        }
    }
}

impl From<DeadCause> for End {
    fn from(cause: DeadCause) -> Self {
        match cause {
            DeadCause::Expired => Self::Expired,
            DeadCause::Quarantined => Self::Quarantined,
            DeadCause::NotReplayable => Self::NotReplayable,
        }
    }
}

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// See the module.
#[derive(Debug)]
pub(crate) struct Requests {
    stdio: Of,
    http: Of,
    ends: Family<Labels<2>, Counter>,
}

/// What every request of one transport touches: found without looking it up.
#[derive(Debug)]
struct Of {
    received: Counter,
    answered: Counter,
    times: Histogram,
}

impl Requests {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let received: Family<Labels<1>, Counter> = Family::default();
        let ends: Family<Labels<2>, Counter> = Family::default();
        let times: Family<Labels<1>, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BOUNDS));
        registry.register("requests_received", "Requests that clients have sent", received.clone());
        registry.register("requests", "Requests that have ended, by how", ends.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from the arrival of a request to the answer of a worker, waits for a worker included",
            Unit::Seconds,
            times.clone(),
        );
        let of = |transport| {
            // Each is told from the beginning, so that its first one is seen as an increase.
            for end in End::ALL {
                ends.get_or_create_owned(&labels(transport, end));
            }
            Of {
                received: received.get_or_create_owned(&[("transport", transport)]),
                answered: ends.get_or_create_owned(&labels(transport, End::Answered)),
                times: times.get_or_create_owned(&[("transport", transport)]),
            }
        };
        Self { stdio: of("stdio"), http: of("http"), ends }
    }

    fn of(&self, transport: &str) -> (&Of, &'static str) {
        if transport == "http" { (&self.http, "http") } else { (&self.stdio, "stdio") }
    }

    /// One has come over this transport.
    pub(crate) fn received(&self, transport: &str) {
        self.of(transport).0.received.inc();
    }

    /// One has come and was refused at once.
    pub(crate) fn refused(&self, transport: &str) {
        self.received(transport);
        self.ended(transport, End::Refused, 1);
    }

    /// A worker has answered one after this time.
    pub(crate) fn answered(&self, transport: &str, time: Duration, end: End) {
        let of = self.of(transport).0;
        of.times.observe(time.as_secs_f64());
        if end == End::Answered {
            of.answered.inc();
        } else {
            self.ended(transport, end, 1);
        }
    }

    /// So many have ended in this way.
    pub(crate) fn ended(&self, transport: &str, end: End, count: u64) {
        if count > 0 {
            self.ends.get_or_create(&labels(self.of(transport).1, end)).inc_by(count);
        }
    }
}

fn labels(transport: &'static str, end: End) -> Labels<2> {
    [("transport", transport), ("outcome", end.word())]
}
