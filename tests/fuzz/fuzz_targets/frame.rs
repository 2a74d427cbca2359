//! Any bytes, in any fragmentation, are cut into frames or refused: no panic,
//! nothing allocated on a stranger's word, and what is read is what was sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use task_orchestrator::link::{Decoder, Frame, FrameError, MAX_PAYLOAD_BYTES, encode};

/// Feeds the bytes in pieces of this size and gives what came out.
fn decoded(bytes: &[u8], piece: usize) -> (Vec<Frame>, Option<FrameError>) {
    let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
    for part in bytes.chunks(piece) {
        decoder.input().extend_from_slice(part);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(decoder.input().capacity() <= 2 * (MAX_PAYLOAD_BYTES + 64 + bytes.len()));
    }
    (frames, None)
}

fuzz_target!(|data: &[u8]| {
    let Some((&piece, bytes)) = data.split_first() else { return };
    let (whole, refused) = decoded(bytes, bytes.len().max(1));
    let (pieces, refused_in_pieces) = decoded(bytes, usize::from(piece).max(1));
    assert_eq!((&whole, &refused), (&pieces, &refused_in_pieces), "fragmentation changes the meaning");
    // What was understood, encoded again, is the beginning of what came in.
    let mut again = Default::default();
    for frame in &whole {
        encode(frame, &mut again).expect("a frame that was decoded can be encoded");
    }
    assert!(bytes.starts_with(&again));
});
