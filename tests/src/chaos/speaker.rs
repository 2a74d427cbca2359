//! A client of a chaos run, whichever way it comes: over a shim, or over HTTP in either
//! era. It says what a call came to, and whether its connection broke.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::unasked::Unasked;
use crate::http::{self, HttpClient};
use crate::{Client, Workspace};

/// What a client sees of a connection whose other end has died.
const BROKEN: [ErrorKind; 5] = [
    ErrorKind::BrokenPipe,
    ErrorKind::ConnectionAborted,
    ErrorKind::ConnectionRefused,
    ErrorKind::ConnectionReset,
    ErrorKind::UnexpectedEof,
];

/// How the clients of a run come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Transport {
    /// Each over a shim of its own.
    Stdio,
    /// Over HTTP: one with a session, the next without.
    Http,
    /// Over a shim, with a session over HTTP, and without one, in turn.
    Mixed,
}

#[derive(Debug)]
enum Way {
    Shim(Client),
    Session(HttpClient, Unasked),
    Requests(HttpClient),
}

/// See the module. Several threads may call at once.
#[derive(Debug)]
pub(super) struct Speaker {
    way: Way,
    next: AtomicU64,
    /// How often each id was answered over HTTP.
    answered: Mutex<HashMap<u64, u32>>,
    /// Whether the front dies in this run: who comes over HTTP sees a reset then, and
    /// calls again with its key.
    front_dies: bool,
}

impl Speaker {
    /// The client with this number in a run.
    ///
    /// # Errors
    ///
    /// When it cannot connect.
    pub(super) fn open(
        workspace: &Workspace,
        transport: Transport,
        number: usize,
        front_dies: bool,
    ) -> Result<Self> {
        let url = || {
            workspace.status_when("a front with HTTP", |status| status.http.is_some())?.http.context("a URL")
        };
        let way = match (transport, number % 3, number % 2) {
            (Transport::Stdio, ..) | (Transport::Mixed, 0, _) => Way::Shim(Client::open(workspace)?),
            (Transport::Mixed, 1, _) | (Transport::Http, _, 0) => {
                let url = url()?;
                let client = HttpClient::open(&url)?;
                let unasked = Unasked::of(&url, &client, front_dies)?;
                Way::Session(client, unasked)
            }
            _ => Way::Requests(HttpClient::new(&url()?)),
        };
        Ok(Self { way, next: AtomicU64::new(1), answered: Mutex::default(), front_dies })
    }

    /// Calls a tool: the request's id, and the message that answered it.
    pub(super) fn call(
        &self,
        tool: &str,
        arguments: &Value,
        key: &str,
        patience: Duration,
    ) -> (u64, Result<Value>) {
        let params = json!({"name": tool, "arguments": arguments});
        match &self.way {
            Way::Shim(client) => match client.send("tools/call", params) {
                Ok(id) => (id, client.response_within(&json!(id), patience).map(|arrived| arrived.message)),
                Err(error) => (0, Err(error)),
            },
            Way::Session(client, _) | Way::Requests(client) => {
                let id = self.next.fetch_add(1, Ordering::Relaxed);
                (id, self.over_http(client, id, params, key, patience))
            }
        }
    }

    /// One call, and where a front may die under it as many as it takes.
    fn over_http(
        &self,
        client: &HttpClient,
        id: u64,
        mut params: Value,
        key: &str,
        patience: Duration,
    ) -> Result<Value> {
        if self.front_dies {
            params["_meta"] = json!({"idempotencyKey": key});
        }
        let end = Instant::now() + patience;
        loop {
            match self.once(client, id, &params) {
                Err(error) if self.front_dies && Instant::now() < end && broke(&error) => {}
                answered => return self.answer(id, &answered?),
            }
        }
    }

    fn once(&self, client: &HttpClient, id: u64, params: &Value) -> Result<http::Answer> {
        match &self.way {
            Way::Requests(_) => client.ask(id, "tools/call", params.clone()),
            _ => client.post(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})),
        }
    }

    fn answer(&self, id: u64, answer: &http::Answer) -> Result<Value> {
        ensure!(answer.status == 200, "{answer:?}");
        let answers: Vec<Value> =
            answer.messages()?.into_iter().filter(|message| message.get("id") == Some(&json!(id))).collect();
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        *answered.entry(id).or_default() += u32::try_from(answers.len())?;
        answers.into_iter().next().with_context(|| format!("no answer: {answer:?}"))
    }

    /// How often the client has had an answer to this id.
    pub(super) fn times_answered(&self, id: u64) -> u32 {
        match &self.way {
            Way::Shim(client) => client.inbox().look(|received| received.times_answered(&json!(id))),
            _ => self.answered.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied().unwrap_or(0),
        }
    }

    /// How its connection broke, if it did. Ends a session over HTTP.
    pub(super) fn disconnect(&self) -> Option<String> {
        match &self.way {
            Way::Shim(client) => {
                let ended = client.inbox().look(|received| received.ended);
                let problem = ended.then(|| "its stream ended".to_owned());
                problem.or_else(|| client.assert_pure().err().map(|error| error.to_string()))
            }
            Way::Session(client, unasked) => unasked.end(client),
            Way::Requests(_) => None,
        }
    }
}

/// Whether a call failed because its connection did.
pub(super) fn broke(error: &anyhow::Error) -> bool {
    let of = |error: &io::Error| BROKEN.contains(&error.kind());
    error.chain().any(|cause| match cause.downcast_ref::<ureq::Error>() {
        Some(ureq::Error::Io(error)) => of(error),
        Some(ureq::Error::ConnectionFailed) => true,
        _ => cause.downcast_ref::<io::Error>().is_some_and(of),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_connection_that_broke_is_told_from_an_answer_that_is_wrong() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let hangs_up = std::thread::spawn(move || drop(listener.accept()));
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
        let reset = HttpClient::new(&url).post(&ping).unwrap_err();
        assert!(broke(&reset), "{reset:?}");
        hangs_up.join().unwrap();
        let refused = HttpClient::new(&url).post(&ping).unwrap_err();
        assert!(broke(&refused), "{refused:?}");
        assert!(!broke(&anyhow::anyhow!("no answer")));
    }
}
