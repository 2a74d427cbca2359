//! The forms that clients send in practice and that leave no doubt: one value
//! for a list of one, a list as a string of JSON, a date without a time.
//! Must never guess.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};

use crate::tasks::TaskError;
pub(super) use crate::tool::arguments::or_default;

/// Most entries of a list that are read at all; the tools' own bounds are lower.
const MAX_ITEMS: usize = 10_000;

/// A list, or one value for a list of one. Null is an empty list.
pub(super) fn one_or_many<'de, D, T>(input: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    input.deserialize_any(Items { text_is_json: false, item: PhantomData })
}

/// The same where an empty list differs from none.
pub(super) fn maybe_one_or_many<'de, D, T>(input: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    struct Maybe<T>(PhantomData<T>);
    impl<'de, T: DeserializeOwned> Visitor<'de> for Maybe<T> {
        type Value = Option<Vec<T>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
            one_or_many(input).map(Some)
        }
    }
    input.deserialize_option(Maybe(PhantomData))
}

/// A list, or the same list as a string of JSON.
pub(super) fn list_or_json<'de, D, T>(input: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    input.deserialize_any(Items { text_is_json: true, item: PhantomData })
}

fn one<T: DeserializeOwned, E: Error>(text: &str) -> Result<Vec<T>, E> {
    T::deserialize(StrDeserializer::<E>::new(text)).map(|item| vec![item])
}

fn json<T: DeserializeOwned, E: Error>(text: &str) -> Result<Vec<T>, E> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut parser = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut parser)
        .map_err(|error| E::custom(format_args!("in the list, at {}: {}", error.path(), error.inner())))
}

/// Reads a list; what a plain text means is up to the field.
struct Items<T> {
    text_is_json: bool,
    item: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if self.text_is_json { json(text) } else { one(text) }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == MAX_ITEMS {
                return Err(A::Error::custom(format_args!("more than {MAX_ITEMS} entries")));
            }
            items.push(item);
        }
        Ok(items)
    }
}

/// A point in time: RFC 3339, or a date with or without a time, which is then in UTC.
///
/// # Errors
///
/// [`TaskError::Invalid`] naming the field.
pub(super) fn timestamp(field: &'static str, text: &str) -> Result<Timestamp, TaskError> {
    let text = text.trim();
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>()
        .or_else(|_| text.parse::<DateTime>().and_then(utc))
        .or_else(|_| text.parse::<Date>().and_then(|date| utc(date.at(0, 0, 0, 0))))
        .map_err(|_| {
            TaskError::invalid(field, "is no time; write it like 2026-12-31T23:59:00Z or 2026-12-31")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "one_or_many")]
        words: Vec<String>,
        #[serde(default, deserialize_with = "maybe_one_or_many")]
        maybe: Option<Vec<String>>,
        #[serde(default, deserialize_with = "list_or_json")]
        numbers: Vec<u8>,
    }

    #[test]
    fn the_harmless_forms_mean_the_same() {
        let plain = json!({ "words": ["a"], "maybe": ["b"], "numbers": [1, 2] });
        let lenient = json!({ "words": "a", "maybe": "b", "numbers": "[1, 2]" });
        let parse = |value| serde_json::from_value::<Sample>(value).unwrap();
        assert_eq!(parse(plain), parse(lenient));
        assert_eq!(parse(json!({ "words": null, "maybe": null, "numbers": null })), Sample::default());
        assert_eq!(parse(json!({ "maybe": [] })).maybe, Some(Vec::new()));
    }

    #[test]
    fn a_list_in_a_string_names_the_place_of_its_mistake() {
        let error = serde_json::from_value::<Sample>(json!({ "numbers": "[1, \"x\"]" })).unwrap_err();
        assert!(error.to_string().contains("[1]"), "{error}");
    }

    #[test]
    fn times_are_read_in_the_usual_forms() {
        let midnight: Timestamp = "2026-12-31T00:00:00Z".parse().unwrap();
        for text in
            ["2026-12-31T00:00:00Z", "2026-12-31", " 2026-12-31T00:00:00 ", "2026-12-31T01:00:00+01:00"]
        {
            assert_eq!(timestamp("due_date", text).unwrap(), midnight, "{text}");
        }
        for text in ["", "tomorrow", "2026-13-01", "31.12.2026"] {
            assert!(timestamp("due_date", text).is_err(), "{text}");
        }
    }
}
