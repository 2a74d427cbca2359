//! Whatever is done to a session's streams: their events come in order, none twice, and
//! none is lost but for want of room or time; what is kept stays within its bounds; who
//! waits is woken; who comes back for what is not there is told so.
//!
//! The first two bytes are the bounds, every three behind them a step.
#![no_main]

mod ages;
mod lane;
mod session;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use session::Session;
use tokio::runtime::{Builder, Runtime};

/// Streams have timers. It is never run, so that none of them ends.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

/// Steps of one run.
const MAX_STEPS: usize = 400;

fuzz_target!(|data: &[u8]| {
    let [events, bytes, steps @ ..] = data else { return };
    let _entered = RUNTIME.enter();
    let mut session = Session::new(*events, *bytes);
    for step in steps.as_chunks::<3>().0.iter().take(MAX_STEPS) {
        session.step(*step);
    }
    session.end();
});
