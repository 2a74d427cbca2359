//! What a filter shows, and that no text breaks it.

use proptest::prelude::*;

use super::Filter;
use crate::model::rows::{Column, Width};
use crate::model::value::Value;

const NAMES: &[&str] = &["name", "size", "took", "done", "at"];

fn columns() -> Vec<Column> {
    let column = |id: &&'static str| Column { id, title: id, width: Width::Fixed(4), priority: 0 };
    NAMES.iter().map(column).collect()
}

fn row() -> [Value<'static>; 5] {
    [
        Value::text("Claude Code: main"),
        Value::Bytes(3 << 20),
        Value::Millis(1500.0),
        Value::Part(3, 4),
        Value::Time("2026-11-21T12:00:00Z".parse().unwrap()),
    ]
}

fn shows(text: &str) -> bool {
    let filter = Filter::parse(text, NAMES).unwrap();
    let by_row = filter.matches_row(&columns(), |at| row()[at].clone());
    let by_name = filter.matches(
        |id| NAMES.iter().position(|name| *name == id).map(|at| row()[at].clone()),
        || row().to_vec(),
    );
    assert_eq!(by_row, by_name, "{text}");
    by_row
}

#[test]
fn every_term_must_hold() {
    for text in [
        "",
        "  ",
        "claude",
        "CODE",
        "name:code",
        "NAME:code",
        "!cursor",
        "!name:cursor",
        "claude !cursor",
        "\"claude code\"",
        "name:\"e code: m\"",
        "\"code: main\"",
        "\"claude co",
        "!\"code  main\"",
        "size:>2MiB",
        "size:<4mib",
        "size:>=3MiB",
        "size:>1000",
        "took:>1s",
        "took:<1500.5",
        "took:<=1500ms",
        "took:<1min",
        "done:>50%",
        "done:>=3",
        "done:3/4",
        "at:>2026-11-20",
        "at:<2026-11-21T13",
        "!took:>5s",
        "at:>=2026-11-21",
        "at:12:00",
        "!took:>2MiB",
    ] {
        assert!(shows(text), "{text}");
    }
    for text in [
        "cursor",
        "!claude",
        "name:cursor",
        "claude cursor",
        "name:1.5",
        "\"code claude\"",
        "size:<2MiB",
        "size:>3MiB",
        "took:>2s",
        "took:>2MiB",
        "done:<75%",
        "done:>80%",
        "at:>2026-11-21",
        "at:<2026-11-21",
        "name:>5",
        "!at:>=2026-11-21",
        "zzz",
    ] {
        assert!(!shows(text), "{text}");
    }
}

#[test]
fn what_is_missing_is_neither_more_nor_less() {
    for missing in [Value::Unknown, Value::NotApplicable] {
        for text in ["size:>0", "size:<5", "at:>2000-01-01"] {
            let filter = Filter::parse(text, NAMES).unwrap();
            assert!(!filter.matches_row(&columns(), |_| missing.clone()), "{text}");
        }
    }
    let unknown = Filter::parse("size:unknown", NAMES).unwrap();
    assert!(unknown.matches_row(&columns(), |_| Value::Unknown));
    assert!(!unknown.matches_row(&columns(), |_| Value::NotApplicable));
}

#[test]
fn what_is_wrong_is_said() {
    for (text, said) in [
        ("! ", "something has to stand"),
        ("name: a", "something has to stand"),
        ("!name:\"\"", "something has to stand"),
        ("\"\"", "something has to stand"),
        ("other:5", "no column other: name, size, took, done, at"),
        ("12:30", "in \"quotes\""),
        ("size:> 5", "a figure"),
        ("other:", "no column other"),
        ("size:>many", "not `many`"),
        ("size:>5parsecs", "a figure"),
        ("size:>1.2.3", "a figure"),
    ] {
        let wrong = Filter::parse(text, NAMES).unwrap_err();
        assert!(wrong.contains(said), "{text}: {wrong}");
    }
}

#[test]
fn a_part_of_a_columns_name_is_enough_where_no_other_has_it() {
    let columns = ["in-flight", "buffered", "bytes"];
    for (text, column) in [("flight:3", "in-flight"), ("BUF:1", "buffered"), ("bytes:1", "bytes")] {
        let read = Filter::parse(text, &columns).unwrap();
        assert!(format!("{read:?}").contains(&format!("column: Some({column:?})")), "{read:?}");
    }
    assert!(Filter::parse("b:1", &columns).is_err(), "two have it");
    assert!(Filter::parse("since:1", &columns).is_err());
}

#[test]
fn what_is_only_begun_hides_nothing() {
    for text in ["!", "name:", "!name:", "size:>", "size:>=", "claude name:", "claude !"] {
        assert!(shows(text), "{text}");
    }
    assert!(!shows("cursor name:"));
    assert!(Filter::parse("name:", NAMES).unwrap().is_empty());
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "\\PC{0,40}") {
        if let Ok(filter) = Filter::parse(&text, NAMES) {
            filter.matches_row(&columns(), |at| row()[at].clone());
            prop_assert_eq!(filter.text, text);
        }
    }

    #[test]
    fn signs_in_any_order_do_not_break_it(text in "[!:<>=\" a5msé%.-]{0,20}") {
        if let Ok(filter) = Filter::parse(&text, NAMES) {
            filter.matches_row(&columns(), |at| row()[at].clone());
        }
    }

    #[test]
    fn not_is_the_other_way_round(word in "[a-z0-9]{1,6}", name in "[a-zA-Zé0-9 ]{0,12}") {
        let of = |text: String| {
            let filter = Filter::parse(&text, NAMES).unwrap();
            filter.matches_row(&columns(), |_| Value::text(name.clone()))
        };
        prop_assert_ne!(of(word.clone()), of(format!("!{word}")));
        prop_assert_eq!(of(word.clone()), name.to_lowercase().contains(&word));
        prop_assert_eq!(of(format!("name:\"{word}\"")), of(word));
    }

    #[test]
    fn figures_compare_as_numbers(count in 0u64..1000, than in 0u64..1000) {
        let of = |text: String| {
            Filter::parse(&text, NAMES).unwrap().matches_row(&columns(), |_| Value::Count(count))
        };
        prop_assert_eq!(of(format!("size:>{than}")), count > than);
        prop_assert_eq!(of(format!("size:<={than}")), count <= than);
    }
}
