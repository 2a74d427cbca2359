//! The frame: a fixed header and a payload that is passed on unread.
//!
//! ```text
//! u32 payload length | u8 kind | u64 session | u64 sequence | u64 floor | payload
//! ```
//!
//! All integers are little endian. The length is checked against
//! [`MAX_PAYLOAD_BYTES`] before anything is allocated for it.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

/// Bytes in front of each payload.
pub const HEADER_BYTES: usize = 4 + 1 + 8 + 8 + 8;

/// Largest payload that is sent or accepted: 16 MiB for a client's message and
/// 1 MiB for what a session's own record adds to it.
pub const MAX_PAYLOAD_BYTES: usize = 17 * 1024 * 1024;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $value:literal,)*) => {
        /// What a frame is about. The numbers are the wire format: never reuse one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* $name = $value,)*
        }

        impl Kind {
            /// Every kind there is, for tests that walk them all.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            fn from_wire(value: u8) -> Option<Self> {
                match value {
                    $($value => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// First frame in each direction: who is there and which versions it speaks.
    Hello = 1,
    /// The hello was not acceptable; the payload says why, and the sender closes.
    Refused = 2,

    /// shim to front: one message of the client, with its sequence.
    /// front to worker: the same, to be handled for the first time in this worker's life.
    Message = 10,
    /// front to worker: a message that an earlier worker may have handled already.
    Replay = 11,
    /// front to worker: a session exists from here on; the payload is its opening.
    Open = 12,
    /// The client has ended its input (shim to front), or the session is over (front to worker).
    Close = 13,

    /// The answer to the message with this sequence. Towards the shim it also
    /// says that the message need not be kept any longer.
    Response = 20,
    /// front to shim: the message with this sequence needs no answer any more.
    Done = 21,
    /// A message to the client that answers nothing.
    Notification = 22,
    /// worker to front: a progress notification of the request with this sequence.
    Progress = 23,
    /// worker to front: the subscription asked for by this sequence is established.
    Listening = 24,
    /// worker to front: a request to the client; the sequence is the worker's own number for it.
    Request = 25,
    /// worker to front: the request to the client with this number is withdrawn.
    Withdraw = 26,
    /// front to worker: the client's answer (or the front's error) to the request with this number.
    Reply = 27,
    /// The session's record changed; the payload is opaque to the receiver, who
    /// keeps it and hands it to the next process that serves the session.
    State = 28,
    /// The session has ended and nothing more will come for it.
    Closed = 29,
    /// worker to front: as [`Kind::Response`], and the failure that it tells is the server's own.
    Fault = 30,
    /// worker to front: the request with this sequence stopped at a checkpoint,
    /// which is in the database; the next worker that gets it goes on from there.
    Suspended = 31,

    /// front to worker: take the database over and serve.
    Activate = 40,
    /// worker to front: serving from here on.
    Ready = 41,
    /// worker to front: cannot serve; the payload says why; the exit code says whether to try again.
    Failed = 42,
    /// A sign of life is asked for.
    Ping = 43,
    /// The sign of life, with the worker's figures.
    Pong = 44,
    /// front to worker: finish what is in flight and exit with 0.
    Stop = 45,
    /// front to shim: the front ends on purpose. Come back when there is something to send.
    Goodbye = 46,
    /// front to worker: open what you serve from, write nothing, and prove that you could serve.
    Prepare = 47,
    /// worker to front: it could.
    Prepared = 48,
    /// front to worker: do something beside the requests.
    Order = 49,
    /// worker to front: what came of it.
    Outcome = 50,
    /// front to worker: the front's own state has changed.
    FrontState = 51,
    /// front to worker: the worker of the epoch before writes no more from here on;
    /// what it had not answered follows.
    Retire = 52,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is about.
    pub kind: Kind,
    /// Which session of the receiver, 0 where the connection is the session.
    pub session: u64,
    /// Which message of the session, 0 where there is none.
    pub sequence: u64,
    /// See [`OperationId::floor`](super::OperationId::floor); 0 where it does not apply.
    pub floor: u64,
    /// Passed on unread.
    pub payload: Bytes,
}

impl Frame {
    /// A frame about a connection as a whole.
    pub fn control(kind: Kind, payload: impl Into<Bytes>) -> Self {
        Self::session(kind, 0, 0, payload)
    }

    /// A frame about one message of one session.
    pub fn session(kind: Kind, session: u64, sequence: u64, payload: impl Into<Bytes>) -> Self {
        Self { kind, session, sequence, floor: 0, payload: payload.into() }
    }
}

/// Why a stream of frames cannot be read on.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FrameError {
    /// The length field asks for more than is ever sent.
    #[error("a frame of {0} bytes exceeds the limit of {MAX_PAYLOAD_BYTES}")]
    TooLong(usize),
    /// A kind that this version does not know: the hello should have prevented it.
    #[error("unknown frame kind {0}")]
    UnknownKind(u8),
}

/// Appends the frame to the buffer.
///
/// # Errors
///
/// [`FrameError::TooLong`] when the payload exceeds [`MAX_PAYLOAD_BYTES`]; nothing is appended.
pub fn encode(frame: &Frame, into: &mut BytesMut) -> Result<(), FrameError> {
    let length = u32::try_from(frame.payload.len())
        .ok()
        .filter(|_| frame.payload.len() <= MAX_PAYLOAD_BYTES)
        .ok_or(FrameError::TooLong(frame.payload.len()))?;
    into.reserve(HEADER_BYTES + frame.payload.len());
    into.put_u32_le(length);
    into.put_u8(frame.kind as u8);
    into.put_u64_le(frame.session);
    into.put_u64_le(frame.sequence);
    into.put_u64_le(frame.floor);
    into.put_slice(&frame.payload);
    Ok(())
}

/// Cuts a byte stream into frames. Keeps at most one unfinished frame beyond
/// what the caller has put in.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
}

impl Decoder {
    /// Where the next bytes of the stream belong.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole frame, `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the stream is not one of frames; it cannot be read on after that.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some((mut header, _)) = self.buffer.split_first_chunk::<HEADER_BYTES>().map(|(h, r)| (&h[..], r))
        else {
            return Ok(None);
        };
        let length = header.get_u32_le() as usize;
        if length > MAX_PAYLOAD_BYTES {
            return Err(FrameError::TooLong(length));
        }
        let wire_kind = header.get_u8();
        let kind = Kind::from_wire(wire_kind).ok_or(FrameError::UnknownKind(wire_kind))?;
        let (session, sequence, floor) = (header.get_u64_le(), header.get_u64_le(), header.get_u64_le());
        if self.buffer.len() < HEADER_BYTES + length {
            // The rest is known to come: make room once instead of doubling.
            self.buffer.reserve(HEADER_BYTES + length - self.buffer.len());
            return Ok(None);
        }
        self.buffer.advance(HEADER_BYTES);
        let payload = self.buffer.split_to(length).freeze();
        Ok(Some(Frame { kind, session, sequence, floor, payload }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames() -> impl Strategy<Value = Frame> {
        (
            0..Kind::ALL.len(),
            any::<u64>(),
            any::<u64>(),
            any::<u64>(),
            prop::collection::vec(any::<u8>(), 0..300),
        )
            .prop_map(|(kind, session, sequence, floor, payload)| Frame {
                kind: Kind::ALL[kind],
                session,
                sequence,
                floor,
                payload: payload.into(),
            })
    }

    proptest! {
        #[test]
        fn any_frames_survive_any_fragmentation(frames in prop::collection::vec(frames(), 1..20), cut in 1usize..200) {
            let mut wire = BytesMut::new();
            for frame in &frames {
                encode(frame, &mut wire).unwrap();
            }
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            for piece in wire.chunks(cut) {
                decoder.input().extend_from_slice(piece);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    seen.push(frame);
                }
            }
            prop_assert_eq!(seen, frames);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let mut decoder = Decoder::default();
            decoder.input().extend_from_slice(&bytes);
            while let Ok(Some(_)) = decoder.next_frame() {}
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_it_is_allocated() {
        let mut decoder = Decoder::default();
        decoder.input().put_u32_le(u32::MAX);
        decoder.input().put_bytes(1, HEADER_BYTES);
        assert_eq!(decoder.next_frame(), Err(FrameError::TooLong(u32::MAX as usize)));
        assert!(decoder.input().capacity() < 4096);
    }
}
