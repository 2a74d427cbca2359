//! A worker from its first word to its last: hello, activation, service, end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::serve::{self, Link, LinkEnd, Services};
use super::transport::LinkSender;
use crate::link::{Frame, FrameReader, Kind, Versions, WorkerHello};

/// Asked for at each read: one link carries every session.
const ROOM_BYTES: usize = 64 * 1024;

/// How long the last words may take to reach the front.
const FLUSH_TIME: Duration = Duration::from_secs(5);

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

/// Serves the front that started this process. `open` is called when the front
/// wants the worker prepared or active; it must not write.
///
/// # Errors
///
/// [`WorkerError`]; the front has been told where that was possible.
pub(super) async fn run<S: Services, F>(
    schema: u32,
    versions: Versions,
    open: impl FnOnce() -> F,
) -> Result<LinkEnd, WorkerError>
where
    F: Future<Output = Result<S, WorkerError>>,
{
    let (reading, writing) = serve::halves_from_stdin().map_err(WorkerError::NoLink)?;
    let link = LinkSender::default();
    let outbox = link.outbox.clone();
    let writer = tokio::spawn(async move { outbox.write_to(writing).await });
    let hello = WorkerHello {
        versions,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        schema,
    };
    link.send(&Frame::control(Kind::Hello, serde_json::to_vec(&hello).unwrap_or_default()));
    let outcome = serve(&link, FrameReader::new(reading, ROOM_BYTES), open).await;
    if let Err(error) = &outcome {
        link.send(&Frame::control(Kind::Failed, error.to_string()));
    }
    link.outbox.close();
    // A front that is gone takes no last words, and the process ends either way.
    let _ = tokio::time::timeout(FLUSH_TIME, writer).await;
    outcome
}

async fn serve<S: Services, R, F>(
    link: &LinkSender,
    mut reader: FrameReader<R>,
    open: impl FnOnce() -> F,
) -> Result<LinkEnd, WorkerError>
where
    R: tokio::io::AsyncRead + Unpin,
    F: Future<Output = Result<S, WorkerError>>,
{
    let first = match reader.next().await.map_err(WorkerError::Link)? {
        None => return Ok(LinkEnd::Lost),
        Some(frame) if frame.kind == Kind::Stop => return Ok(LinkEnd::Stopped),
        Some(frame) if matches!(frame.kind, Kind::Prepare | Kind::Activate) => frame,
        Some(frame) => {
            let problem = format!("unexpected frame {:?} before the activation", frame.kind);
            return Err(WorkerError::Link(io::Error::other(problem)));
        }
    };
    Link::new(Arc::new(open().await?), link.clone()).run(first, reader).await
}
