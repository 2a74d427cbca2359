//! A server of the admin channel that a test plays itself: it welcomes, tells of a
//! state, and then does what the test wants, also what no server should do. It knows
//! nothing but the protocol's types.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, bail};
use task_orchestrator_shared::admin::codec::{
    Answered, Call, Failure, FromClient, Notification, answer_line, notification_line,
};
use task_orchestrator_shared::admin::view::{Change, Delta, View};
use task_orchestrator_shared::admin::{PROTOCOL, Reply, Request, Skew, Welcome, WhoAmI};
use task_orchestrator_shared::role::{Operation, Role};

/// A server that listens; each connection is the test's to answer.
#[derive(Debug)]
pub struct FakeServer {
    listener: UnixListener,
    socket: PathBuf,
}

/// One connection, seen from the server.
#[derive(Debug)]
pub struct Side {
    said: BufReader<UnixStream>,
    seq: u64,
}

impl FakeServer {
    /// Listens at the place where a workspace has its admin socket.
    ///
    /// # Errors
    ///
    /// When the socket cannot be made.
    pub fn listen(socket: &Path) -> Result<Self> {
        let _ = std::fs::remove_file(socket);
        Ok(Self { listener: UnixListener::bind(socket)?, socket: socket.to_owned() })
    }

    /// Its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The next connection.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn accept(&self) -> Result<Side> {
        let (stream, _) = self.listener.accept()?;
        Ok(Side { said: BufReader::new(stream), seq: 0 })
    }
}

impl Side {
    /// What the client says; nothing at its end.
    ///
    /// # Errors
    ///
    /// When it says what is no message.
    pub fn hear(&mut self) -> Result<Option<FromClient>> {
        let mut line = String::new();
        if self.said.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match FromClient::read(line.trim_end().as_bytes()) {
            Ok(heard) => Ok(Some(heard)),
            Err(malformed) => bail!("the client said {line:?}: {malformed:?}"),
        }
    }

    /// Says a line, whatever it is.
    ///
    /// # Errors
    ///
    /// When the client is gone.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let stream = self.said.get_mut();
        stream.write_all(line.as_bytes())?;
        Ok(stream.write_all(b"\n")?)
    }

    /// Says these bytes, whatever they are, and nothing behind them.
    ///
    /// # Errors
    ///
    /// As [`Side::say`].
    pub fn say_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.said.get_mut().write_all(bytes)?)
    }

    /// Counts a change that nobody is told of.
    pub fn keep_silent_of_one(&mut self) {
        self.seq += 1;
    }

    /// Answers a question.
    ///
    /// # Errors
    ///
    /// As [`Side::say`].
    pub fn answer(&mut self, id: u64, answer: Result<Answered, Failure>) -> Result<()> {
        self.say(&answer_line(Some(id), &answer)?)
    }

    /// Answers a question with a reply.
    ///
    /// # Errors
    ///
    /// As [`Side::say`].
    pub fn reply(&mut self, id: u64, reply: Reply) -> Result<()> {
        self.answer(id, Ok(Answered::Reply(reply)))
    }

    /// Waits for the greeting and answers it.
    ///
    /// # Errors
    ///
    /// When something else is said first.
    pub fn welcome(&mut self, welcome: Welcome) -> Result<()> {
        match self.hear()? {
            Some(FromClient::Hello { id, .. }) => self.answer(id, Ok(Answered::Welcome(Box::new(welcome)))),
            other => bail!("no hello, but {other:?}"),
        }
    }

    /// The next question.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn call(&mut self) -> Result<Call> {
        match self.hear()? {
            Some(FromClient::Call(call)) => Ok(call),
            other => bail!("no call, but {other:?}"),
        }
    }

    /// Waits for the subscription and answers it with this state.
    ///
    /// # Errors
    ///
    /// When something else is asked first.
    pub fn subscribed(&mut self, view: View) -> Result<()> {
        let call = self.call()?;
        if call.request != Request::Subscribe {
            bail!("no subscription, but {:?}", call.request);
        }
        self.seq = view.seq;
        self.reply(call.id, Reply::View(Box::new(view)))
    }

    /// Tells of changes.
    ///
    /// # Errors
    ///
    /// As [`Side::say`].
    pub fn tell(&mut self, at: &str, changes: Vec<Change>) -> Result<()> {
        self.seq += 1;
        let delta = Delta { seq: self.seq, at: at.to_owned(), changes };
        match notification_line(&Notification::Delta(delta), None)? {
            Some(line) => self.say(&line),
            None => bail!("the delta does not fit on a line"),
        }
    }

    /// Goes on in a thread of its own: answers every question by `reply`, and tells of
    /// what is sent here, until the client or the sender is gone.
    ///
    /// # Errors
    ///
    /// When there is no second handle of the socket.
    pub fn served(
        mut self,
        reply: impl Fn(&Request) -> Reply + Send + 'static,
    ) -> Result<(Sender<Vec<Change>>, JoinHandle<()>)> {
        let (changes, told): (_, Receiver<Vec<Change>>) = channel();
        let mut answers = Side { said: BufReader::new(self.said.get_ref().try_clone()?), seq: self.seq };
        // One writer at a time: whole lines go to the kernel in one call each, and a
        // stream socket keeps them whole only while nobody else writes.
        let lock = std::sync::Arc::new(std::sync::Mutex::new(()));
        let writing = std::sync::Arc::clone(&lock);
        thread::spawn(move || {
            while let Ok(Some(FromClient::Call(call))) = self.hear() {
                let answer = reply(&call.request);
                let _one = writing.lock();
                if self.reply(call.id, answer).is_err() {
                    return;
                }
            }
        });
        let teller = thread::spawn(move || {
            for changes in told {
                let _one = lock.lock();
                if answers.tell(NOON, changes).is_err() {
                    return;
                }
            }
        });
        Ok((changes, teller))
    }
}

/// The time that a fake server has.
pub const NOON: &str = "2026-11-21T12:00:00Z";

/// What a server says to somebody in this role.
pub fn welcome(role: Role, workspace: &Path) -> Welcome {
    let you = WhoAmI {
        uid: 0,
        user: Some("somebody".to_owned()),
        gid: 0,
        pid: None,
        role,
        granted: role,
        granted_by: "owner".to_owned(),
        may: Operation::ALL.iter().copied().filter(|operation| role.may(*operation)).collect(),
    };
    Welcome {
        protocol: PROTOCOL.newest,
        skew: None,
        capabilities: Request::samples().iter().map(|request| request.method().to_owned()).collect(),
        you,
        version: "0.1.0".to_owned(),
        pid: std::process::id(),
        boot: "fake".to_owned(),
        workspace: workspace.display().to_string(),
        generation: 1,
    }
}

/// The same of a server of another version.
pub fn skewed(welcome: Welcome, skew: Skew) -> Welcome {
    Welcome { skew: Some(skew), ..welcome }
}

/// Waits this long between two changes, without drifting, as often as `count` says.
pub fn paced(every: Duration, count: u32, mut each: impl FnMut(u32) -> Result<()>) -> Result<()> {
    let begun = std::time::Instant::now();
    for number in 0..count {
        let due = begun + every * number;
        thread::sleep(due.saturating_duration_since(std::time::Instant::now()));
        each(number)?;
    }
    Ok(())
}
