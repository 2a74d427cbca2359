//! What the program's own processes say to each other: frames over a local
//! stream, the hello that opens it, and the identity of an operation.
//!
//! Both hops use one codec: shim and front over the client socket, front and
//! worker over a socket pair. Nothing here reads the JSON that it carries.
//!
//! - `frame`: the codec.   - `reader`, `outbox`: frames in and out.   - `halves`: the stream.
//! - `hello`: what each side says of itself.   - `operation`: which request of which client.

mod frame;
mod halves;
mod hello;
mod operation;
mod outbox;
mod reader;

pub use frame::{Decoder, Frame, FrameError, HEADER_BYTES, Kind, MAX_PAYLOAD_BYTES, encode};
pub use halves::{Reading, Writing, halves, wait_for_input};
pub use hello::{
    Activation, Done, FrontState, Goodbye, HelloError, Inspection, Order, OrderFailure, OrderFrame,
    OutcomeFrame, PROTOCOL, QUESTIONS_PER_GENERATION, READS_TASKS, SessionOpening, ShimHello, SnapshotBulk,
    SnapshotHeader, TakeOver, Unread, Versions, Welcome, WorkerFigures, WorkerHello, WorkerPrepared,
    WorkerReady,
};
pub use operation::{ClientId, OperationId};
pub use outbox::Outbox;
pub use reader::FrameReader;
