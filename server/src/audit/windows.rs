//! Repeats: the first decision of its kind is written at once, those that follow
//! within a minute are counted. So nobody who asks without end can fill the disk, or
//! push out of it what matters.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use task_orchestrator_shared::admin::audit::Attempt;
use task_orchestrator_shared::role::{Operation, Role};

/// How long repeats are counted before they are told.
pub const WINDOW: Duration = Duration::from_secs(60);

/// Kinds that are counted at once; for one more, the oldest is told early.
pub const MAX_WINDOWS: usize = 4096;

/// Targets that are told apart for one user at once: their names are the caller's
/// to invent. All others of the same operation count as one.
pub const MAX_TARGETS: usize = 16;

/// What is the same about repeats.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    uid: u32,
    role: Option<Role>,
    operation: Operation,
    target: Target,
    denied: bool,
    transport: String,
    token: Option<String>,
    source: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Target {
    None,
    This(String),
    Others,
}

/// What has repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeated {
    /// The record of the first; 0 when that has no number.
    pub(super) of: u64,
    /// How many more.
    pub(super) times: u64,
}

/// The window of a first one, to say later which record it became.
#[derive(Debug, Clone)]
pub(super) struct First(Arc<Kind>);

/// All open windows.
#[derive(Debug, Default)]
pub(super) struct Windows {
    open: HashMap<Arc<Kind>, Repeated>,
    /// In the order in which they end.
    order: VecDeque<(Instant, Arc<Kind>)>,
    targets: HashMap<u32, usize>,
    /// Of windows that were closed early.
    early: Vec<Repeated>,
}

impl Windows {
    /// Counts it so many times, or says that it is a first one, which has to be written.
    pub(super) fn note(
        &mut self,
        attempt: &Attempt,
        denied: bool,
        times: u64,
        now: Instant,
    ) -> Option<First> {
        let kind = self.kind(attempt, denied);
        if let Some(window) = self.open.get_mut(&kind) {
            window.times = window.times.saturating_add(times);
            return None;
        }
        if self.order.len() >= MAX_WINDOWS {
            self.close_oldest();
        }
        let kind = Arc::new(kind);
        if let Target::This(_) = kind.target {
            *self.targets.entry(kind.uid).or_default() += 1;
        }
        self.open.insert(Arc::clone(&kind), Repeated { of: 0, times: times.saturating_sub(1) });
        self.order.push_back((now + WINDOW, Arc::clone(&kind)));
        Some(First(kind))
    }

    fn kind(&self, attempt: &Attempt, denied: bool) -> Kind {
        let actor = &attempt.actor;
        let mut kind = Kind {
            uid: actor.uid,
            role: actor.role,
            operation: attempt.operation,
            target: attempt.target.clone().map_or(Target::None, Target::This),
            denied,
            transport: actor.transport.clone(),
            token: actor.token.clone(),
            // A network has more addresses than are worth a record each.
            source: actor.source_ip.clone().filter(|_| self.order.len() < MAX_WINDOWS / 2),
        };
        let many = self.targets.get(&actor.uid).is_some_and(|targets| *targets >= MAX_TARGETS);
        if many && matches!(kind.target, Target::This(_)) && !self.open.contains_key(&kind) {
            kind.target = Target::Others;
        }
        kind
    }

    /// The first one of its kind is this record.
    pub(super) fn began(&mut self, first: &First, seq: u64) {
        if let Some(window) = self.open.get_mut(&first.0) {
            window.of = seq;
        }
    }

    /// Records behind this one did not come to be, and get other numbers.
    pub(super) fn forget_behind(&mut self, seq: u64) {
        for window in self.open.values_mut().chain(&mut self.early).filter(|window| window.of > seq) {
            window.of = 0;
        }
    }

    /// What has to be told: of windows that are over, or of all.
    pub(super) fn over(&mut self, now: Option<Instant>) -> Vec<Repeated> {
        while let Some((end, _)) = self.order.front()
            && now.is_none_or(|now| *end <= now)
        {
            self.close_oldest();
        }
        std::mem::take(&mut self.early)
    }

    fn close_oldest(&mut self) {
        let Some((_, kind)) = self.order.pop_front() else { return };
        if let Target::This(_) = kind.target
            && let Some(targets) = self.targets.get_mut(&kind.uid)
        {
            *targets -= 1;
            if *targets == 0 {
                self.targets.remove(&kind.uid);
            }
        }
        self.early.extend(self.open.remove(&kind).filter(|window| window.times > 0));
    }

    /// When the next one is over.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.order.front().map(|(end, _)| *end)
    }
}
