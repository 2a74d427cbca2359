//! What the operations console costs, and how soon it shows what is so: the real program
//! in a terminal of 120×40, with a thousand sessions to look at.
//!
//! What ends at the terminal is measured up to where a terminal has understood it.

mod costs;
mod drawn;
mod first;
mod idle;
mod keys;
mod made;
mod memory;
mod real;
mod told;

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Scale;
use super::table::Table;

/// Sessions of a big server.
const SESSIONS: u32 = 1000;

/// Columns and rows.
const SIZE: (u16, u16) = (120, 40);

/// How each frame begins.
const FRAME: &str = "\x1b[?2026h";

/// Fills in the console's rows.
///
/// # Errors
///
/// When a program cannot be started, or the console does not show what it should.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let told = real::measure(scale, table)?;
    drawn::measure(scale, table, told)?;
    keys::measure(scale, table)?;
    memory::measure(scale, table)
}

#[expect(clippy::disallowed_methods, reason = "the time itself is what is measured")]
fn wait_for(time: Duration) -> Duration {
    let begun = Instant::now();
    std::thread::sleep(time);
    begun.elapsed()
}
