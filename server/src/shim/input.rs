//! The thread that reads the client: lines from standard input to the front.

use std::io::Read;

use super::lines::{Line, Splitter};
use super::link::Link;

/// Read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Copies until the input ends.
pub(super) fn copy(mut input: impl Read, link: &Link) {
    let mut splitter = Splitter::new(link.options().max_message_bytes);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => {
                let bytes = chunk.get(..length).unwrap_or_default();
                splitter.take(bytes, |line| pass_on(line, link));
                link.write_unwritten();
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot read standard input");
                break;
            }
        }
    }
    splitter.end(|line| pass_on(line, link));
    link.end_input();
}

fn pass_on(line: Line, link: &Link) {
    match line {
        Line::Whole(message) => link.push(message.into()),
        Line::TooLong { id } => {
            let limit = link.options().max_message_bytes;
            tracing::warn!(limit, "a message was too long and was dropped");
            link.answer(&format!(
                r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":-32600,"message":"the message is longer than {limit} bytes and was not read: send less at a time"}}}}"#,
                id.as_deref().unwrap_or("null"),
            ));
        }
    }
}
