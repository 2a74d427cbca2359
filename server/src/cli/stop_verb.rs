//! `stop`: ends a running server, and comes back when it is gone.

use std::fs::File;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use task_orchestrator_shared::admin::{Reply, Request, Stopping};

use super::ask::{WrongReply, ask, ask_in};
use super::confirm::confirm;
use super::render::text::count;
use super::restart_verb::name_of;
use super::screen::Screen;
use super::{GlobalArgs, PrivilegedArgs, exit_of};
use crate::clock::Backoff;
use crate::config::Process;
use crate::exit::Exit;
use crate::workspace::Workspace;

/// First and longest wait between two looks at whether the server has ended.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_LOOK: Duration = Duration::from_millis(200);

/// Arguments of `stop`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Requests in progress may finish first, for as long as shutdown.request_timeout says.
Then every client is disconnected. A server that is ended by a signal instead tells its
clients to stay: they join the next server, and start one with their next request.

On a terminal it asks first while clients are connected; a script is not asked.

Examples:
  task-orchestrator stop
  task-orchestrator stop --yes --reason \"the machine moves\"
  task-orchestrator stop --json

Exit code 0 if it has ended, 4 if none runs, 5 if it has not ended in time.")]
pub struct StopArgs {
    /// Confirm it without being asked
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
    /// What goes with it.
    #[command(flatten)]
    pub privileged: PrivilegedArgs,
}

impl StopArgs {
    /// Ends the server and waits until it is gone. That none runs is an answer here.
    ///
    /// # Errors
    ///
    /// A server that does not answer or refuses, no confirmation, or a configuration
    /// that cannot be read.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let (workspace, _) = global.find_workspace()?;
        let watched = Watched::of(global, &workspace)?;
        let stopping = match self.ask(global, &workspace, screen) {
            Ok(stopping) => stopping,
            Err(error) if exit_of(&error) == Exit::NoServer => return self.nobody(&workspace, screen),
            Err(error) => return Err(error),
        };
        let ended = match &watched {
            Some(watched) if ended_within(watched)? => Ended::Seen,
            Some(watched) => Ended::TooLate(watched.patience),
            None => Ended::Unseen,
        };
        self.tell(stopping, ended, screen)
    }

    fn ask(
        &self,
        global: &GlobalArgs,
        workspace: &Workspace,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<Stopping> {
        if screen.asks && !self.yes {
            let Reply::Status(status) = ask(global, &Request::Status, self.json, screen)? else {
                return Err(WrongReply.into());
            };
            if status.session_count > 0 {
                let clients = count(status.session_count, "client is", "clients are");
                let consequences = format!("The server ends, and {clients} disconnected.");
                confirm("stopping the server", &consequences, &name_of(workspace.root()), screen)?;
            }
        }
        match ask_in(global, &Request::Stop, self.privileged.context(), self.json, screen)? {
            Reply::Stopping(stopping) => Ok(stopping),
            _ => Err(WrongReply.into()),
        }
    }

    fn nobody(&self, workspace: &Workspace, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let root = workspace.root().display().to_string();
        if self.json {
            screen.print_json(&json!({ "running": false, "workspace": root }))?;
        } else {
            writeln!(screen.out, "no server is running for {root}")?;
        }
        Ok(Exit::NoServer)
    }

    fn tell(&self, stopping: Stopping, ended: Ended, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let Stopping { pid, sessions } = stopping;
        let exit = match ended {
            Ended::Seen | Ended::Unseen => Exit::Done,
            Ended::TooLate(_) => Exit::TimedOut,
        };
        if self.json {
            let ended = match ended {
                Ended::Seen => Some(true),
                Ended::TooLate(_) => Some(false),
                Ended::Unseen => None,
            };
            screen.print_json(&json!({ "pid": pid, "sessions": sessions, "ended": ended }))?;
            return Ok(exit);
        }
        let clients = match sessions {
            0 => "no client was attached".to_owned(),
            1 => "1 client was disconnected".to_owned(),
            many => format!("{many} clients were disconnected"),
        };
        match ended {
            Ended::Seen => writeln!(screen.out, "the server (pid {pid}) has ended; {clients}")?,
            Ended::Unseen => {
                writeln!(
                    screen.out,
                    "the server (pid {pid}) is ending; its end cannot be seen from here; {clients}"
                )?;
            }
            Ended::TooLate(patience) => {
                writeln!(screen.out, "the server (pid {pid}) has not ended after {} s", patience.as_secs())?;
            }
        }
        Ok(exit)
    }
}

/// What is known of the end of a server that was asked to end.
enum Ended {
    /// It is gone.
    Seen,
    /// It is still there after so long.
    TooLate(Duration),
    /// Its lock cannot be seen: it belongs to another user, or is elsewhere.
    Unseen,
}

/// What shows the end of the server, and how long that may take.
struct Watched {
    /// The front's lock, which goes with its process.
    lock: File,
    patience: Duration,
}

impl Watched {
    /// `None` where the lock cannot be seen: the workspace is another user's, or the
    /// socket was named by hand and may belong to any server.
    fn of(global: &GlobalArgs, workspace: &Workspace) -> anyhow::Result<Option<Self>> {
        if workspace.owner().is_none() {
            return Ok(None);
        }
        let lock = match File::open(workspace.front_lock()) {
            Ok(lock) => lock,
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let (config, ..) = global.load_config_for(Process::Shim, workspace)?;
        // Requests, then the two clean-ups, each with its own limit.
        let patience = config.shutdown.request_timeout + config.shutdown.cleanup_timeout * 3;
        Ok(Some(Self { lock, patience }))
    }
}

/// Whether the lock becomes free in time.
fn ended_within(Watched { lock, patience }: &Watched) -> anyhow::Result<bool> {
    let deadline = Instant::now() + *patience;
    let mut backoff = Backoff::new(FIRST_LOOK, LONGEST_LOOK);
    loop {
        match rustix::fs::flock(lock, rustix::fs::FlockOperation::NonBlockingLockShared) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => {
                std::thread::park_timeout(backoff.next_delay());
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}
