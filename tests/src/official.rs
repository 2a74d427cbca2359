//! The official conformance suites against a front over HTTP, with handovers and crashes of
//! the worker underneath. The worker serves the suites' fixtures, and is otherwise the real one.
//!
//! - `suite`: what is run, and what its checks say.   - `storm`: what happens underneath.
//! - `expected`: the failures that have a written reason.

mod expected;
mod storm;
mod suite;

use std::fmt::{self, Display};
use std::path::Path;

use anyhow::Result;

pub use expected::Expected;
pub use storm::Storm;
pub use suite::{Check, Suite};

use crate::http::Served;
use crate::workspace::MANY_CRASHES;
use crate::{Workspace, program};

/// What came of one run of a suite.
#[derive(Debug)]
pub struct Outcome {
    suite: Suite,
    storm: Storm,
    checks: Vec<Check>,
    /// How often the worker was replaced or killed meanwhile.
    blows: u32,
    unexpected: Vec<String>,
}

impl Outcome {
    /// Whether nothing failed without a written reason.
    pub fn is_clean(&self) -> bool {
        self.unexpected.is_empty() && self.count("SUCCESS") > 0
    }

    /// The failures without a written reason, one for each line.
    pub fn unexpected(&self) -> &[String] {
        &self.unexpected
    }

    /// What the suite advises and the server does not do, one for each line.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.checks.iter().filter(|check| check.status == "WARNING").map(Check::to_string)
    }

    fn count(&self, status: &str) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed) = (self.count("SUCCESS"), self.count("FAILURE"));
        write!(f, "{} {}: {passed}/{}", self.suite, self.storm, passed + failed)?;
        let expected = failed.saturating_sub(self.unexpected.len());
        for (number, what) in [
            (expected, "expected failures"),
            (self.count("WARNING"), "warnings"),
            (self.blows as usize, "blows"),
        ] {
            if number > 0 {
                write!(f, ", {number} {what}")?;
            }
        }
        Ok(())
    }
}

/// Runs one suite with one storm underneath. `clients` is where the suites are installed.
///
/// # Errors
///
/// When something cannot be started, or the suite ends before its checks.
pub fn run(suite: Suite, storm: Storm, clients: &Path, expected: &Expected) -> Result<Outcome> {
    let workspace = Workspace::configured(&configuration()?)?;
    workspace.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let (checks, blows) = storm.during(workspace, || suite.checks(clients, &served.url))?;
        let unexpected = expected.others(suite, &checks);
        Ok(Outcome { suite, storm, checks, blows, unexpected })
    })
}

/// The fixtures in place of the tools, and no limit to restarts and crashes.
fn configuration() -> Result<String> {
    let worker = program::beside("conformance_worker")?;
    Ok(format!(
        "{MANY_CRASHES}[limits]\nrestart_burst = 1000\nrestart_interval = \"10 ms\"\n[worker]\nbinary = {:?}\n",
        worker.display().to_string()
    ))
}
