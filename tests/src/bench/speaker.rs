//! The thinnest possible client: writes bytes, reads a line, in one thread.
//! What it measures is the program, not the client.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::Workspace;

/// Whoever carries a request to a worker and brings its answer.
pub trait Speaker {
    /// Sends one request and waits for its answer, which replaces the buffer's content.
    ///
    /// # Errors
    ///
    /// When the stream ends.
    fn round_trip(&mut self, request: &[u8], answer: &mut Vec<u8>) -> Result<()>;

    /// Opens a session.
    ///
    /// # Errors
    ///
    /// When the handshake fails.
    fn open(&mut self) -> Result<()>;

    /// Calls a tool and checks that it succeeded.
    ///
    /// # Errors
    ///
    /// When it did not.
    fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        let mut answer = Vec::new();
        self.round_trip(&request("tools/call", &json!({"name": tool, "arguments": arguments})), &mut answer)?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let body =
            answer.pointer("/result/structuredContent").with_context(|| format!("{tool}: {answer}"))?;
        ensure!(answer.pointer("/result/isError") != Some(&json!(true)), "{tool}: {answer}");
        Ok(body.clone())
    }
}

/// A request without its newline. One is in flight at a time, so one id will do.
pub fn request(method: &str, params: &Value) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string().into_bytes()
}

/// The handshake's request.
pub fn initialize() -> Vec<u8> {
    let client = json!({"name": "bench", "version": "1"});
    request("initialize", &json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}))
}

/// What follows it.
pub const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Whether these bytes answer something, and are not a notification.
pub fn is_answer(message: &[u8]) -> bool {
    !message.windows(24).take(200).any(|window| window == b"\"method\":\"notifications/")
}

/// Through a shim and the front, as every client comes.
#[derive(Debug)]
pub struct Shim {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shim {
    /// Starts a shim.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn launch(workspace: &Workspace) -> Result<Self> {
        let mut command = workspace.command("stdio");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let input = child.stdin.take().context("stdin")?;
        let output = BufReader::with_capacity(1 << 16, child.stdout.take().context("stdout")?);
        Ok(Self { child, input, output })
    }

    /// Starts a shim and opens its session.
    ///
    /// # Errors
    ///
    /// When the handshake fails.
    pub fn opened(workspace: &Workspace) -> Result<Self> {
        let mut shim = Self::launch(workspace)?;
        shim.open()?;
        Ok(shim)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends bytes, newlines included.
    ///
    /// # Errors
    ///
    /// When the stream ends.
    pub fn send(&mut self, lines: &[u8]) -> Result<()> {
        Ok(self.input.write_all(lines)?)
    }

    /// Reads one answer, past notifications.
    ///
    /// # Errors
    ///
    /// When the stream ends.
    pub fn answer(&mut self, into: &mut Vec<u8>) -> Result<()> {
        loop {
            into.clear();
            ensure!(self.output.read_until(b'\n', into)? > 0, "the shim's output ended");
            if is_answer(into) {
                return Ok(());
            }
        }
    }
}

impl Speaker for Shim {
    fn round_trip(&mut self, request: &[u8], answer: &mut Vec<u8>) -> Result<()> {
        let mut line = Vec::with_capacity(request.len() + 1);
        line.extend_from_slice(request);
        line.push(b'\n');
        self.send(&line)?;
        self.answer(answer)
    }

    fn open(&mut self) -> Result<()> {
        let mut answer = Vec::new();
        self.round_trip(&initialize(), &mut answer)?;
        ensure!(
            answer.windows(8).any(|window| window == b"\"result\""),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        self.send(INITIALIZED)?;
        self.send(b"\n")
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
