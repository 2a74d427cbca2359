use proptest::prelude::*;

use super::found::found;
use super::place::{Row, Shape};
use super::wrapped::{cut, wrap};
use super::*;

fn line(number: usize, text: &str) -> LogLine {
    LogLine {
        at: format!("2026-11-21T12:00:00.{number:06}Z"),
        level: Some(LogLevel::Info),
        process: "front".to_owned(),
        pid: Some(4100),
        target: String::new(),
        text: text.to_owned(),
    }
}

fn lines(numbers: std::ops::Range<usize>) -> Vec<LogLine> {
    numbers.map(|number| line(number, &format!("line {number}"))).collect()
}

fn logs(numbers: std::ops::Range<usize>) -> Logs {
    let mut logs = Logs::default();
    logs.begin(lines(numbers));
    logs
}

const NARROW: Shape = Shape { cells: 25, wrap: true };

fn texts(logs: &Logs, bottom: Place, rows: usize) -> Vec<String> {
    let told = |row: Row<'_>| match row {
        Row::Missing(gap) => format!("missing {gap:?}"),
        Row::Part { text, .. } => text,
    };
    logs.page(bottom, rows, NARROW).into_iter().map(told).collect()
}

#[test]
fn the_oldest_lines_go_by_their_number_and_by_their_bytes() {
    let mut logs = logs(0..10);
    logs.take(LogLines { lines: lines(10..MAX_KEPT + 7), missed: 0 });
    assert_eq!((logs.count(), logs.shown(), logs.first), (MAX_KEPT, MAX_KEPT, 7));
    assert_eq!(logs.line(6), None);
    assert_eq!(logs.line(7).unwrap().text, "line 7");
    let long = "x".repeat(8 * 1024);
    logs.take(LogLines { lines: (0..600).map(|number| line(number, &long)).collect(), missed: 0 });
    assert!(logs.count() < 600, "{}", logs.count());
    assert!(logs.bytes <= MAX_KEPT_BYTES && logs.bytes > MAX_KEPT_BYTES - 10_000, "{}", logs.bytes);
    assert_eq!(logs.bytes, logs.lines.iter().map(size_of).sum::<usize>());
}

#[test]
fn lines_that_begin_anew_are_joined_to_those_that_are_known() {
    let mut logs = logs(0..20);
    logs.held = Some(Held { at: Place { line: 5, row: 0 }, since: 20, while_frozen: false });
    logs.begin(lines(10..25));
    assert_eq!(logs.as_text(100_000).lines().count(), 25);
    assert_eq!(logs.new_below(logs.at(NARROW).unwrap()), 5);
    assert_eq!(logs.new_below(Place { line: 22, row: 0 }), 2);
    // Nothing in common: it is not known how many are missing between them.
    logs.begin(lines(100..103));
    let bottom = logs.bottom(NARROW).unwrap();
    assert_eq!(texts(&logs, bottom, 5), ["line 24", "missing None", "line 100", "line 101", "line 102"]);
    // Another question: another answer.
    logs.ask_anew();
    logs.begin(lines(24..26));
    assert_eq!((logs.count(), logs.held), (2, None));
}

#[test]
fn missing_lines_are_told_where_they_are_missing_and_added_up_over_what_is_filtered_out() {
    let mut logs = logs(0..2);
    for number in 2..5 {
        logs.take(LogLines { lines: lines(number..number + 1), missed: 10 });
    }
    let bottom = logs.bottom(NARROW).unwrap();
    assert_eq!(texts(&logs, bottom, 3), ["line 3", "missing Some(10)", "line 4"]);
    assert_eq!(bottom.row, 1, "the gap is a row of the line behind it");
    logs.filter = Filter::parse("!text:2 !text:3", COLUMNS).unwrap();
    logs.refilter();
    let bottom = logs.bottom(NARROW).unwrap();
    assert_eq!(texts(&logs, bottom, 9), ["line 0", "line 1", "missing Some(30)", "line 4"]);
    assert_eq!((logs.missed, logs.shown(), logs.count()), (30, 3, 5));
}

#[test]
fn each_column_is_filtered_by_its_name() {
    let mut logs = logs(0..3);
    logs.take(LogLines {
        lines: vec![LogLine {
            level: Some(LogLevel::Error),
            process: "worker".to_owned(),
            target: "hub".to_owned(),
            ..line(3, "broken")
        }],
        missed: 0,
    });
    for text in ["level:error", "process:worker", "target:hub", "text:broken", "BROKEN", "!front"] {
        logs.filter = Filter::parse(text, COLUMNS).unwrap();
        logs.refilter();
        assert_eq!(logs.shown, [3], "{text}");
    }
    assert_eq!(VALUES.map(|column| column.id), COLUMNS);
}

#[test]
fn rows_are_moved_over_one_by_one_through_a_wrapped_line() {
    let mut logs = logs(0..2);
    logs.take(LogLines { lines: vec![line(2, "abcdefghijklmnopqrstuvwxyz")], missed: 0 });
    logs.take(LogLines { lines: lines(3..4), missed: 0 });
    // 25 cells less 15 of time and level.
    let bottom = logs.bottom(NARROW).unwrap();
    let all = ["line 0", "line 1", "abcdefghij", "klmnopqrst", "uvwxyz", "line 3"];
    assert_eq!(texts(&logs, bottom, 99), all);
    let mut at = bottom;
    for last in (0..all.len()).rev() {
        assert_eq!(texts(&logs, at, 1), [all[last]]);
        assert_eq!(logs.up(bottom, all.len() - 1 - last, NARROW), at);
        assert_eq!(logs.down(at, all.len() - 1 - last, NARROW), bottom);
        at = logs.up(at, 1, NARROW);
    }
    assert_eq!(logs.first_page(4, NARROW), Some(Place { line: 2, row: 1 }));
    assert_eq!(logs.down(bottom, 5, NARROW), bottom);
}

#[test]
fn a_place_that_is_gone_is_the_nearest_one_that_is_there() {
    let mut logs = logs(0..9);
    logs.held = Some(Held { at: Place { line: 4, row: 7 }, since: 9, while_frozen: false });
    assert_eq!(logs.at(NARROW), Some(Place { line: 4, row: 0 }));
    logs.filter = Filter::parse("!text:4", COLUMNS).unwrap();
    logs.refilter();
    assert_eq!(logs.at(NARROW), Some(Place { line: 3, row: 0 }));
    logs.filter = Filter::parse("nothing-like-it", COLUMNS).unwrap();
    logs.refilter();
    assert_eq!((logs.at(NARROW), logs.bottom(NARROW)), (None, None));
    logs.filter = Filter::default();
    logs.refilter();
    logs.take(LogLines { lines: lines(9..MAX_KEPT + 100), missed: 0 });
    assert_eq!(logs.at(NARROW), Some(Place { line: 100, row: 0 }));
}

#[test]
fn text_is_wrapped_behind_a_space_and_never_lost() {
    let rows = |text: &str, cells| {
        wrap(text, cells).into_iter().map(|row| text.get(row).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rows("one two three", 8), ["one two ", "three"]);
    assert_eq!(rows("a bcdefghij", 8), ["a bcdefg", "hij"]);
    assert_eq!(rows("one\ntwo", 80), ["one", "two"]);
    assert_eq!(rows("", 8), [""]);
    assert_eq!(rows("一二三", 4), ["一二", "三"]);
    assert_eq!(rows("一二", 1), ["一", "二"]);
    assert_eq!(rows("bA\u{a83}\u{d4a}\u{113cc}c", 2), ["b", "A\u{a83}\u{d4a}\u{113cc}", "c"]);
    assert_eq!(cut("一二三", 5), "一二".len());
}

#[test]
fn words_are_found_whatever_their_case() {
    let text = "Grüße an GRÜSSE und İstanbul";
    let parts = |words: &[&str]| {
        found(text, words.iter().copied()).into_iter().map(|part| text.get(part).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(parts(&["grü"]), ["Grü", "GRÜ"]);
    assert_eq!(parts(&["ss", "sse u"]), ["SSE u"]);
    assert_eq!(parts(&["stan", "bul"]), ["stanbul"]);
    assert_eq!(parts(&["nowhere", ""]), [""; 0]);
}

proptest! {
    #[test]
    fn wrapped_rows_fit_and_hold_everything(text in "\\PC{0,60}", cells in 2_usize..20) {
        use unicode_segmentation::UnicodeSegmentation;
        use unicode_width::UnicodeWidthStr;
        let rows = wrap(&text, cells);
        let all: String = rows.iter().map(|row| text.get(row.clone()).unwrap()).collect();
        prop_assert_eq!(&all, &text);
        for row in rows {
            let row = text.get(row).unwrap();
            // One letter with many marks may be wider than there is room.
            prop_assert!(row.width() <= cells + 1 || row.graphemes(true).count() == 1, "{:?}", row);
        }
    }

    #[test]
    fn a_page_is_as_long_as_there_are_rows(
        long in proptest::collection::vec(0_usize..40, 1..20), rows in 0_usize..30, up in 0_usize..60,
    ) {
        let mut logs = Logs::default();
        logs.begin(long.iter().enumerate().map(|(at, long)| line(at, &"x".repeat(*long))).collect());
        let all = logs.page(logs.bottom(NARROW).unwrap(), 10_000, NARROW).len();
        let at = logs.up(logs.bottom(NARROW).unwrap(), up, NARROW);
        let above = all - up.min(all - 1);
        prop_assert_eq!(logs.page(at, rows, NARROW).len(), rows.min(above));
        prop_assert_eq!(logs.down(at, up.min(all - 1), NARROW), logs.bottom(NARROW).unwrap());
    }
}
