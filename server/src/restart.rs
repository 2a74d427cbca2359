//! Restarts: one machine for those that are asked for, for crashes and for hangs.
//!
//! - [`machine`]: (state, event, time) → (state, effects). Pure: no clock, no
//!   process, no file, no randomness, so that every phase can be tried with every fault.
//! - [`event`], [`effect`]: all that it hears and all that it can want.
//! - [`state`]: where it is, as types: what exists only in one state is there only.
//! - [`crash_log`], [`delays`]: when crashes are too many, and how long to wait.
//! - [`plan`], [`build`]: which program the next front is to run, and its kept file.
//!
//! Whoever carries out the effects is in `front`; nothing here may know a client.

pub mod build;
pub mod crash_log;
pub mod delays;
pub mod effect;
pub mod event;
pub mod ids;
pub mod limits;
pub mod machine;
pub mod plan;
pub mod run;
pub mod state;

pub use effect::Effect;
pub use event::{Ask, Event, Trouble};
pub use ids::{BuildId, JobId, WorkerId};
pub use limits::Limits;
pub use machine::Machine;
pub use run::Run;
pub use state::{Active, After, Before, State, Step};
