//! The admin channel as tests use it: callers of other users, and this process as one.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use task_orchestrator::workspace::{Surroundings, Workspace as Places};
use task_orchestrator_shared::admin::codec::{Call, FromClient};
use task_orchestrator_shared::admin::status::Status;
use task_orchestrator_shared::admin::{Context, Reply, Request};
use task_orchestrator_shared::client::{Target, once};
use task_orchestrator_shared::role::Role;
use tempfile::TempDir;

use crate::{Workspace, program, wait};

/// A user with groups, as the kernel knows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// The user's number.
    pub uid: u32,
    /// The group's.
    pub gid: u32,
    /// One more group.
    pub also: u32,
}

impl User {
    /// What runs a program as this user. Only root can.
    pub fn command(self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        let Self { uid, gid, also } = self;
        command.args([format!("--reuid={uid}"), format!("--regid={gid}"), format!("--groups={also}")]);
        command.arg("--").arg(program);
        command
    }
}

/// Whether this process is root, and so can run something as another user.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// How to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// With `hello`, in the role that is granted.
    Granted,
    /// With `hello`, in this role.
    As(Role),
    /// Without `hello`.
    Bare,
}

/// Copies of programs that any user can run.
#[derive(Debug)]
pub struct Programs(TempDir);

impl Programs {
    /// Copies them.
    ///
    /// # Errors
    ///
    /// When one is not built.
    pub fn copied() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("to-programs-").tempdir()?;
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        fs::copy(program::beside("admin_call")?, directory.path().join("admin_call"))?;
        Ok(Self(directory))
    }

    /// The server.
    ///
    /// # Errors
    ///
    /// When it cannot be copied.
    pub fn server(&self) -> Result<PathBuf> {
        let place = self.0.path().join("task-orchestrator");
        fs::copy(program::path()?, &place)?;
        Ok(place)
    }

    /// A connection to this socket: of this process's user, or of another one.
    ///
    /// # Errors
    ///
    /// When the program cannot be run.
    pub fn open(&self, socket: &Path, user: Option<User>, manner: Manner) -> Result<Connection> {
        let program = self.0.path().join("admin_call");
        let mut command = user.map_or_else(|| Command::new(&program), |user| user.command(&program));
        command.arg(socket).current_dir("/");
        match manner {
            Manner::Granted => {}
            Manner::As(role) => drop(command.args(["--role", role.as_str()])),
            Manner::Bare => drop(command.arg("--bare")),
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("stdin")?;
        let output = BufReader::new(child.stdout.take().context("stdout")?);
        let mut connection = Connection { child, input, output, next: 1, hello: None };
        if manner != Manner::Bare {
            connection.hello = Some(connection.heard()?);
        }
        Ok(connection)
    }
}

/// A caller that runs.
#[derive(Debug)]
pub struct Connection {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
    hello: Option<Value>,
}

impl Connection {
    /// What the server answered to `hello`.
    pub fn hello(&self) -> &Value {
        self.hello.as_ref().unwrap_or(&Value::Null)
    }

    /// Asks, and gives the whole answer.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn ask(&mut self, request: &Request, context: Context) -> Result<Value> {
        let call = Call { id: self.next, request: request.clone(), context };
        self.next += 1;
        self.say(&FromClient::Call(call).line()?)
    }

    /// Says a line, and gives the answer.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn say(&mut self, line: &str) -> Result<Value> {
        self.input.write_all(format!("{line}\n").as_bytes())?;
        self.heard().with_context(|| line.to_owned())
    }

    fn heard(&mut self) -> Result<Value> {
        let mut answer = String::new();
        ensure!(self.output.read_line(&mut answer)? > 0, "the caller ended without an answer");
        serde_json::from_str(&answer).context(answer)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The code of an answer that is a refusal.
pub fn refusal(answer: &Value) -> Option<&str> {
    answer.pointer("/result/value/error_code").and_then(Value::as_str)
}

impl Workspace {
    /// Where its admin socket is now.
    ///
    /// # Errors
    ///
    /// When the workspace cannot be found.
    pub fn admin_socket(&self) -> Result<PathBuf> {
        Ok(Places::discover(Some(self.path()), &Surroundings::of_process()?)?.admin_socket())
    }

    /// Asks the server on a connection of its own, as this process's user.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub fn ask_server(&self, request: Request) -> Result<Reply> {
        self.ask_in(request, Context::default())
    }

    /// The same with what goes with the request.
    ///
    /// # Errors
    ///
    /// As [`Workspace::ask_server`].
    pub fn ask_in(&self, request: Request, context: Context) -> Result<Reply> {
        let target = Target::new(self.admin_socket()?, "test").owned_by(self.owner());
        let limit: Duration = wait::DEADLINE;
        Ok(once(&target, request, context, Some(limit), |_| {})?)
    }

    /// The server at this moment.
    ///
    /// # Errors
    ///
    /// When it does not tell.
    pub fn told_status(&self) -> Result<Status> {
        match self.ask_server(Request::Status)? {
            Reply::Status(status) => Ok(*status),
            other => bail!("{other:?}"),
        }
    }

    fn owner(&self) -> Option<u32> {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(self.path()).map(|found| found.uid()).ok()
    }
}
