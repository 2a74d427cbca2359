//! What is copied goes to the terminal, which puts it on the clipboard of the desktop
//! in front of which its user sits: also over SSH, and through tmux where
//! `set-clipboard` is on. Whether it did, the terminal does not say.

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

/// Longest text that is copied, in bytes: what terminals take of one sequence.
pub(super) const MAX_COPY: usize = 56_000;

/// What to write for it.
///
/// # Errors
///
/// In a sentence, where the text is too long.
pub(super) fn sequence(text: &str) -> Result<String, String> {
    if text.len() > MAX_COPY {
        return Err(format!(
            "{} bytes are more than a terminal puts on the clipboard ({MAX_COPY}): narrow the list with a filter",
            text.len()
        ));
    }
    let mut sequence = String::new();
    CopyToClipboard::to_clipboard_from(text)
        .write_ansi(&mut sequence)
        .map_err(|_| "the text cannot be copied".to_owned())?;
    Ok(sequence)
}

/// What was copied, in a few words.
pub(super) fn told(text: &str) -> String {
    let lines = text.lines().count();
    match text.chars().count() {
        _ if lines > 1 => format!("{lines} lines"),
        ..=40 => text.to_owned(),
        count => format!("{count} characters"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_for_the_terminal_and_bounded() {
        assert_eq!(sequence("hello").unwrap(), "\x1b]52;c;aGVsbG8=\x1b\\");
        assert!(sequence(&"x".repeat(MAX_COPY + 1)).unwrap_err().contains("filter"));
    }
}
