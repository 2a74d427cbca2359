//! The worker's MCP face as a client meets it: real store, real service, a
//! client that speaks JSON over a pipe and checks every reply against the
//! schema that its tool has published.

mod background;
mod harness;
mod jobs;
mod life;
mod limits;
mod protocol;
mod refusals;
mod replay;
mod resources;
mod restarts;
mod restored;
mod subscriptions;

pub(super) use harness::Harness;
