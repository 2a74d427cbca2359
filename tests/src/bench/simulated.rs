//! A shim without a process: speaks link frames to the front's client socket, so
//! that a thousand clients cost a thousand sockets and no more.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use task_orchestrator::link::{ClientId, Frame, FrameReader, Kind, PROTOCOL, ShimHello, encode};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::speaker::{INITIALIZED, initialize};

/// Asked for at each read; answers to light calls fit.
const ROOM_BYTES: usize = 4 * 1024;

/// One client with an opened session and one request in flight at most.
#[derive(Debug)]
pub struct Simulated {
    reader: FrameReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    sequence: u64,
    output: BytesMut,
    frames: Vec<Frame>,
}

impl Simulated {
    /// Connects and opens a session.
    ///
    /// # Errors
    ///
    /// When the front refuses or is not there.
    pub async fn open(socket: &Path) -> Result<Self> {
        let (reading, writer) = UnixStream::connect(socket).await?.into_split();
        let reader = FrameReader::new(reading, ROOM_BYTES);
        let mut client = Self { reader, writer, sequence: 0, output: BytesMut::new(), frames: Vec::new() };
        let hello = ShimHello {
            versions: PROTOCOL,
            build: "bench".to_owned(),
            client: ClientId::random(),
            pid: std::process::id(),
            record: None,
        };
        client.send(&Frame::control(Kind::Hello, serde_json::to_vec(&hello)?)).await?;
        let welcome = client.reader.next().await?.context("no answer to the hello")?;
        ensure!(welcome.kind == Kind::Hello, "refused: {}", String::from_utf8_lossy(&welcome.payload));
        client.request(&initialize()).await?;
        client.message(INITIALIZED).await?;
        Ok(client)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    ///
    /// When the connection ends.
    pub async fn request(&mut self, request: &[u8]) -> Result<Bytes> {
        self.message(request).await?;
        loop {
            ensure!(self.reader.next_batch(&mut self.frames).await?, "the front has closed the connection");
            let (mut answer, mut is_asked) = (None, false);
            for frame in self.frames.drain(..) {
                match frame.kind {
                    Kind::Response if frame.sequence == self.sequence => answer = Some(frame.payload),
                    Kind::Ping => is_asked = true,
                    Kind::Goodbye => bail!("the front has said goodbye"),
                    _ => {}
                }
            }
            if is_asked {
                self.send(&Frame::control(Kind::Pong, Bytes::new())).await?;
            }
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
    }

    /// [`Self::request`], and the answer must be a tool's success.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub async fn call(&mut self, request: &[u8]) -> Result<Value> {
        let answer: Value = serde_json::from_slice(&self.request(request).await?)?;
        ensure!(answer.pointer("/result/isError") != Some(&Value::Bool(true)), "{answer}");
        answer.pointer("/result/structuredContent").cloned().with_context(|| answer.to_string())
    }

    async fn message(&mut self, payload: &[u8]) -> Result<()> {
        self.sequence += 1;
        let payload = Bytes::copy_from_slice(payload);
        let frame = Frame::session(Kind::Message, 0, self.sequence, payload);
        self.send(&Frame { floor: self.sequence, ..frame }).await
    }

    async fn send(&mut self, frame: &Frame) -> Result<()> {
        self.output.clear();
        encode(frame, &mut self.output)?;
        self.writer.write_all(&self.output).await.context("write to the front")
    }
}
