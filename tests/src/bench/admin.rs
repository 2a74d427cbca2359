//! What the admin channel costs: its calls, the whole state, the way of an event to
//! who watches, and what those who watch cost the clients.

mod calls;
mod events;
mod state;
mod watched;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use task_orchestrator_shared::client::{Client, Target};
use tokio::runtime::{Builder, Runtime};

use super::steering::Server;
use super::table::Table;
use super::{Scale, timed};
use crate::measure::Sample;

/// Sessions of a big server.
const SESSIONS: u32 = 1000;

/// Room for them.
const ROOM: &str = "[front]\nmax_sessions = 2000\n";

/// Fills in the admin channel's rows.
///
/// # Errors
///
/// When a call fails.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    calls::measure(scale, table)?;
    state::measure(scale, table)?;
    events::measure(scale, table)?;
    watched::measure(scale, table)
}

fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

async fn connect(server: &Server) -> Result<Client> {
    let Target { socket, hello, options } = server.admins().clone();
    Client::connect(&socket.path(), hello, options).await.context("connect to the admin socket")
}

/// The control: somebody who answers each line with the same one, and does nothing else.
struct Echo {
    stream: BufReader<UnixStream>,
    line: Vec<u8>,
    thread: JoinHandle<()>,
}

impl Echo {
    /// Answers with a line of so many bytes.
    fn answering(length: usize) -> Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut answer = vec![b'x'; length];
        answer.push(b'\n');
        let mut asked = BufReader::new(theirs.try_clone()?);
        let thread = std::thread::spawn(move || {
            let (mut theirs, mut line) = (theirs, Vec::new());
            while let Ok(1..) = asked.read_until(b'\n', &mut line) {
                line.clear();
                if theirs.write_all(&answer).is_err() {
                    return;
                }
            }
        });
        Ok(Self { stream: BufReader::with_capacity(1 << 16, ours), line: Vec::new(), thread })
    }

    /// So many questions and answers.
    fn asked(&mut self, question: &[u8], count: usize) -> Result<Sample> {
        timed(count, |_| {
            self.stream.get_mut().write_all(question)?;
            self.line.clear();
            self.stream.read_until(b'\n', &mut self.line)?;
            Ok(())
        })
    }

    fn finish(self) -> Result<()> {
        drop(self.stream);
        self.thread.join().map_err(|_| anyhow!("the echo panicked"))
    }
}
