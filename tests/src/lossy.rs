//! A worker that dies between a commit and its answer, as often as one likes.
//!
//! It stands between the front and a real worker and passes on their frames.
//! One answer in so many it keeps: the effect is in the database, nobody has
//! been told, and the whole worker is gone. A front then sends the request
//! again, and only the operation log tells the next worker that it is done.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::BytesMut;
use task_orchestrator::link::{Decoder, Frame, Kind, encode};

/// The requests whose answers are kept: doing one of these twice leaves two plans.
const TOOL: &[u8] = b"\"orchestrator_plan_task\"";

/// Of the answers to those, this one is kept.
const FATAL: usize = 10;

/// Requests for [`TOOL`] that have not been answered.
type Watched = Arc<Mutex<HashSet<(u64, u64)>>>;

/// Serves the front on standard input with the given worker until it ends or an answer is kept.
///
/// # Errors
///
/// When the worker does not start, or the link breaks in another way than by its end.
pub fn serve(mut worker: Command) -> Result<ExitCode> {
    let front = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = worker.stdin(Stdio::from(OwnedFd::from(theirs))).spawn().context("the real worker")?;
    // The command keeps its end open otherwise, and the worker's end would not be seen.
    drop(worker);
    let watched = Watched::default();
    let (from_front, to_worker, asked) = (front.try_clone()?, ours.try_clone()?, Arc::clone(&watched));
    std::thread::spawn(move || {
        let _ = requests(&from_front, &to_worker, &asked);
        let _ = to_worker.shutdown(std::net::Shutdown::Write);
    });
    answers(&ours, &front, &watched, &mut child)
}

/// Front to worker, until the front has ended.
fn requests(mut front: &UnixStream, mut worker: &UnixStream, asked: &Watched) -> Result<()> {
    let mut decoder = Decoder::default();
    while let Some(frame) = next(&mut decoder, &mut front)? {
        if frame.payload.windows(TOOL.len()).any(|window| window == TOOL) {
            lock(asked).insert((frame.session, frame.sequence));
        }
        pass_on(&frame, &mut worker)?;
    }
    Ok(())
}

/// Worker to front, until the worker has ended or the fatal answer comes.
fn answers(
    mut worker: &UnixStream,
    mut front: &UnixStream,
    asked: &Watched,
    child: &mut Child,
) -> Result<ExitCode> {
    let mut decoder = Decoder::default();
    let mut answered = 0;
    while let Some(frame) = next(&mut decoder, &mut worker)? {
        if frame.kind == Kind::Response && lock(asked).remove(&(frame.session, frame.sequence)) {
            answered += 1;
        }
        if answered == FATAL {
            child.kill()?;
            child.wait()?;
            return Ok(ExitCode::FAILURE);
        }
        pass_on(&frame, &mut front)?;
    }
    let code = child.wait()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn next(decoder: &mut Decoder, stream: &mut impl Read) -> Result<Option<Frame>> {
    let mut block = [0; 16 * 1024];
    loop {
        if let Some(frame) = decoder.next_frame()? {
            return Ok(Some(frame));
        }
        match stream.read(&mut block)? {
            0 => return Ok(None),
            read => decoder.input().extend_from_slice(block.get(..read).unwrap_or_default()),
        }
    }
}

fn pass_on(frame: &Frame, stream: &mut impl Write) -> Result<()> {
    let mut bytes = BytesMut::new();
    encode(frame, &mut bytes)?;
    stream.write_all(&bytes).context("pass a frame on")
}

fn lock(watched: &Watched) -> std::sync::MutexGuard<'_, HashSet<(u64, u64)>> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}
