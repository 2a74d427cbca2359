//! How much room there is.

use ratatui::layout::Rect;

/// How much room there is, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// At least 100 × 30: everything beside each other.
    Full,
    /// At least 80 × 24: the usual terminal.
    Usual,
    /// At least 40 × 10: the list, or the details, not both.
    Small,
    /// Less: one line that tells how things are.
    Line,
}

impl Layout {
    /// What fits into this area.
    pub fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (100.., 30..) => Self::Full,
            (80.., 24..) => Self::Usual,
            (40.., 10..) => Self::Small,
            _ => Self::Line,
        }
    }
}
