//! A text in rows of so many cells, broken between words. It keeps no rows: they are
//! slices of the text, so that counting a long page costs no allocation.

use unicode_width::UnicodeWidthChar;

/// The rows of a text; one, which is empty, for an empty text.
pub fn rows(text: &str, cells: u16) -> Rows<'_> {
    Rows { rest: Some(text), cells: usize::from(cells.max(1)) }
}

/// The rows of a text.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    rest: Option<&'a str>,
    cells: usize,
}

impl<'a> Rows<'a> {
    /// All that is left, in one piece.
    pub fn rest(self) -> Option<&'a str> {
        self.rest
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.take()?;
        let Some(end) = end_of_row(text, self.cells) else { return Some(text) };
        let (row, rest) = text.split_at_checked(end)?;
        let rest = rest.trim_start_matches(' ');
        self.rest = (!rest.is_empty()).then_some(rest);
        Some(row.trim_end_matches(' '))
    }
}

/// Where the first row ends, in bytes; nothing where all of it fits.
fn end_of_row(text: &str, cells: usize) -> Option<usize> {
    // No letter has more cells than bytes.
    if text.len() <= cells {
        return None;
    }
    let (mut used, mut between) = (0, None);
    for (at, letter) in text.char_indices() {
        // What has no width of its own is drawn as a blank.
        used += letter.width().unwrap_or(1);
        if used > cells {
            // A blank fits behind a full row. A word that is longer than a row is cut,
            // and a row has a letter even where a letter is wider than it.
            let fits = if letter == ' ' { Some(at) } else { between };
            let cut = if at == 0 { letter.len_utf8() } else { at };
            return Some(fits.filter(|fits| *fits > 0).unwrap_or(cut));
        }
        if letter == ' ' {
            between = Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn all(text: &str, cells: u16) -> Vec<&str> {
        rows(text, cells).collect()
    }

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(all("one two three", 7), ["one two", "three"]);
        assert_eq!(all("one two three", 6), ["one", "two", "three"]);
        assert_eq!(all("", 6), [""]);
        assert_eq!(all("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(all("ab    cd", 3), ["ab", "cd"]);
        assert_eq!(all("漢字 仮名", 4), ["漢字", "仮名"]);
        assert_eq!(all("漢字", 1), ["漢", "字"]);
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_is_lost_and_every_row_fits(text in "[a-zß漢 ]{0,80}", cells in 0_u16..20) {
            let rows = all(&text, cells);
            let kept = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
            prop_assert_eq!(kept(&rows.concat()), kept(&text));
            for row in rows {
                prop_assert!(row.width() <= usize::from(cells.max(2)), "{:?}", row);
            }
        }
    }
}
