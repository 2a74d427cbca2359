//! The admin socket: JSON-RPC 2.0, one line a message. Whoever the kernel says
//! is the server's own user, or root, may ask; everyone else is refused.

mod call;
mod listener;
mod wire;

pub use call::{CallError, call};
pub(crate) use listener::{Asked, serve};
