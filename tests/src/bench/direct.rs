//! A worker spoken to directly, in the front's place: the control for what shim
//! and front add to a call.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use task_orchestrator::link::{Activation, ClientId, Decoder, Frame, Kind, SessionOpening, encode};

use super::speaker::{INITIALIZED, Speaker, initialize};
use crate::Workspace;

const SESSION: u64 = 1;

/// A worker process and this end of its link.
#[derive(Debug)]
pub struct DirectWorker {
    child: Child,
    link: UnixStream,
    decoder: Decoder,
    sequence: u64,
    output: BytesMut,
}

impl DirectWorker {
    /// Starts a worker for the workspace and activates it. No front may run there.
    ///
    /// # Errors
    ///
    /// When it does not start or is not ready.
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let (link, theirs) = UnixStream::pair()?;
        let mut command = workspace.command("worker");
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn()?;
        // It holds the worker's end, which would keep the link open without a worker.
        drop(command);
        let decoder = Decoder::default();
        let mut worker = Self { child, link, decoder, sequence: 0, output: BytesMut::new() };
        let activation = serde_json::to_vec(&Activation::default())?;
        worker.send(&Frame::control(Kind::Activate, activation))?;
        loop {
            let frame = worker.receive()?;
            match frame.kind {
                Kind::Ready => return Ok(worker),
                Kind::Failed => bail!("the worker failed: {}", String::from_utf8_lossy(&frame.payload)),
                _ => {}
            }
        }
    }

    /// A worker with one opened session.
    ///
    /// # Errors
    ///
    /// As [`DirectWorker::start`].
    pub fn opened(workspace: &Workspace) -> Result<Self> {
        let mut worker = Self::start(workspace)?;
        worker.open()?;
        Ok(worker)
    }

    fn send(&mut self, frame: &Frame) -> Result<()> {
        self.output.clear();
        encode(frame, &mut self.output)?;
        self.link.write_all(&self.output).context("write to the worker")
    }

    fn message(&mut self, payload: &[u8]) -> Result<()> {
        self.sequence += 1;
        let payload = Bytes::copy_from_slice(payload);
        let frame =
            Frame { floor: self.sequence, ..Frame::session(Kind::Message, SESSION, self.sequence, payload) };
        self.send(&frame)
    }

    fn receive(&mut self) -> Result<Frame> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(frame);
            }
            let input = self.decoder.input();
            let filled = input.len();
            input.resize(filled + 16 * 1024, 0);
            let read = self.link.read(input.get_mut(filled..).unwrap_or_default()).context("read")?;
            self.decoder.input().truncate(filled + read);
            ensure!(read > 0, "the worker ended");
        }
    }
}

impl Speaker for DirectWorker {
    fn round_trip(&mut self, request: &[u8], answer: &mut Vec<u8>) -> Result<()> {
        self.message(request)?;
        loop {
            let frame = self.receive()?;
            if frame.kind == Kind::Response && frame.sequence == self.sequence {
                answer.clear();
                answer.extend_from_slice(&frame.payload);
                return Ok(());
            }
        }
    }

    fn open(&mut self) -> Result<()> {
        let opening =
            SessionOpening { client: ClientId::random(), record: None, principal: None, headers: None };
        self.send(&Frame::session(Kind::Open, SESSION, 0, serde_json::to_vec(&opening)?))?;
        let mut answer = Vec::new();
        self.round_trip(&initialize(), &mut answer)?;
        self.message(INITIALIZED)
    }
}

impl Drop for DirectWorker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
