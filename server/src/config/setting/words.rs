//! A list of words that are names to others: hosts, origins.

use super::{Raw, Setting};

/// Words that a list may have; more are refused.
const MAX_WORDS: usize = 100;

/// Longest word, in bytes.
const MAX_WORD_BYTES: usize = 300;

/// Words in lower case, at most 100.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd)]
pub struct Words(pub Vec<String>);

impl Words {
    fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let texts: Vec<&str> = texts.map(str::trim).filter(|text| !text.is_empty()).collect();
        if texts.len() > MAX_WORDS {
            return Err(format!("more than {MAX_WORDS} of them"));
        }
        let is_bad = |text: &&&str| {
            text.len() > MAX_WORD_BYTES
                || !text.bytes().all(|byte| byte.is_ascii_graphic())
                || text.contains('*')
        };
        if let Some(bad) = texts.iter().find(is_bad) {
            return Err(format!("{bad:?} is none: visible ASCII characters without `*` are expected"));
        }
        Ok(Self(texts.into_iter().map(str::to_ascii_lowercase).collect()))
    }
}

impl Setting for Words {
    const ACCEPTS: &'static str = "words with commas between, or an array of texts";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::List(items) => {
                let text =
                    |item: &Raw<'_>| item.text().map(str::to_owned).ok_or_else(|| raw.not(Self::ACCEPTS));
                let texts = items.iter().map(text).collect::<Result<Vec<_>, _>>()?;
                Self::of(texts.iter().map(String::as_str))
            }
            _ => Self::of(raw.text().ok_or_else(|| raw.not(Self::ACCEPTS))?.split(',')),
        }
    }

    fn show(&self) -> toml::Value {
        toml::Value::String(self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_from_text_and_arrays() {
        let words = |words: &[&str]| Words(words.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(Words::read(&Raw::Word("")), Ok(words(&[])));
        assert_eq!(Words::read(&Raw::Text(" A.example , b:1 ")), Ok(words(&["a.example", "b:1"])));
        let list = Raw::List(vec![Raw::Text("https://a.example"), Raw::Text("b")]);
        assert_eq!(Words::read(&list), Ok(words(&["https://a.example", "b"])));
        assert!(Words::read(&Raw::Text("*")).is_err());
        assert!(Words::read(&Raw::Integer(1)).is_err());
        assert!(Words::read(&Raw::Word(&"a,".repeat(101))).is_err());
    }
}
