//! The console's end of the admin channel: a link that is kept up, what comes in over
//! it as messages, and the effects that need it. Decides nothing and shows nothing.
//!
//! All messages go through one bounded channel, whose rule stands in `sink`: wait.

mod aim;
mod pump;
mod sink;
mod tail;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use task_orchestrator_shared::client::{Link, LinkEvents};
use task_orchestrator_shared::role::Role;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

pub use aim::{Aim, CLIENT};

use crate::demo::Demo;
use crate::heard::{Answer, Heard, Tag};
use crate::model::Target;
use crate::model::order::Order;
use crate::msg::{Effect, Msg};
use crate::record::{Recorder, Recording};
use crate::replay::{self, Replay};
use crate::{start, targets};
pub(crate) use sink::Sink;

use pump::{Ended, Pump};

/// Where what is shown comes from.
#[derive(Debug)]
pub enum Origin {
    /// A server.
    Server(Box<Server>),
    /// A file.
    Replay(Replay),
}

/// A server that is looked at.
#[derive(Debug)]
pub struct Server {
    /// Which.
    pub aim: Aim,
    /// Where what it says goes as well.
    pub recorder: Option<Recorder>,
    /// What it was started for and ends with the console.
    pub demo: Option<Demo>,
}

impl Origin {
    /// What is looked at, before it has said what it is.
    pub fn target(&self) -> Target {
        match self {
            Self::Server(server) => server.aim.target(),
            Self::Replay(replay) => Target::of(replay.workspace()),
        }
    }
}

impl From<Aim> for Origin {
    fn from(aim: Aim) -> Self {
        Self::Server(Box::new(Server { aim, recorder: None, demo: None }))
    }
}

/// The console's end of the admin channel. Dropped, it ends; orders that the server
/// has taken go on there.
#[derive(Debug)]
pub struct Wire {
    sink: Sink,
    end: End,
    recording: Option<Arc<Recording>>,
    /// Ends with this.
    _demo: Option<Demo>,
}

#[derive(Debug)]
enum End {
    Live(Box<Live>),
    Replay(JoinHandle<()>),
}

/// A server is at the other end.
#[derive(Debug)]
struct Live {
    aim: Aim,
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
    /// Questions without an answer. The model waits for no more than a few at a time, and
    /// says of which it does not any more.
    asks: JoinSet<()>,
    /// How each of them is ended.
    ends: BTreeMap<Tag, AbortHandle>,
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
    /// Begins. Everything that comes in goes to `out`; while that is full, it waits.
    /// Must be called on a runtime with I/O and time.
    pub fn begin(origin: Origin, out: mpsc::Sender<Msg>) -> Self {
        let mut sink = Sink::new(out.clone());
        match origin {
            Origin::Server(server) => {
                let Server { aim, recorder, mut demo } = *server;
                let recording = recorder.map(|recorder| Arc::new(recorder.start(out.clone())));
                if let Some(recording) = &recording {
                    sink = sink.recorded(Arc::clone(recording));
                }
                if let Some(demo) = &mut demo {
                    demo.tell(out);
                }
                let end = End::Live(Box::new(Live::begin(aim, &sink)));
                Self { sink, end, recording, _demo: demo }
            }
            Origin::Replay(replay) => {
                let end = End::Replay(tokio::spawn(replay.run(sink.clone())));
                Self { sink, end, recording: None, _demo: None }
            }
        }
    }

    /// The same with a server and nothing else.
    pub fn open(aim: Aim, out: mpsc::Sender<Msg>) -> Self {
        Self::begin(aim.into(), out)
    }

    /// Carries an effect out where it needs the channel; gives back what does not.
    pub fn effect(&mut self, effect: Effect) -> Option<Effect> {
        match &mut self.end {
            End::Live(live) => live.effect(effect, &self.sink),
            End::Replay(_) => replay::effect(effect, &self.sink),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let End::Replay(replay) = &self.end {
            replay.abort();
        }
        if let Some(recording) = &self.recording {
            recording.finish();
        }
    }
}

impl Live {
    fn begin(aim: Aim, sink: &Sink) -> Self {
        let open = Open::begin(&aim, sink);
        Self { aim, open, looking: None }
    }

    fn effect(&mut self, effect: Effect, sink: &Sink) -> Option<Effect> {
        match effect {
            Effect::Send { tag, order } => self.open.ask(tag, order, sink),
            Effect::Forget(tag) => {
                if let Some(end) = self.open.ends.remove(&tag) {
                    end.abort();
                }
            }
            Effect::Follow(filter) => {
                let client = self.open.line.link().client();
                let pulse = Arc::clone(&self.open.line.pulse);
                let following = tail::follow(client, filter, sink.clone(), pulse);
                self.open.follow(Some(tokio::spawn(following)));
            }
            Effect::Unfollow => self.open.follow(None),
            Effect::RetryNow => self.open.line.link().retry_now(),
            Effect::Switch(row) => {
                self.aim = self.aim.at(&row);
                self.open = Open::begin(&self.aim, sink);
            }
            Effect::FindTargets => self.look_for_others(sink.clone()),
            Effect::StartServer(workspace) => {
                let sink = sink.clone();
                // Bounded: the model asks for one at a time, and it takes ten seconds at most.
                tokio::spawn(async move { sink.say(Msg::Started(start::start(workspace).await)).await });
            }
            other => return Some(other),
        }
        None
    }

    fn look_for_others(&mut self, sink: Sink) {
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
        Self { line, pump, follow: None, asks: JoinSet::new(), ends: BTreeMap::new() }
    }

    fn follow(&mut self, next: Option<JoinHandle<()>>) {
        if let Some(former) = std::mem::replace(&mut self.follow, next) {
            former.abort();
        }
    }

    fn ask(&mut self, tag: Tag, order: Order, sink: &Sink) {
        while self.asks.try_join_next().is_some() {}
        self.ends.retain(|_, end| !end.is_finished());
        let (link, pulse, sink) = (self.line.link(), Arc::clone(&self.line.pulse), sink.clone());
        let end = self.asks.spawn(async move {
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
        self.ends.insert(tag, end);
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
            Ended::Gone => return,
            Ended::Denied(heard) => match lower.next() {
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
