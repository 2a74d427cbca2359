//! The console's end of the admin channel: a link that is kept up, what comes in over
//! it as messages, and the effects that need it. Decides nothing and shows nothing.
//!
//! All messages go through one bounded channel, whose rule stands in [`sink`]: wait.

mod aim;
mod pump;
mod sink;
mod tail;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use task_orchestrator_shared::client::{Link, LinkEvents};
use task_orchestrator_shared::role::Role;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};

pub use aim::{Aim, CLIENT};

use crate::heard::{Answer, Heard, Tag};
use crate::model::order::Order;
use crate::msg::{Effect, Msg};
use crate::{start, targets};
use pump::{End, Pump};
use sink::Sink;

/// The console's end of the admin channel. Dropped, it ends; orders that the server
/// has taken go on there.
#[derive(Debug)]
pub struct Wire {
    aim: Aim,
    sink: Sink,
    open: Open,
    /// A look for other servers, the newest.
    looking: Option<JoinHandle<()>>,
}

/// What belongs to one server, and ends with it.
#[derive(Debug)]
struct Open {
    line: Arc<Line>,
    pump: JoinHandle<()>,
    follow: Option<JoinHandle<()>>,
    /// Questions without an answer. The model asks no more than a few at a time.
    asks: JoinSet<()>,
}

/// The link, which is another one once a role was denied.
#[derive(Debug)]
struct Line {
    link: Mutex<Arc<Link>>,
    /// Something was heard beside the link's events.
    pulse: Arc<Notify>,
}

impl Line {
    fn link(&self) -> Arc<Link> {
        Arc::clone(&self.link.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.pump.abort();
        if let Some(follow) = &self.follow {
            follow.abort();
        }
    }
}

impl Wire {
    /// Begins to connect. Everything that comes in goes to `out`; while that is full,
    /// it waits. Must be called on a runtime with I/O and time.
    pub fn open(aim: Aim, out: mpsc::Sender<Msg>) -> Self {
        let sink = Sink::new(out);
        let open = Open::begin(&aim, &sink);
        Self { aim, sink, open, looking: None }
    }

    /// Carries an effect out where it needs the channel; gives back what does not.
    pub fn effect(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Send { tag, order } => self.open.ask(tag, order, &self.sink),
            Effect::Follow(filter) => {
                let client = self.open.line.link().client();
                let pulse = Arc::clone(&self.open.line.pulse);
                let following = tail::follow(client, filter, self.sink.clone(), pulse);
                self.open.follow(Some(tokio::spawn(following)));
            }
            Effect::Unfollow => self.open.follow(None),
            Effect::RetryNow => self.open.line.link().retry_now(),
            Effect::Switch(row) => {
                self.aim = self.aim.at(&row);
                self.open = Open::begin(&self.aim, &self.sink);
            }
            Effect::FindTargets => self.look_for_others(),
            Effect::StartServer(workspace) => {
                let sink = self.sink.clone();
                // Bounded: the model asks for one at a time, and it takes ten seconds at most.
                tokio::spawn(async move { sink.say(Msg::Started(start::start(workspace).await)).await });
            }
            other => return Some(other),
        }
        None
    }
}

impl Wire {
    fn look_for_others(&mut self) {
        let sink = self.sink.clone();
        let looking = tokio::spawn(async move { sink.say(Msg::Targets(targets::find().await)).await });
        if let Some(former) = self.looking.replace(looking) {
            former.abort();
        }
    }
}

impl Open {
    fn begin(aim: &Aim, sink: &Sink) -> Self {
        let mut roles = aim.roles().into_iter();
        let first = roles.next().flatten();
        let (link, events) = Link::open(aim.greeting(first), true);
        let pulse = Arc::new(Notify::new());
        let line = Arc::new(Line { link: Mutex::new(Arc::new(link)), pulse });
        let lower = roles.map(|role| (role, aim.clone())).collect();
        let pump = tokio::spawn(keep(Arc::clone(&line), events, sink.clone(), lower));
        Self { line, pump, follow: None, asks: JoinSet::new() }
    }

    fn follow(&mut self, next: Option<JoinHandle<()>>) {
        if let Some(former) = std::mem::replace(&mut self.follow, next) {
            former.abort();
        }
    }

    fn ask(&mut self, tag: Tag, order: Order, sink: &Sink) {
        while self.asks.try_join_next().is_some() {}
        let (link, pulse, sink) = (self.line.link(), Arc::clone(&self.line.pulse), sink.clone());
        self.asks.spawn(async move {
            let (request, context) = (order.request().clone(), order.context().clone());
            // The answer says in the end all that matters, as does the view.
            let told = |event| {
                pulse.notify_one();
                sink.heard_perhaps(Heard::Event { tag, event });
            };
            let answer = match link.request_with_events(request, context, told).await {
                Ok(reply) => {
                    pulse.notify_one();
                    Answer::Reply(Box::new(reply))
                }
                Err(error) => Answer::Failed(error.to_string()),
            };
            sink.heard(Heard::Answer { tag, answer }).await;
        });
    }
}

/// Passes on what is heard, in the first role that is not denied.
async fn keep(line: Arc<Line>, mut events: LinkEvents, sink: Sink, lower: Vec<(Option<Role>, Aim)>) {
    // What comes from here on is of this server: the loop may still hold words of another one.
    sink.heard(Heard::Opened).await;
    let mut lower = lower.into_iter().peekable();
    loop {
        let mut pump = Pump::new(line.link(), sink.clone(), Arc::clone(&line.pulse));
        match pump.run(events, lower.peek().is_some()).await {
            End::Gone => return,
            End::Denied(heard) => match lower.next() {
                Some((role, aim)) => {
                    let (link, anew) = Link::open(aim.greeting(role), true);
                    *line.link.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(link);
                    events = anew;
                }
                None => {
                    sink.heard(heard).await;
                    return;
                }
            },
        }
    }
}
