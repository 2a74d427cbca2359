//! Where words stand in a text, whatever the case of their letters. Pure.

use std::ops::Range;

/// The parts of a text that are one of these words, in order and apart from each other.
/// The words are in small letters.
pub fn found<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> Vec<Range<usize>> {
    // A letter may become several, or have another length: each small letter with the
    // part of the text that it is of.
    let mut small: Vec<(char, Range<usize>)> = Vec::new();
    let mut parts: Vec<Range<usize>> = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        if small.is_empty() {
            small = letters(text);
        }
        let word: Vec<char> = word.chars().collect();
        let mut at = 0;
        while let Some(window) = small.get(at..at + word.len()) {
            let is_it = window.iter().zip(&word).all(|((letter, _), wanted)| letter == wanted);
            if let (true, Some((_, first)), Some((_, last))) = (is_it, window.first(), window.last()) {
                parts.push(first.start..last.end);
                at += word.len();
            } else {
                at += 1;
            }
        }
    }
    joined(parts)
}

fn letters(text: &str) -> Vec<(char, Range<usize>)> {
    let of = |(at, letter): (usize, char)| {
        letter.to_lowercase().map(move |small| (small, at..at + letter.len_utf8()))
    };
    text.char_indices().flat_map(of).collect()
}

fn joined(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    parts.sort_by_key(|part| part.start);
    let mut apart: Vec<Range<usize>> = Vec::new();
    for part in parts {
        match apart.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => apart.push(part),
        }
    }
    apart
}
