//! A client that speaks MCP over HTTP to a front of its own, and can misbehave. Every
//! request is one call of this thread.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use crate::client::MODERN;
use crate::{Workspace, wait};

/// How long a client waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

const BOTH_KINDS: &str = "application/json, text/event-stream";

/// A front that serves a workspace over HTTP. Dropping it kills the front.
#[derive(Debug)]
pub struct Served {
    child: Child,
    /// Where.
    pub url: String,
}

impl Served {
    /// Starts one at a port that the system chooses, with these further arguments.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start(workspace: &Workspace, arguments: &[&str]) -> Result<Self> {
        Self::start_at(workspace, "127.0.0.1:0", arguments)
    }

    /// Starts another one where this one was, once it is gone.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn again(&mut self, workspace: &Workspace) -> Result<()> {
        self.child.wait()?;
        let (_, address) = self.url.split_once("//").context("a URL")?;
        let address = address.trim_end_matches("/mcp").to_owned();
        *self = Self::start_at(workspace, &address, &[])?;
        Ok(())
    }

    /// Starts one at this address.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start_at(workspace: &Workspace, address: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = workspace.command("serve");
        command.args(["--http", address]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut served = Self { child: command.spawn().context("start the front")?, url: String::new() };
        served.url = wait::until("the front to serve", || {
            let status = workspace.status().ok()?;
            status.http.filter(|_| status.worker.is_some_and(|worker| worker.ready))
        })?;
        Ok(served)
    }

    /// The front's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The same place under another path.
    pub fn at(&self, path: &str) -> String {
        self.url.replace("/mcp", path)
    }

    /// Kills the front, as if by accident.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The session's id, where the answer names one.
    pub session: Option<String>,
    /// The media type.
    pub kind: String,
    /// The body.
    pub body: String,
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEvent {
    /// Its id, empty where it has none.
    pub id: String,
    /// Its data, empty for an event that only carries an id.
    pub data: String,
    /// After how many milliseconds to come back, where the server says so.
    pub retry: Option<u64>,
}

/// A stream that is being read.
pub struct Stream {
    lines: BufReader<Box<dyn Read + Send>>,
}

/// A client.
#[derive(Debug)]
pub struct HttpClient {
    agent: Agent,
    url: String,
    /// Sent with every request.
    pub token: Option<String>,
    session: Mutex<Option<String>>,
    revision: Mutex<Option<String>>,
}

impl HttpClient {
    /// One that has said nothing yet.
    pub fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .build();
        Self {
            agent: config.into(),
            url: url.to_owned(),
            token: None,
            session: Mutex::default(),
            revision: Mutex::default(),
        }
    }

    /// One with a session of the newest revision that has sessions.
    ///
    /// # Errors
    ///
    /// When the handshake fails.
    pub fn open(url: &str) -> Result<Self> {
        let client = Self::new(url);
        client.initialize("2025-11-25")?;
        Ok(client)
    }

    /// The handshake.
    ///
    /// # Errors
    ///
    /// When the server refuses it.
    pub fn initialize(&self, revision: &str) -> Result<()> {
        let answer = self.post(&json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {
                "protocolVersion": revision,
                "capabilities": {"elicitation": {}, "sampling": {}, "roots": {}},
                "clientInfo": {"name": "http-test", "version": "1"},
            },
        }))?;
        ensure!(answer.status == 200, "{answer:?}");
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = answer.session.clone();
        let agreed = answer.message()?["result"]["protocolVersion"].as_str().map(str::to_owned);
        *self.revision.lock().unwrap_or_else(PoisonError::into_inner) = agreed;
        let answer = self.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        ensure!(answer.status == 202, "{answer:?}");
        Ok(())
    }

    /// The session's id, once there is a session.
    pub fn session(&self) -> Option<String> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The headers that a client of its revision sends.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("Accept", BOTH_KINDS.to_owned())];
        headers.extend(self.session().map(|session| ("Mcp-Session-Id", session)));
        let revision = self.revision.lock().unwrap_or_else(PoisonError::into_inner).clone();
        headers.extend(revision.map(|revision| ("MCP-Protocol-Version", revision)));
        headers.extend(self.token.as_ref().map(|token| ("Authorization", format!("Bearer {token}"))));
        headers
    }

    /// Posts a message and reads all that comes back.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn post(&self, message: &Value) -> Result<Answer> {
        self.post_with(message.to_string().as_bytes(), &[])
    }

    /// Posts these bytes with further headers, which weigh more than the usual ones.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn post_with(&self, body: &[u8], headers: &[(&str, &str)]) -> Result<Answer> {
        answer(self.send(body, headers)?)
    }

    fn send(&self, body: &[u8], headers: &[(&str, &str)]) -> Result<Response<Body>> {
        let mut request = self.agent.post(&self.url);
        let given = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        if !given("Content-Type") {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in self.headers().iter().filter(|(name, _)| !given(name)) {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(request.send(body)?)
    }

    /// Posts a message and reads what comes back as a stream, as it comes.
    ///
    /// # Errors
    ///
    /// When the answer is no stream.
    pub fn post_stream(&self, message: &Value, headers: &[(&str, &str)]) -> Result<Stream> {
        stream(self.send(message.to_string().as_bytes(), headers)?)
    }

    /// Calls a tool of the era of sessions. The result or the error, whatever comes.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub fn call(&self, id: u64, tool: &str, arguments: &Value) -> Result<Value> {
        let params = json!({"name": tool, "arguments": arguments});
        self.post(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}))?.message()
    }

    /// Sends a request of the stateless era, with all that it must carry.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn ask(&self, id: u64, method: &str, mut params: Value) -> Result<Answer> {
        let named = ["name", "uri"].iter().find_map(|key| params[*key].as_str()).map(str::to_owned);
        let mut meta = modern_meta();
        if let (Some(meta), Some(own)) = (meta.as_object_mut(), params["_meta"].as_object()) {
            meta.extend(own.clone());
        }
        params["_meta"] = meta;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let mut headers = vec![("MCP-Protocol-Version", MODERN), ("Mcp-Method", method)];
        headers.extend(named.as_deref().map(|name| ("Mcp-Name", name)));
        self.post_with(message.to_string().as_bytes(), &headers)
    }

    /// Another client in the same session, at this place.
    pub fn same_session(&self, url: &str) -> Self {
        let revision = self.revision.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (token, session) = (self.token.clone(), Mutex::new(self.session()));
        Self { token, session, revision: Mutex::new(revision), ..Self::new(url) }
    }

    /// Opens the stream that belongs to no request, or one that broke behind this event.
    ///
    /// # Errors
    ///
    /// When the answer is no stream.
    pub fn stream(&self, last_event: Option<&str>) -> Result<Stream> {
        let last: Vec<_> = last_event.map(|id| ("Last-Event-ID", id)).into_iter().collect();
        // It lasts as long as the session, not as a request.
        stream(self.fetch(&last, None)?)
    }

    /// Sends a GET with further headers, which weigh more than the usual ones, and reads
    /// all that comes back: not for a stream that stays open.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn get_with(&self, headers: &[(&str, &str)]) -> Result<Answer> {
        answer(self.fetch(headers, Some(PATIENCE))?)
    }

    fn fetch(&self, headers: &[(&str, &str)], patience: Option<Duration>) -> Result<Response<Body>> {
        let mut request = self.agent.get(&self.url);
        let given = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        for (name, value) in self.headers().iter().filter(|(name, _)| !given(name)) {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(request.config().timeout_global(patience).build().call()?)
    }

    /// Forgets its session, as a client does that never had one.
    pub fn without_session(&self) -> Self {
        Self::new(&self.url)
    }

    /// Ends the session.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn delete(&self) -> Result<Answer> {
        let mut request = self.agent.delete(&self.url);
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        answer(request.call()?)
    }
}

/// What every request of the stateless era carries.
pub fn modern_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "http-test", "version": "1"},
    })
}

fn answer(mut response: Response<Body>) -> Result<Answer> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let session = header("mcp-session-id").map(str::to_owned);
    let kind = header("content-type").unwrap_or_default().to_owned();
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_string()?;
    Ok(Answer { status, session, kind, body })
}

fn stream(response: Response<Body>) -> Result<Stream> {
    if response.status() != StatusCode::OK {
        anyhow::bail!("no stream: {:?}", answer(response)?);
    }
    let reader: Box<dyn Read + Send> = Box::new(response.into_body().into_reader());
    Ok(Stream { lines: BufReader::new(reader) })
}

impl Answer {
    /// Every JSON-RPC message in it: the body, or what its events carry.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn messages(&self) -> Result<Vec<Value>> {
        if !self.kind.starts_with("text/event-stream") {
            return Ok(vec![serde_json::from_str(&self.body).with_context(|| format!("{self:?}"))?]);
        }
        let mut stream = Stream { lines: BufReader::new(Box::new(std::io::Cursor::new(self.body.clone()))) };
        let mut messages = Vec::new();
        while let Some(event) = stream.next_event()? {
            if !event.data.is_empty() {
                messages.push(serde_json::from_str(&event.data)?);
            }
        }
        Ok(messages)
    }

    /// The JSON-RPC message that answers: the body, or the last event of it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn message(&self) -> Result<Value> {
        self.messages()?.pop().with_context(|| format!("no message: {self:?}"))
    }
}

impl Stream {
    /// The next event; `None` when the stream has ended. Comments are passed over.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn next_event(&mut self) -> Result<Option<StreamEvent>> {
        let mut event = StreamEvent { id: String::new(), data: String::new(), retry: None };
        let mut line = String::new();
        let mut is_empty = true;
        loop {
            line.clear();
            if self.lines.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                if is_empty {
                    continue;
                }
                return Ok(Some(event));
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => event.id = value.to_owned(),
                "data" => event.data.push_str(value),
                "retry" => event.retry = value.parse().ok(),
                _ => continue,
            }
            is_empty = false;
        }
    }

    /// The next message, whatever events without data are between.
    ///
    /// # Errors
    ///
    /// When the stream ends, or carries something else.
    pub fn next_message(&mut self) -> Result<(String, Value)> {
        loop {
            let event = self.next_event()?.context("the stream has ended")?;
            if !event.data.is_empty() {
                return Ok((event.id, serde_json::from_str(&event.data)?));
            }
        }
    }
}
