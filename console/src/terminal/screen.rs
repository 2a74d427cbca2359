//! What the terminal shows, and the bytes that change it into what it is to show.
//! While nothing changes there are none. Writes nothing itself.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::paint::paint;
use crate::view::Drawn;

/// Most bytes beside frames that wait for the next one; what is more is refused.
pub const MAX_CONTROL: usize = 128 * 1024;

/// All changes of a frame appear at once, on terminals that know this.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
const CLEAR: &str = "\x1b[0m\x1b[2J";
const HIDE: &str = "\x1b[?25l";
const SHOW: &str = "\x1b[?25h";

/// See the module.
#[derive(Debug)]
pub struct Screen {
    shown: Buffer,
    next: Buffer,
    cursor: Option<Position>,
    /// Nobody knows what the terminal shows.
    is_unknown: bool,
    /// Goes out before the next frame.
    control: Vec<u8>,
}

impl Screen {
    /// Of so many cells, of which nobody knows what they show.
    pub fn new((width, height): (u16, u16)) -> Self {
        let empty = Buffer::empty(Rect::new(0, 0, width, height));
        Self { shown: empty.clone(), next: empty, cursor: None, is_unknown: true, control: Vec::new() }
    }

    /// Has another size now.
    pub fn resize(&mut self, (width, height): (u16, u16)) {
        let area = Rect::new(0, 0, width, height);
        if self.next.area != area {
            self.next = Buffer::empty(area);
            self.shown = self.next.clone();
            self.is_unknown = true;
        }
    }

    /// Somebody else has written to the terminal.
    pub fn forget(&mut self) {
        self.is_unknown = true;
    }

    /// Writes this before the next frame. Gives whether there was room for it.
    pub fn control(&mut self, bytes: &[u8]) -> bool {
        let has_room = self.control.len() + bytes.len() <= MAX_CONTROL;
        if has_room {
            self.control.extend_from_slice(bytes);
        }
        has_room
    }

    /// Draws, and gives what has to be written: nothing where nothing changed.
    pub fn compose(&mut self, draw: impl FnOnce(Rect, &mut Buffer) -> Drawn) -> (Drawn, Vec<u8>) {
        self.next.reset();
        let drawn = draw(self.next.area, &mut self.next);
        let mut bytes = std::mem::take(&mut self.control);
        if self.is_unknown {
            self.shown.reset();
        }
        let mut changes = self.shown.diff_iter(&self.next).peekable();
        if self.is_unknown || changes.peek().is_some() || drawn.cursor != self.cursor {
            bytes.extend_from_slice(BEGIN.as_bytes());
            if self.is_unknown {
                bytes.extend_from_slice(CLEAR.as_bytes());
            }
            paint(changes, &mut bytes);
            self.place_cursor(drawn.cursor, &mut bytes);
            bytes.extend_from_slice(END.as_bytes());
        }
        self.is_unknown = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        (drawn, bytes)
    }

    fn place_cursor(&mut self, wanted: Option<Position>, bytes: &mut Vec<u8>) {
        if let Some(Position { x, y }) = wanted {
            let place = format!("\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1);
            bytes.extend_from_slice(place.as_bytes());
        }
        let (was, is) = (self.cursor.is_some() && !self.is_unknown, wanted.is_some());
        if is && !was {
            bytes.extend_from_slice(SHOW.as_bytes());
        }
        if !is && (was || self.is_unknown) {
            bytes.extend_from_slice(HIDE.as_bytes());
        }
        self.cursor = wanted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::{Color, Style};

    fn write(text: &'static str, cursor: Option<Position>) -> impl FnOnce(Rect, &mut Buffer) -> Drawn {
        move |area, buffer| {
            buffer.set_stringn(0, 0, text, usize::from(area.width), Style::new().fg(Color::Red));
            Drawn { cursor, ..Drawn::default() }
        }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_does_not_change_is_not_written() {
        let mut screen = Screen::new((10, 2));
        let (_, first) = screen.compose(write("hello", None));
        let first = text(first);
        assert!(
            first.starts_with("\x1b[?2026h\x1b[0m\x1b[2J") && first.ends_with("\x1b[?2026l"),
            "{first:?}"
        );
        assert!(first.contains("hello"));
        assert_eq!(screen.compose(write("hello", None)).1, b"");
        let changed = text(screen.compose(write("hallo", None)).1);
        assert_eq!(changed, "\x1b[?2026h\x1b[1;2H\x1b[0;31ma\x1b[0m\x1b[?2026l", "one cell");
    }

    #[test]
    fn after_somebody_else_has_written_everything_is_drawn_anew() {
        let mut screen = Screen::new((10, 2));
        screen.compose(write("hello", None));
        screen.forget();
        let all = text(screen.compose(write("hello", None)).1);
        assert!(all.contains("\x1b[2J") && all.contains("hello"), "{all:?}");
        screen.resize((12, 3));
        assert!(text(screen.compose(write("hello", None)).1).contains("hello"));
        screen.resize((12, 3));
        assert_eq!(screen.compose(write("hello", None)).1, b"", "the same size is no change");
    }

    #[test]
    fn the_cursor_is_shown_while_there_is_one_and_moved_only_when_it_moves() {
        let mut screen = Screen::new((10, 2));
        screen.compose(write("hello", None));
        let at = Some(Position::new(3, 1));
        let shown = text(screen.compose(write("hello", at)).1);
        assert_eq!(shown, "\x1b[?2026h\x1b[2;4H\x1b[?25h\x1b[?2026l");
        assert_eq!(screen.compose(write("hello", at)).1, b"");
        let hidden = text(screen.compose(write("hello", None)).1);
        assert_eq!(hidden, "\x1b[?2026h\x1b[?25l\x1b[?2026l");
    }

    #[test]
    fn other_bytes_go_out_before_the_frame_and_are_bounded() {
        let mut screen = Screen::new((0, 0));
        screen.compose(write("", None));
        assert!(screen.control(b"\x1b]52;c;aGk=\x07"));
        assert_eq!(screen.compose(write("", None)).1, b"\x1b]52;c;aGk=\x07");
        assert!(!screen.control(&vec![0; MAX_CONTROL + 1]));
        assert_eq!(screen.compose(write("", None)).1, b"");
    }
}
