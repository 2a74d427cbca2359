//! From the events of a link to messages, and whether the server still answers.
//!
//! A server that lives says something every two seconds, if only that nothing has
//! changed. One that says nothing for [`QUIET`] is asked, and is silent when it has not
//! answered within [`ANSWER`]: together less than three seconds. A server that is heard
//! costs no wakeup of its own here. Nothing here moves the time of the next attempt.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use task_orchestrator_shared::admin::codec::TOO_MANY;
use task_orchestrator_shared::admin::{Context, Request};
use task_orchestrator_shared::client::{CallError, ConnectError, Link, LinkEvent, LinkEvents, Update};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use super::sink::Sink;
use crate::heard::{Heard, LostKind};

/// How long a server may say nothing before it is asked. Longer than the time within
/// which one that lives says something by itself.
pub(crate) const QUIET: Duration = Duration::from_millis(2400);

/// How long its answer may take.
pub(crate) const ANSWER: Duration = Duration::from_millis(550);

/// How often the timer is moved at most, however much is heard.
const GRAIN: Duration = Duration::from_millis(50);

/// Asked of a server that says nothing: every role may, and it costs the server nothing.
const PROBE: Request = Request::WhoAmI;

type Probe = Pin<Box<dyn Future<Output = bool> + Send>>;

/// See the module.
pub(super) struct Pump {
    link: Arc<Link>,
    sink: Sink,
    /// Told of what is heard beside the events.
    pulse: Arc<Notify>,
    timer: Pin<Box<Sleep>>,
    heard_at: Instant,
    phase: Phase,
    /// Whether the server has answered; also one that came too late counts.
    probe: Option<Probe>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no connection.
    Away,
    /// The server says something now and then.
    Listening,
    /// It was asked.
    Probing,
    /// It has not answered.
    Silent,
}

/// Why a pump has ended.
pub(super) enum Ended {
    /// The server does not take this client in this role.
    Denied(Heard),
    /// The link is gone.
    Gone,
}

impl Pump {
    /// Nothing was heard yet.
    pub(super) fn new(link: Arc<Link>, sink: Sink, pulse: Arc<Notify>) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now));
        Self { link, sink, pulse, timer, heard_at: now, phase: Phase::Away, probe: None }
    }

    /// Runs until the link is gone; with `ends_denied`, until the server does not take
    /// this client.
    pub(super) async fn run(&mut self, mut events: LinkEvents, ends_denied: bool) -> Ended {
        loop {
            let is_timed = matches!(self.phase, Phase::Listening | Phase::Probing);
            tokio::select! {
                event = events.next() => {
                    let Some(event) = event else { return Ended::Gone };
                    let heard = self.take(event).await;
                    if ends_denied && matches!(heard, Heard::Denied { .. }) {
                        return Ended::Denied(heard);
                    }
                    self.sink.heard(heard).await;
                }
                () = self.pulse.notified() => self.beat().await,
                is_alive = answered(&mut self.probe) => {
                    self.probe = None;
                    if is_alive {
                        self.beat().await;
                    }
                }
                () = &mut self.timer, if is_timed => self.late().await,
            }
        }
    }

    async fn take(&mut self, event: LinkEvent) -> Heard {
        match &event {
            LinkEvent::Live(_) | LinkEvent::Incompatible { .. } => {
                (self.phase, self.probe) = (Phase::Listening, None);
                self.listen();
            }
            LinkEvent::Update(_) => self.beat().await,
            LinkEvent::Connecting { .. } | LinkEvent::Lost { .. } | LinkEvent::Denied { .. } => {
                (self.phase, self.probe) = (Phase::Away, None);
            }
        }
        heard(event)
    }

    /// The server has said something.
    async fn beat(&mut self) {
        match self.phase {
            Phase::Away => return,
            Phase::Listening if self.heard_at.elapsed() < GRAIN => return,
            Phase::Listening | Phase::Probing => {}
            Phase::Silent => self.sink.heard(Heard::Alive).await,
        }
        self.phase = Phase::Listening;
        self.listen();
    }

    fn listen(&mut self) {
        self.heard_at = Instant::now();
        self.timer.as_mut().reset(self.heard_at + QUIET);
    }

    async fn late(&mut self) {
        if self.phase == Phase::Probing {
            self.phase = Phase::Silent;
            return self.sink.heard(Heard::Silent).await;
        }
        self.phase = Phase::Probing;
        self.timer.as_mut().reset(Instant::now() + ANSWER);
        self.probe = self.link.client().map(|client| -> Probe {
            Box::pin(async move {
                match client.call(PROBE, Context::default()).await {
                    // Refused by this side, before the server was asked.
                    Err(CallError::Refused { code: TOO_MANY, .. }) => false,
                    Ok(_) | Err(CallError::Denied(_) | CallError::Refused { .. } | CallError::Skewed(_)) => {
                        true
                    }
                    // The link tells of it.
                    Err(_) => false,
                }
            })
        });
    }
}

/// Waits for the answer, or for ever where nothing was asked.
async fn answered(probe: &mut Option<Probe>) -> bool {
    match probe {
        Some(probe) => probe.await,
        None => std::future::pending().await,
    }
}

fn heard(event: LinkEvent) -> Heard {
    let ms = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    match event {
        LinkEvent::Connecting { attempt } => Heard::Connecting { attempt },
        LinkEvent::Live(welcome) => Heard::Live { welcome },
        LinkEvent::Incompatible { welcome, skew } => Heard::Incompatible { welcome, skew },
        LinkEvent::Update(Update::View(view)) => Heard::View { view },
        LinkEvent::Update(Update::Delta(delta)) => Heard::Delta { delta },
        LinkEvent::Lost { error, retry_in } => {
            let kind = match error {
                ConnectError::NoServer => LostKind::NoServer,
                _ => LostKind::Broken,
            };
            Heard::Lost { why: error.to_string(), kind, retry_in_ms: ms(retry_in) }
        }
        LinkEvent::Denied { why, retry_in } => Heard::Denied { why, retry_in_ms: ms(retry_in) },
    }
}
