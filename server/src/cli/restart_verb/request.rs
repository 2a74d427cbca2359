//! What the flags of `restart` ask the server for.

use std::path::Path;

use task_orchestrator_shared::restart::{Reason, RestartRequest};

use super::RestartArgs;
use super::binary::{BinaryError, resolve};

impl RestartArgs {
    /// The request, with paths made absolute against this directory.
    pub(super) fn request(&self, current: &Path) -> Result<RestartRequest, BinaryError> {
        let usual = if self.emergency { Reason::EmergencyShutdown } else { Reason::ManualRequest };
        let binary = self.binary.as_deref().map(|binary| resolve(binary, current)).transpose()?;
        Ok(RestartRequest {
            graceful: !self.emergency,
            // A worker that is ended at once is asked for nothing any more.
            preserve_state: !self.no_snapshot && !self.emergency,
            timeout: self.timeout,
            reason: self.reason.map_or(usual, Reason::from),
            note: self.note.clone(),
            drain: self.drain,
            binary,
            build: !self.no_build,
            clear_buffers: self.clear_buffers,
            rollback: self.rollback,
        })
    }
}
