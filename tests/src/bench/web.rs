//! A client over HTTP without a process or a thread of its own: a kept connection for its
//! requests, and one for its stream. As thin as hyper's client lets it be.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::speaker::{INITIALIZED, initialize};
use crate::client::MODERN;
use crate::http::modern_meta;

const SESSION: &str = "mcp-session-id";
const BOTH_KINDS: &str = "application/json, text/event-stream";

/// Which era it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Sessions.
    Legacy,
    /// Each request for itself.
    Modern,
}

/// One client with one request in flight at most.
#[derive(Debug)]
pub struct Web {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    host: HeaderValue,
    session: Option<HeaderValue>,
    era: Era,
}

/// A stream that is open, and is not read any further than its head.
#[derive(Debug)]
pub struct Listening(#[expect(dead_code, reason = "held open")] hyper::Response<hyper::body::Incoming>);

impl Web {
    /// Connects, and opens a session where its era has sessions.
    ///
    /// # Errors
    ///
    /// When the server refuses or is not there.
    pub async fn open(address: SocketAddr, era: Era) -> Result<Self> {
        let sender = connect(address).await?;
        let host = HeaderValue::from_str(&address.to_string())?;
        let mut client = Self { sender, address, host, session: None, era };
        if era == Era::Legacy {
            let answer = client.send(&initialize()).await?;
            client.session = answer.headers().get(SESSION).cloned();
            ensure!(client.session.is_some(), "no session: {}", answer.status());
            answer.into_body().collect().await?;
            client.send(INITIALIZED).await?.into_body().collect().await?;
        }
        Ok(client)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    ///
    /// When it is refused or the connection ends.
    pub async fn request(&mut self, request: &[u8]) -> Result<Bytes> {
        let answer = self.send(request).await?;
        let status = answer.status();
        let is_stream = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&body));
        Ok(if is_stream { last_message(&body) } else { body })
    }

    async fn send(&mut self, message: &[u8]) -> Result<hyper::Response<hyper::body::Incoming>> {
        let mut request = self.head(Method::POST);
        request = request.header(CONTENT_TYPE, "application/json");
        if self.era == Era::Modern {
            request = request.header("mcp-protocol-version", MODERN);
            request = request.header("mcp-method", "tools/call").header("mcp-name", named(message)?);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(message)))?;
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
    }

    /// Opens the stream that belongs to no request, on a connection of its own.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn listen(&self) -> Result<Listening> {
        let mut sender = connect(self.address).await?;
        let answer = sender.send_request(self.head(Method::GET).body(Full::default())?).await?;
        ensure!(answer.status() == StatusCode::OK, "no stream: {}", answer.status());
        // Dropping the sender would end the connection.
        tokio::spawn(async move {
            let _kept = sender;
            std::future::pending::<()>().await;
        });
        Ok(Listening(answer))
    }

    fn head(&self, method: Method) -> hyper::http::request::Builder {
        let request = Request::builder().method(method).uri("/mcp").header(HOST, &self.host);
        let request = request.header(ACCEPT, BOTH_KINDS);
        match &self.session {
            Some(session) => request.header(SESSION, session),
            None => request,
        }
    }
}

/// What is on the last line of a stream that carries something: the answer.
fn last_message(stream: &[u8]) -> Bytes {
    let lines = stream.split(|byte| *byte == b'\n').rev();
    let last = lines.filter_map(|line| line.strip_prefix(b"data: ")).find(|message| !message.is_empty());
    Bytes::copy_from_slice(last.unwrap_or_default())
}

/// A tool's call as this era sends it.
pub fn call(era: Era, tool: &str, arguments: &Value) -> Vec<u8> {
    let mut params = json!({"name": tool, "arguments": arguments});
    if era == Era::Modern {
        params["_meta"] = modern_meta();
    }
    super::speaker::request("tools/call", &params)
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its end is seen by who sends.
    tokio::spawn(connection);
    Ok(sender)
}

/// The tool that a message calls: the head says it as well.
fn named(message: &[u8]) -> Result<HeaderValue> {
    #[derive(serde::Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        params: Params<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Params<'a> {
        name: &'a str,
    }
    let message: Message<'_> = serde_json::from_slice(message).context("a call of a tool")?;
    Ok(HeaderValue::from_str(message.params.name)?)
}
