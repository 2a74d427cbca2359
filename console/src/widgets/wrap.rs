//! A text in lines of so many cells, broken between words where that is possible.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Most lines that are made of one text; what is more is left out.
pub const MAX_LINES: usize = 200;

/// The lines. A word that is longer than a line is broken within.
pub fn wrapped(text: &str, cells: u16) -> Vec<String> {
    let cells = usize::from(cells);
    let mut lines = Vec::new();
    if cells == 0 {
        return lines;
    }
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let width = word.width();
        if used > 0 && used + 1 + width > cells {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for letter in word.graphemes(true) {
            let width = letter.width();
            if used + width > cells && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(letter);
            used += width;
        }
        if lines.len() >= MAX_LINES {
            return lines;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("  one \n two ", 20), ["one two"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("日本語", 3), ["日", "本", "語"]);
        assert!(wrapped("", 3).is_empty() && wrapped("word", 0).is_empty());
    }
}
