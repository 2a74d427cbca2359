//! An id that a client sends back is one that this server makes, in the same spelling, or
//! is refused; what is made fits into a line and a header, and is read as it was meant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use task_orchestrator::envelope::RequestId;
use task_orchestrator::front::fuzzing::{event_id, parse_event_id};

/// Longest id, and the longest id of a request that is part of one, in bytes.
const MAX_ID: usize = 512;
const MAX_REQUEST: usize = 128;

fn any(text: &str) {
    let Some((stream, number, request, is_end)) = parse_event_id(text) else { return };
    assert!(text.len() <= MAX_ID, "a long id was read");
    assert_eq!(event_id(stream, number, request.as_ref(), is_end), text, "an id that nobody makes was read");
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Makes an id of bytes, and spoils it at one place.
fn made(bytes: &[u8]) {
    let [kind, at, spoilt, stream, rest @ ..] = bytes else { return };
    // Few or many digits of each.
    let (stream, rest) = rest.split_at(usize::from(*stream % 9).min(rest.len()));
    let (event, rest) = rest.split_at(usize::from(*kind >> 4).min(rest.len()));
    let request = match *kind % 4 {
        0 => None,
        1 => Some(RequestId::Number(number(rest).cast_signed())),
        _ => Some(RequestId::Text(String::from_utf8_lossy(rest).into())),
    };
    let is_end = *kind % 16 == 3;
    let (stream, event) = (number(stream), number(event));
    let id = event_id(stream, event, request.as_ref(), is_end);
    assert!(
        id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        "{id}"
    );
    let told = |request: &RequestId| match request {
        RequestId::Number(_) => true,
        RequestId::Text(text) => text.len() <= MAX_REQUEST,
    };
    let request = request.filter(|request| !is_end && told(request));
    assert_eq!(parse_event_id(&id), Some((stream, event, request, is_end)), "{id}");

    let mut other = id.into_bytes();
    let at = usize::from(*at) % other.len();
    other[at] = *spoilt;
    if let Ok(other) = str::from_utf8(&other) {
        any(other);
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = str::from_utf8(bytes) {
        any(text);
    }
    made(bytes);
});
