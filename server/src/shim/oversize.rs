//! Finds the id of a message that is too long to be kept, while it passes by,
//! so that its sender gets an answer instead of silence.
//!
//! Tracks strings and nesting only; whether the message is JSON at all is not
//! decided here.

/// An id longer than this is not looked for any further.
const MAX_ID_BYTES: usize = 256;

/// Watches one message.
#[derive(Debug, Default)]
pub(super) struct IdFinder {
    depth: usize,
    in_string: bool,
    escaped: bool,
    place: Place,
    /// The key, or the id's value, as far as it has passed by.
    text: Vec<u8>,
    id: Option<String>,
}

/// Where in the outermost object the scan is.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum Place {
    /// A key comes next, or its characters pass by.
    #[default]
    Key,
    /// The key `id` has passed by; its value comes, or passes by.
    Id,
    /// Some other value.
    Elsewhere,
}

impl IdFinder {
    /// Looks at the next bytes of the message.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.step(byte);
        }
    }

    /// The id as JSON, where the message has a string or a number for one.
    pub(super) fn id(self) -> Option<String> {
        self.id
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            self.keep(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.keep(byte);
            }
            b'{' | b'[' => {
                self.depth += 1;
                if self.depth > 1 && self.place == Place::Id {
                    self.place = Place::Elsewhere;
                }
            }
            b'}' | b']' => {
                if self.depth == 1 {
                    self.end_value();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if self.depth == 1 && self.place == Place::Key => {
                let is_id = self.text == b"\"id\"";
                self.place = if is_id { Place::Id } else { Place::Elsewhere };
                self.text.clear();
            }
            b',' if self.depth == 1 => self.end_value(),
            _ if byte.is_ascii_whitespace() => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.place != Place::Elsewhere && self.text.len() <= MAX_ID_BYTES {
            self.text.push(byte);
        }
    }

    fn end_value(&mut self) {
        if self.place == Place::Id && self.id.is_none() {
            let text = String::from_utf8(std::mem::take(&mut self.text)).ok();
            self.id = text.filter(|text| serde_json::from_str::<crate::envelope::RequestId>(text).is_ok());
        }
        self.text.clear();
        self.place = Place::Key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(message: &str) -> Option<String> {
        let mut finder = IdFinder::default();
        finder.take(message.as_bytes());
        finder.id()
    }

    #[test]
    fn the_outermost_id_is_found_wherever_it_stands() {
        for (message, expected) in [
            (r#"{"id":7,"method":"x"}"#, Some("7")),
            (r#"{"method":"x","params":{"id":1,"a":[{"id":2}]},"id":"a b"}"#, Some("\"a b\"")),
            (r#"{"params":"\"id\":3,","id" : -4 }"#, Some("-4")),
            (r#"{"params":{"id":1}}"#, None),
            (r#"{"id":{"id":1},"x":1}"#, None),
            (r#"{"id":null}"#, None),
            (r#"{"id":1.5}"#, None),
            (r#"[{"id":1}]"#, None),
            ("nonsense", None),
        ] {
            assert_eq!(id(message).as_deref(), expected, "{message}");
        }
    }

    #[test]
    fn an_endless_id_is_not_collected() {
        let mut finder = IdFinder::default();
        finder.take(b"{\"id\":\"");
        for _ in 0..10_000 {
            finder.take(b"xxxxxxxxxx");
        }
        assert!(finder.text.len() < 2 * MAX_ID_BYTES);
        finder.take(b"\"}");
        assert_eq!(finder.id(), None);
    }
}
