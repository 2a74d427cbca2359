//! Messages of the client that the front has not said to be done with, in their
//! order. Holds no socket; the bound on its size is the caller's to wait for.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

/// See the module.
#[derive(Debug)]
pub(super) struct Outstanding {
    messages: BTreeMap<u64, Bytes>,
    bytes: usize,
    next: u64,
    /// Everything up to here has been written to the connection at hand.
    written: u64,
}

/// A message to be written: its sequence, the floor, and its text.
pub(super) type Unwritten = (u64, u64, Bytes);

impl Outstanding {
    pub(super) fn new() -> Self {
        Self { messages: BTreeMap::new(), bytes: 0, next: 1, written: 0 }
    }

    /// Takes a message and gives it its place.
    pub(super) fn push(&mut self, message: Bytes) {
        self.bytes += message.len();
        self.messages.insert(self.next, message);
        self.next += 1;
    }

    /// The front needs this message no more. `false` when that was known.
    pub(super) fn done(&mut self, sequence: u64) -> bool {
        match self.messages.remove(&sequence) {
            Some(message) => {
                self.bytes -= message.len();
                true
            }
            None => false,
        }
    }

    /// The next message that the connection at hand has not been sent.
    pub(super) fn next_unwritten(&mut self) -> Option<Unwritten> {
        let from = (Bound::Excluded(self.written), Bound::Unbounded);
        let (&sequence, message) = self.messages.range(from).next()?;
        self.written = sequence;
        Some((sequence, self.floor(), message.clone()))
    }

    /// A new connection has been sent nothing.
    pub(super) fn start_over(&mut self) {
        self.written = 0;
    }

    /// Everything below is done with.
    fn floor(&self) -> u64 {
        self.messages.first_key_value().map_or(self.next, |(&first, _)| first)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwritten(outstanding: &mut Outstanding) -> Vec<(u64, u64)> {
        std::iter::from_fn(|| outstanding.next_unwritten())
            .map(|(sequence, floor, _)| (sequence, floor))
            .collect()
    }

    #[test]
    fn what_is_not_done_is_written_again_in_order_and_under_its_old_number() {
        let mut outstanding = Outstanding::new();
        for text in ["a", "b", "c"] {
            outstanding.push(Bytes::from_static(text.as_bytes()));
        }
        assert_eq!(unwritten(&mut outstanding), [(1, 1), (2, 1), (3, 1)]);
        assert!(outstanding.done(2) && !outstanding.done(2));
        assert!(unwritten(&mut outstanding).is_empty());
        outstanding.start_over();
        outstanding.push(Bytes::from_static(b"d"));
        assert_eq!(unwritten(&mut outstanding), [(1, 1), (3, 1), (4, 1)]);
    }

    #[test]
    fn the_floor_rises_with_the_oldest_message() {
        let mut outstanding = Outstanding::new();
        outstanding.push(Bytes::from_static(b"a"));
        outstanding.push(Bytes::from_static(b"b"));
        outstanding.done(1);
        outstanding.done(2);
        outstanding.push(Bytes::from_static(b"c"));
        assert_eq!(unwritten(&mut outstanding), [(3, 3)]);
        assert_eq!((outstanding.len(), outstanding.bytes(), outstanding.is_empty()), (1, 1, false));
    }
}
