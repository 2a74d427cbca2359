//! One admin connection: hears requests, has several carried out at once, and says
//! what comes of them, line by line.
//!
//! Nothing here ever makes the rest of the server wait. The next line is made when
//! the one before it is gone: a caller who reads slowly loses events and gets the
//! whole view anew, one who does not read an answer loses the connection.

mod hear;
mod say;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use task_orchestrator_shared::admin::Skew;
use task_orchestrator_shared::admin::log::LogLines;
use task_orchestrator_shared::role::Role;
use thiserror::Error;
use tokio::net::UnixStream;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::asked::Told;
use super::finished::Finished;
use super::lines::{LineError, Lines};
use super::outbox::Outbox;
use super::peer::{Peer, is_hung_up};
use super::places::Place;
use super::requests::{Requests, Said};
use super::shared::Shared;
use super::streams::{Changes, Following, next_lines};

/// How long a caller may take until its first line is complete.
pub(super) const FIRST_LINE: Duration = Duration::from_secs(10);

/// How long a caller may take to read an answer and the events before it. Who is
/// told of changes may take any time: a stopped console comes back.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// While nothing is read, the kernel does not say by itself that the caller has
/// gone: it is asked so often.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Why a connection ended before its caller had closed it in order.
#[derive(Debug, Error)]
pub(super) enum Ended {
    #[error("the caller hung up")]
    HungUp,
    #[error("the caller said nothing within {} s", FIRST_LINE.as_secs())]
    Silent,
    #[error("the caller said nothing, and another one needed the place")]
    Evicted,
    #[error("the caller did not read its answer within {} s", PATIENCE.as_secs())]
    NotRead,
    #[error("writing failed: {0}")]
    Io(#[from] io::Error),
}

/// One caller.
pub(super) struct Connection {
    shared: Arc<Shared>,
    place: Place,
    peer: Peer,
    lines: Lines,
    outbox: Outbox,
    requests: Requests,
    changes: Changes,
    following: Option<Following>,
    /// The newest of the connection's streams of each kind; what belongs to an
    /// earlier one is void.
    newest: Newest,
    /// As agreed. Known once the caller has said something.
    version: Option<u16>,
    skew: Option<Skew>,
    /// Until then the first line must be complete; absent once it was.
    first_by: Option<Instant>,
    /// Nothing more is heard.
    is_deaf: bool,
    /// The server ends.
    is_ending: bool,
}

#[derive(Debug, Default)]
struct Newest {
    subscription: u64,
    following: u64,
}

/// What happens next.
enum Step {
    Sent,
    Said(Said),
    Changed(Result<(Arc<Told>, Role), RecvError>),
    /// Lines, or that it has to be asked again whether they may be seen.
    Logged(Option<LogLines>),
    Heard(Result<Option<Vec<u8>>, LineError>),
    Looked,
    Ends,
}

impl Connection {
    /// Asks the kernel who it is.
    ///
    /// # Errors
    ///
    /// It does not say.
    pub(super) async fn open(
        stream: UnixStream,
        place: Place,
        shared: Arc<Shared>,
        since: Instant,
    ) -> io::Result<Self> {
        let peer = Peer::of(&stream).await?;
        let (read, write) = stream.into_split();
        Ok(Self {
            shared,
            place,
            peer,
            lines: Lines::new(read),
            outbox: Outbox::new(write),
            requests: Requests::default(),
            changes: Changes::default(),
            following: None,
            newest: Newest::default(),
            version: None,
            skew: None,
            first_by: since.checked_add(FIRST_LINE),
            is_deaf: false,
            is_ending: false,
        })
    }

    /// Answers until the caller has no more to ask, or does not behave.
    ///
    /// # Errors
    ///
    /// [`Ended`].
    pub(super) async fn converse(mut self) -> Result<(), Ended> {
        while !self.is_over() {
            match self.next().await? {
                Step::Sent | Step::Looked => {}
                Step::Said(said) => self.say(said)?,
                Step::Changed(change) => self.say_change(change)?,
                Step::Logged(Some(lines)) => self.say_lines(lines)?,
                Step::Logged(None) => self.ask_to_follow_on(),
                Step::Heard(line) => self.hear(line)?,
                Step::Ends => {
                    self.is_ending = true;
                    self.close();
                    self.requests.give_up(Finished::ending);
                }
            }
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Step, Ended> {
        let has_room = self.outbox.is_empty();
        let listens = !self.is_deaf && self.requests.has_room();
        let (deadline, reason) = self.deadline();
        let (has_deadline, deadline) = (deadline.is_some(), deadline.unwrap_or_else(Instant::now));
        tokio::select! {
            () = self.place.evicted().cancelled(), if self.first_by.is_some() => Err(Ended::Evicted),
            () = self.shared.ended.cancelled(), if !self.is_ending => Ok(Step::Ends),
            sent = self.outbox.flush(), if !has_room => Ok(sent.map(|()| Step::Sent)?),
            said = self.requests.next(has_room), if !self.requests.is_empty() => Ok(Step::Said(said)),
            change = self.changes.next(), if has_room => Ok(Step::Changed(change)),
            lines = next_lines(&mut self.following), if has_room => Ok(Step::Logged(lines)),
            line = self.lines.next(), if listens => Ok(Step::Heard(line)),
            () = tokio::time::sleep_until(deadline), if has_deadline => Err(reason),
            () = tokio::time::sleep_until(Instant::now() + LOOK_INTERVAL), if !listens => {
                if is_hung_up(self.lines.half().as_ref()) { Err(Ended::HungUp) } else { Ok(Step::Looked) }
            }
        }
    }

    /// When patience ends, and what for.
    fn deadline(&self) -> (Option<Instant>, Ended) {
        if let Some(first_by) = self.first_by {
            return (Some(first_by), Ended::Silent);
        }
        let waits_since = self.outbox.answer_since().or_else(|| self.requests.waits_since());
        let waits_since = waits_since.filter(|_| !self.changes.is_on());
        (waits_since.and_then(|since| since.checked_add(PATIENCE)), Ended::NotRead)
    }

    /// Hears and tells nothing more; what is carried out is still answered.
    fn close(&mut self) {
        self.is_deaf = true;
        self.stop_changes();
        self.stop_lines();
    }

    /// Tells of no more changes. A subscription that is on its way is void.
    fn stop_changes(&mut self) {
        self.changes = Changes::Off;
        self.newest.subscription += 1;
    }

    /// Tells of no more lines of the log. What is on its way is void.
    fn stop_lines(&mut self) {
        self.following = None;
        self.newest.following += 1;
    }

    fn is_over(&self) -> bool {
        let tells = self.changes.is_on() || self.following.is_some();
        self.is_deaf && !tells && self.requests.is_empty() && self.outbox.is_empty()
    }
}
