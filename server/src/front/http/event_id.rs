//! The ids of events: they tell a later front enough to answer for a stream that it does
//! not have.
//!
//! `<stream>-<number>`, then for a request's stream `-n<id>` or `-t<id in hexadecimal>`
//! with the request's JSON-RPC id, and `-end` alone for the answer, behind which nothing
//! comes. What clients send back is checked, and no more than [`MAX_BYTES`] of it is read.

use std::fmt::Write;

use crate::envelope::RequestId;

/// Longest id that is made or read. Requests whose own id is longer have events without
/// it: their clients can come back as long as the stream is kept.
const MAX_BYTES: usize = 512;

/// An event that a client has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) stream: u64,
    pub(super) number: u64,
    /// The request that the stream belongs to, where the id tells it.
    pub(super) request: Option<RequestId>,
    /// Nothing comes behind it.
    pub(super) is_end: bool,
}

/// What the ids of a stream's events have at their end.
pub(super) fn mark(request: Option<&RequestId>) -> Box<str> {
    let mut mark = String::new();
    // Writing to a string does not fail.
    let _ = match request {
        Some(RequestId::Number(number)) => write!(mark, "-n{number}"),
        Some(RequestId::Text(text)) if text.len() <= MAX_BYTES / 4 => {
            mark.push_str("-t");
            text.bytes().try_for_each(|byte| write!(mark, "{byte:02x}"))
        }
        Some(RequestId::Text(_)) | None => Ok(()),
    };
    mark.into()
}

/// The id of an event.
pub(super) fn event_id(stream: u64, number: u64, mark: &str, is_end: bool) -> String {
    format!("{stream}-{number}{}", if is_end { "-end" } else { mark })
}

/// Reads an id. `None` for one that this server has not made.
pub(super) fn parse(id: &str) -> Option<Place> {
    if id.len() > MAX_BYTES {
        return None;
    }
    let mut parts = id.splitn(3, '-');
    let (stream, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (request, is_end) = match parts.next() {
        None => (None, false),
        Some("end") => (None, true),
        Some(mark) => (Some(request(mark)?), false),
    };
    // Another spelling of an id is none that was made: what comes back is what was sent.
    let made = event_id(stream, number, &mark(request.as_ref()), is_end);
    (made == id).then_some(Place { stream, number, request, is_end })
}

fn request(mark: &str) -> Option<RequestId> {
    if let Some(number) = mark.strip_prefix('n') {
        return number.parse().ok().map(RequestId::Number);
    }
    let digits: Option<Vec<u8>> = mark
        .strip_prefix('t')?
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes = digits?
        .chunks(2)
        .map(|pair| <[u8; 2]>::try_from(pair).ok().map(|[high, low]| high << 4 | low))
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok().map(|text| RequestId::Text(text.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn requests() -> impl Strategy<Value = Option<RequestId>> {
        prop_oneof![
            Just(None),
            any::<i64>().prop_map(|number| Some(RequestId::Number(number))),
            "\\PC{0,30}".prop_map(|text| Some(RequestId::Text(text.into()))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_made_is_read(stream: u64, number: u64, request in requests(), is_end: bool) {
            let id = event_id(stream, number, &mark(request.as_ref()), is_end);
            let request = request.filter(|_| !is_end);
            prop_assert_eq!(parse(&id), Some(Place { stream, number, request, is_end }));
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(id in "[0-9a-fnt-]{0,40}|\\PC{0,40}") {
            if let Some(place) = parse(&id) {
                prop_assert!(id.starts_with(|first: char| first.is_ascii_digit()), "{place:?}");
            }
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        for id in ["1-2", "1-2-n-7", "1-2-t6a", "1-2-t", "1-2-end"] {
            assert!(parse(id).is_some(), "{id}");
        }
        let long = format!("1-2-t{}", "6a".repeat(MAX_BYTES / 4 + 1));
        for id in ["+1-2", "1-02", "1-+2", "1-2-n+7", "1-2-n-0", "1-2-t6A", &long] {
            assert_eq!(parse(id), None, "{id}");
        }
    }

    #[test]
    fn a_request_with_a_long_id_has_events_without_it() {
        let long = RequestId::Text("x".repeat(10_000).into());
        assert_eq!(&*mark(Some(&long)), "");
        assert_eq!(parse(&"1".repeat(10_000)), None);
    }
}
