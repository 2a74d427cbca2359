//! A worker from its first word to its last: hello, activation, service, end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use thiserror::Error;

use super::serve::{self, Link, LinkEnd, Services};
use super::transport::LinkSender;
use crate::link::{Activation, Frame, FrameReader, Kind, PROTOCOL, WorkerHello, WorkerReady};

/// Asked for at each read: one link carries every session.
const ROOM_BYTES: usize = 64 * 1024;

/// How long the last words may take to reach the front.
const FLUSH_TIME: Duration = Duration::from_secs(5);

/// Ids of questions to clients are numbered from the generation times this, so
/// that no two workers use one id. With fewer than 2^33 generations they stay
/// below 2^53, which every JSON reader keeps exactly.
const QUESTIONS_PER_GENERATION: u64 = 1 << 20;

/// Why a worker does not serve.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// Standard input is not what a front puts there.
    #[error("a worker is started by its front, which gives it a socket as standard input: {0}")]
    NoLink(io::Error),
    /// The link broke, or said what it must not say.
    #[error("the link to the front failed: {0}")]
    Link(io::Error),
    /// What it serves from cannot be opened; another attempt may do better.
    #[error("{0}")]
    Temporary(String),
    /// What it serves from cannot be opened, and another attempt would not change that.
    #[error("{0}")]
    Permanent(String),
}

/// What a worker serves with, once it is open.
pub struct Opened<S> {
    /// Makes the sessions' services.
    pub services: Arc<S>,
    /// Times a worker was activated in this workspace, this one included.
    pub generation: u64,
}

/// Serves the front that started this process. `open` is called when the front
/// says so, with what the front has to tell.
///
/// # Errors
///
/// [`WorkerError`]; the front has been told where that was possible.
pub async fn run<S: Services>(
    schema: u32,
    open: impl FnOnce(Activation) -> Result<Opened<S>, WorkerError>,
) -> Result<LinkEnd, WorkerError> {
    let (reading, writing) = serve::stream_from_stdin().map_err(WorkerError::NoLink)?.into_split();
    let link = LinkSender::default();
    let outbox = link.outbox.clone();
    let writer = tokio::spawn(async move { outbox.write_to(writing).await });
    let hello = WorkerHello {
        versions: PROTOCOL,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        schema,
    };
    link.send(&Frame::control(Kind::Hello, serde_json::to_vec(&hello).unwrap_or_default()));
    let outcome = activate(&link, FrameReader::new(reading, ROOM_BYTES), open).await;
    if let Err(error) = &outcome {
        link.send(&Frame::control(Kind::Failed, error.to_string()));
    }
    link.outbox.close();
    // A front that is gone takes no last words, and the process ends either way.
    let _ = tokio::time::timeout(FLUSH_TIME, writer).await;
    outcome
}

async fn activate<S: Services, R: tokio::io::AsyncRead + Unpin>(
    link: &LinkSender,
    mut reader: FrameReader<R>,
    open: impl FnOnce(Activation) -> Result<Opened<S>, WorkerError>,
) -> Result<LinkEnd, WorkerError> {
    let activation = match reader.next().await.map_err(WorkerError::Link)? {
        None => return Ok(LinkEnd::Lost),
        Some(frame) if frame.kind == Kind::Activate => {
            serde_json::from_slice(&frame.payload).map_err(|error| WorkerError::Link(error.into()))?
        }
        Some(frame) => {
            let problem = format!("unexpected frame {:?} before the activation", frame.kind);
            return Err(WorkerError::Link(io::Error::other(problem)));
        }
    };
    let Opened { services, generation } = open(activation)?;
    link.next_question.store(generation.wrapping_mul(QUESTIONS_PER_GENERATION), Ordering::Relaxed);
    let ready = serde_json::to_vec(&WorkerReady { generation }).unwrap_or_default();
    link.send(&Frame::control(Kind::Ready, ready));
    tracing::info!(generation, "serving");
    Link::new(services, link.clone()).run(reader).await.map_err(WorkerError::Link)
}
