//! How large an answer may be: what the link to the front can carry. Must
//! never let an answer out that ends the connection.

use std::io::{self, Write};

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::Value;
use task_orchestrator_shared::error_code::ErrorCode;

use super::failure::Failure;
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

/// A reply as structured content and as text, as far as both fit into a message.
pub(super) fn answer(reply: Value) -> CallToolResult {
    let whole = CallToolResult::structured(reply);
    if fits(&whole) {
        return whole;
    }
    let Some(reply) = whole.structured_content else { return CallToolResult::default() };
    let mut bare = CallToolResult::structured(reply);
    bare.content =
        vec![ContentBlock::text("{\"note\":\"too large to be told twice: see structuredContent\"}")];
    if fits(&bare) {
        return bare;
    }
    let hint =
        "Ask for less: a smaller limit, or without children and artifacts; resources show single tasks.";
    Failure::new(ErrorCode::InvalidArgument, "the reply is larger than a message can be", hint).into_result()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn escapes_count() {
        let half = (MAX_PAYLOAD_BYTES - ENVELOPE) / 2;
        assert!(fits(&"x".repeat(half + 10)));
        assert!(!fits(&"\"".repeat(half + 10)), "each quote takes two bytes");
    }

    #[test]
    fn a_reply_that_is_too_large_is_told_once_or_refused() {
        let mib = |n: usize| json!({ "text": "x".repeat(n << 20) });
        let small = answer(mib(1));
        assert!(
            small.content.iter().any(|block| block.as_text().is_some_and(|text| text.text.len() > 1 << 20))
        );
        let once = answer(mib(12));
        assert!(once.structured_content.is_some() && fits(&once));
        let refused = answer(mib(17));
        assert_eq!(refused.is_error, Some(true));
    }
}
