//! What the admin socket passes on: who asks for what, and where the answer and
//! what happens until then are told.

use std::sync::{Arc, OnceLock};

use task_orchestrator_shared::admin::codec::{Notification, notification_line};
use task_orchestrator_shared::admin::view::Delta;
use task_orchestrator_shared::admin::{Context, Reply, Request};
use task_orchestrator_shared::restart::RestartEvent;
use task_orchestrator_shared::role::Role;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

/// Who is at the other end of a connection, as the kernel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub uid: u32,
    /// The user's name, where the system knows one. For people only.
    pub user: Option<String>,
    /// The group.
    pub gid: u32,
    /// All groups of the user, that one included.
    pub groups: Vec<u32>,
    /// The process, for people only: nothing is decided by it.
    pub pid: Option<u32>,
    /// What the program says of itself, for people only.
    pub client: Option<String>,
    /// The role that was wished for; never more than is granted.
    pub wanted: Option<Role>,
    /// Its version has nothing in common with this one: it may only look.
    pub only_looks: bool,
}

/// An administrator's request.
#[derive(Debug)]
pub struct Asked {
    /// What is wanted.
    pub request: Request,
    /// What goes with it.
    pub context: Context,
    /// Who wants it.
    pub caller: Arc<Caller>,
    /// Where to tell what happens until the answer, with `try_send`: what a slow
    /// caller leaves no room for is dropped.
    pub events: mpsc::Sender<RestartEvent>,
}

/// What came of it.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub reply: Reply,
    /// The changes that follow on a [`Reply::View`]. They end when somebody's role may
    /// have changed: then it has to be asked for again.
    pub deltas: Option<Deltas>,
    /// What the permission to follow the log holds with: cancelled when somebody's role
    /// may have changed.
    pub until: Option<CancellationToken>,
}

impl From<Reply> for Answered {
    fn from(reply: Reply) -> Self {
        Self { reply, deltas: None, until: None }
    }
}

/// Changes as they happen. Who lags behind has to ask for the whole state again.
pub type Deltas = broadcast::Receiver<Arc<Told>>;

/// A delta, and its line for each role once somebody needs it: ten readers do not
/// make it ten times.
#[derive(Debug)]
pub struct Told {
    delta: Delta,
    lines: [OnceLock<Arc<str>>; Role::ALL.len()],
}

impl Told {
    /// Nobody has needed it yet.
    pub fn new(delta: Delta) -> Self {
        Self { delta, lines: Default::default() }
    }

    /// All of it.
    pub fn delta(&self) -> &Delta {
        &self.delta
    }

    /// The line, without its end, for a reader of this role. A delta of which the
    /// reader may see nothing is empty, so that its numbers have no gap. One that
    /// does not fit on a line is empty as well, and `None` comes of it: the reader
    /// needs the whole state.
    pub fn line(&self, role: Role) -> Option<Arc<str>> {
        let place = self.lines.get(role as usize)?;
        let line = place.get_or_init(|| {
            let changes = self.delta.changes.iter().filter(|change| role.may(change.operation()));
            let delta =
                Delta { seq: self.delta.seq, at: self.delta.at.clone(), changes: changes.cloned().collect() };
            let line = notification_line(&Notification::Delta(delta), None).ok().flatten();
            line.unwrap_or_default().into()
        });
        (!line.is_empty()).then(|| Arc::clone(line))
    }
}
