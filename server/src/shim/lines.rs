//! Cuts standard input into lines, each of bounded length.

use super::oversize::IdFinder;

/// One line of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// To be passed on, without its line end.
    Whole(Vec<u8>),
    /// Too long: all of it was dropped but the id, as JSON, if it has one.
    TooLong { id: Option<String> },
}

/// Collects bytes until a line is whole. Holds at most one line of the limit.
#[derive(Debug)]
pub(super) struct Splitter {
    limit: usize,
    line: Vec<u8>,
    /// Present while the rest of a line that is too long passes by.
    dropping: Option<IdFinder>,
}

/// The line buffer gives memory back above this size.
const KEPT_BYTES: usize = 64 * 1024;

impl Splitter {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, line: Vec::new(), dropping: None }
    }

    /// Takes more input and hands out each line that it completes. Empty lines are skipped.
    pub(super) fn take(&mut self, mut input: &[u8], mut out: impl FnMut(Line)) {
        while let Some(end) = input.iter().position(|&byte| byte == b'\n') {
            let (head, rest) = input.split_at(end);
            self.extend(head);
            self.finish(&mut out);
            input = rest.get(1..).unwrap_or_default();
        }
        self.extend(input);
    }

    /// The input has ended: what is left counts as a line.
    pub(super) fn end(mut self, mut out: impl FnMut(Line)) {
        self.finish(&mut out);
    }

    fn extend(&mut self, bytes: &[u8]) {
        if let Some(finder) = &mut self.dropping {
            finder.take(bytes);
        } else if self.line.len() + bytes.len() > self.limit {
            let mut finder = IdFinder::default();
            finder.take(&std::mem::take(&mut self.line));
            finder.take(bytes);
            self.dropping = Some(finder);
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn finish(&mut self, out: &mut impl FnMut(Line)) {
        if let Some(finder) = self.dropping.take() {
            return out(Line::TooLong { id: finder.id() });
        }
        let kept = Vec::with_capacity(self.line.capacity().min(KEPT_BYTES));
        let mut line = std::mem::replace(&mut self.line, kept);
        while line.last().is_some_and(|byte| byte.is_ascii_whitespace()) {
            line.pop();
        }
        if !line.is_empty() {
            out(Line::Whole(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(limit: usize, pieces: &[&[u8]]) -> Vec<Line> {
        let mut splitter = Splitter::new(limit);
        let mut seen = Vec::new();
        for piece in pieces {
            splitter.take(piece, |line| seen.push(line));
        }
        splitter.end(|line| seen.push(line));
        seen
    }

    #[test]
    fn lines_are_cut_wherever_the_input_is() {
        let whole = |text: &str| Line::Whole(text.into());
        assert_eq!(lines(10, &[b"ab\nc", b"", b"d\r\n\n \nrest"]), [whole("ab"), whole("cd"), whole("rest")]);
    }

    #[test]
    fn a_line_that_is_too_long_costs_no_memory_and_keeps_its_id() {
        let long = format!("{{\"id\":\"x\\\"1\",\"params\":\"{}\"}}\n{{}}\n", "y".repeat(1000));
        let pieces: Vec<&[u8]> = long.as_bytes().chunks(7).collect();
        let seen = lines(50, &pieces);
        assert_eq!(seen, [Line::TooLong { id: Some("\"x\\\"1\"".to_owned()) }, Line::Whole(b"{}".to_vec())]);
    }

    #[test]
    fn a_line_of_just_the_limit_passes() {
        assert_eq!(
            lines(4, &[b"abcd\nabcde\n"]),
            [Line::Whole(b"abcd".to_vec()), Line::TooLong { id: None }]
        );
    }
}
