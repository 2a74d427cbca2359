//! A client that speaks JSON-RPC lines to `task-orchestrator stdio`, and can misbehave.
//!
//! Every line of the program's stdout is checked to be a JSON-RPC message;
//! requests of the server are answered; notifications are kept. Several
//! threads may use one client at once.

mod call;
mod inbox;
mod tool_reply;

use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

pub use call::error_of;
pub use inbox::{Arrived, Inbox, Received};
pub use tool_reply::ToolReply;

use crate::{Workspace, wait};

/// The revisions that open with `initialize`.
pub const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The revision without a handshake.
pub const MODERN: &str = "2026-07-28";

/// One client with a shim of its own.
#[derive(Debug)]
pub struct Client {
    child: Mutex<Child>,
    pid: u32,
    input: Arc<Mutex<Option<ChildStdin>>>,
    inbox: Arc<Inbox>,
    next: AtomicU64,
    /// What each request of the stateless era carries.
    meta: OnceLock<Value>,
}

impl Client {
    /// Starts a shim. Nothing has been said yet.
    ///
    /// # Errors
    ///
    /// When the program does not start.
    pub fn launch(workspace: &Workspace) -> Result<Self> {
        static SHIMS: AtomicU64 = AtomicU64::new(0);
        let number = SHIMS.fetch_add(1, Ordering::Relaxed);
        let directory = workspace.state("test_stderr");
        fs::create_dir_all(&directory)?;
        let problems = File::create(directory.join(format!("shim-{number}.log")));
        let mut command = workspace.command("stdio");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A full disk must not keep the shim from starting.
        command.stderr(problems.map_or_else(|_| Stdio::null(), Stdio::from));
        let mut child = command.spawn().context("start the shim")?;
        let input = Arc::new(Mutex::new(child.stdin.take()));
        let output = child.stdout.take().context("the shim's stdout")?;
        let inbox = Inbox::reading(output, Arc::clone(&input));
        let pid = child.id();
        let (next, meta) = (AtomicU64::new(1), OnceLock::new());
        Ok(Self { child: Mutex::new(child), pid, input, inbox, next, meta })
    }

    /// Starts a shim and opens a session of the newest revision with a handshake.
    ///
    /// # Errors
    ///
    /// When the handshake fails.
    pub fn open(workspace: &Workspace) -> Result<Self> {
        let client = Self::launch(workspace)?;
        client.initialize("2025-11-25")?;
        Ok(client)
    }

    /// The legacy handshake; gives the server's answer.
    ///
    /// # Errors
    ///
    /// When it is refused, or the revision that was asked for is not the one agreed on.
    pub fn initialize(&self, revision: &str) -> Result<Value> {
        let answer = self.request(
            "initialize",
            json!({
                "protocolVersion": revision,
                "capabilities": {},
                "clientInfo": {"name": "proof", "version": "1"},
            }),
        )?;
        ensure!(
            answer.get("protocolVersion") == Some(&json!(revision)),
            "agreed on something else: {answer}"
        );
        self.notify("notifications/initialized", json!({}))?;
        Ok(answer)
    }

    /// Speaks the stateless revision from here on; gives the answer to `server/discover`.
    ///
    /// # Errors
    ///
    /// When the server does not know it.
    pub fn discover(&self) -> Result<Value> {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "proof", "version": "1"},
        });
        ensure!(self.meta.set(meta).is_ok(), "the era has been chosen already");
        self.request("server/discover", json!({}))
    }

    /// The shim's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What has come in so far.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// When the shim's input is closed.
    pub fn send_raw(&self, bytes: &[u8]) -> Result<()> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        let input = input.as_mut().context("the input has been closed")?;
        input.write_all(bytes).context("write to the shim")?;
        input.flush().context("write to the shim")
    }

    /// Sends one message as a line.
    ///
    /// # Errors
    ///
    /// As [`Client::send_raw`].
    pub fn send_line(&self, message: &Value) -> Result<()> {
        self.send_raw(format!("{message}\n").as_bytes())
    }

    /// Sends a request and gives its id at once, so that several can be in flight.
    ///
    /// # Errors
    ///
    /// As [`Client::send_raw`].
    pub fn send(&self, method: &str, params: Value) -> Result<u64> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.send_line(
            &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": self.dressed(params)}),
        )?;
        Ok(id)
    }

    /// Sends a notification.
    ///
    /// # Errors
    ///
    /// As [`Client::send_raw`].
    pub fn notify(&self, method: &str, params: Value) -> Result<()> {
        self.send_line(&json!({"jsonrpc": "2.0", "method": method, "params": self.dressed(params)}))
    }

    fn dressed(&self, mut params: Value) -> Value {
        if let (Some(meta), Some(fields)) = (self.meta.get(), params.as_object_mut()) {
            let own = fields.entry("_meta").or_insert_with(|| json!({}));
            if let (Some(own), Some(meta)) = (own.as_object_mut(), meta.as_object()) {
                own.extend(meta.clone());
            }
        }
        params
    }

    /// The whole response to a request that was sent, once it is there.
    ///
    /// # Errors
    ///
    /// When the stream ends or the deadline passes first.
    pub fn response(&self, id: &Value) -> Result<Arrived> {
        self.response_within(id, wait::DEADLINE)
    }

    /// [`Client::response`] with a deadline of the caller's.
    ///
    /// # Errors
    ///
    /// As [`Client::response`].
    pub fn response_within(&self, id: &Value, deadline: Duration) -> Result<Arrived> {
        self.inbox
            .wait(deadline, |received| match received.take(id) {
                Some(arrived) => Some(Ok(arrived)),
                None => {
                    received.ended.then(|| Err(anyhow::anyhow!("the stream ended without an answer to {id}")))
                }
            })
            .with_context(|| format!("no answer to {id}"))?
    }

    /// Ends the client's input, as a client does that quits.
    pub fn close_input(&self) {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// How the shim ended, once it has.
    ///
    /// # Errors
    ///
    /// When it stays.
    pub fn exit(&self) -> Result<ExitStatus> {
        wait::until("the shim to end", || {
            self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().ok().flatten()
        })
    }

    /// Everything that was wrong about the stream: lines that are no messages, answers twice.
    ///
    /// # Errors
    ///
    /// When anything was.
    pub fn assert_pure(&self) -> Result<()> {
        self.inbox.look(|received| {
            ensure!(received.impure.is_empty(), "not JSON-RPC on stdout: {:?}", received.impure);
            let twice = received.answered_more_than_once();
            ensure!(twice.is_empty(), "answered more than once: {twice:?}");
            Ok(())
        })
    }

    /// Quits and checks that the shim ended well.
    ///
    /// # Errors
    ///
    /// When it ended with another code than 0, or wrote what is no message.
    pub fn quit(&self) -> Result<()> {
        self.close_input();
        let status = self.exit()?;
        ensure!(status.code() == Some(0), "the shim ended with {status}");
        self.assert_pure()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}
