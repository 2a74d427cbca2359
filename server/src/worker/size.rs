//! How large an answer may be: what the link to the front can carry. Must
//! never let an answer out that ends the connection.

use std::io::{self, Write};

use serde::Serialize;

use crate::link::MAX_PAYLOAD_BYTES;

/// What the envelope around an answer may take.
const ENVELOPE: usize = 1024 * 1024;

/// Counts what is written and stops at the limit.
struct Counter {
    left: usize,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left =
            self.left.checked_sub(bytes.len()).ok_or_else(|| io::Error::from(io::ErrorKind::StorageFull))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the answer fits into one message.
pub(super) fn fits(answer: &impl Serialize) -> bool {
    serde_json::to_writer(Counter { left: MAX_PAYLOAD_BYTES - ENVELOPE }, answer).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_count() {
        let half = (MAX_PAYLOAD_BYTES - ENVELOPE) / 2;
        assert!(fits(&"x".repeat(half + 10)));
        assert!(!fits(&"\"".repeat(half + 10)), "each quote takes two bytes");
    }
}
