//! What a tool does to the workspace, and what clients are told of it.

use rmcp::model::ToolAnnotations;

/// What calling the tool changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Reads,
    /// Something new; called again, it adds again.
    Adds,
    /// Something new that calling again does not add a second time.
    AddsOnce,
    /// What was there before is overwritten; calling again changes nothing more.
    Replaces,
    /// Something may be gone; calling again changes nothing more.
    Removes,
}

impl Effect {
    /// The hints for clients. The world outside the workspace is never touched.
    pub(crate) fn annotations(self, title: &str) -> ToolAnnotations {
        ToolAnnotations::with_title(title)
            .read_only(self == Self::Reads)
            .destructive(matches!(self, Self::Replaces | Self::Removes))
            .idempotent(self != Self::Adds)
            .open_world(false)
    }
}
