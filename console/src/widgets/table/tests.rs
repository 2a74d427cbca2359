//! How tables look, and that they fit into any area.

use std::borrow::Cow;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::columns::placed;
use super::{Table, cell};
use crate::model::Model;
use crate::model::filter::Filter;
use crate::model::known::Freshness;
use crate::model::list::Direction;
use crate::model::rows::{Column, Rows, Width};
use crate::model::value::Value;
use crate::msg::Hit;
use crate::sample;
use crate::symbols::Symbols;
use crate::theme::Tone;
use crate::view::Drawn;
use crate::widgets::Canvas;

const COLUMNS: &[Column] = &[
    Column { id: "name", title: "name", width: Width::Least(6), priority: 0 },
    Column { id: "id", title: "id", width: Width::Fixed(6), priority: 4 },
    Column { id: "state", title: "state", width: Width::Fixed(9), priority: 1 },
    Column { id: "count", title: "count", width: Width::Fixed(5), priority: 2 },
    Column { id: "part", title: "part", width: Width::Fixed(14), priority: 3 },
    Column { id: "at", title: "at", width: Width::Fixed(8), priority: 5 },
];

/// Rows of which every third count is zero, unknown and not applicable.
struct Sample(usize);

impl Rows for Sample {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        format!("k{row}").into()
    }

    fn value(&self, row: usize, column: usize) -> Value<'_> {
        let number = row as u64;
        match column {
            0 => Value::text(format!("näme {row}")),
            1 => Value::Id(format!("abcdef-{row}").into()),
            2 => [Value::State("idle".into(), Tone::Dim), Value::State("slow".into(), Tone::Bad)][row % 2]
                .clone(),
            3 => [Value::Count(0), Value::Unknown, Value::NotApplicable, Value::Count(number * 7)][row % 4]
                .clone(),
            4 => Value::Part(number.min(5), 5),
            _ => Value::time(&sample::at(-(row as i64) * 40_000)),
        }
    }

    fn tone(&self, row: usize) -> Tone {
        if row == 3 { Tone::Warn } else { Tone::Plain }
    }
}

fn drawn(model: &Model, rows: Option<(&dyn Rows, Freshness)>, area: Rect) -> (String, Drawn) {
    let mut buffer = Buffer::empty(area);
    let mut canvas = Canvas::new(model.settings.look, &mut buffer);
    let table = Table { title: "Things", rows, absent: "Not known yet: wait.", nothing: "There are none." };
    table.draw(model, &mut canvas, area);
    let drawn = canvas.finish();
    let width = usize::from(area.width.max(1));
    let lines = buffer.content.chunks(width).map(|line| {
        let line: String = line.iter().map(|cell| cell.symbol()).collect();
        format!("{}|\n", line.trim_end())
    });
    (lines.collect(), drawn)
}

fn model() -> Model {
    let mut model = sample::unconnected();
    model.settings.look.symbols = Symbols::Unicode;
    model
}

#[test]
fn values_that_differ_look_different() {
    let area = Rect::new(0, 0, 60, 8);
    let (text, drawn) = drawn(&model(), Some((&Sample(1000), Freshness::Live)), area);
    insta::assert_snapshot!(text);
    assert_eq!(drawn.page_rows, 6);
    assert_eq!(drawn.hits.at(3, 2), Some(&Hit::Row("k0".to_owned())));
    assert_eq!(drawn.hits.at(3, 1), Some(&Hit::Column("name")));
}

#[test]
fn sorted_filtered_marked_and_old() {
    let mut model = model();
    let list = model.list_mut();
    list.sort = Some(("count", Direction::Down));
    list.filter = Filter::parse("name:9", &["name"]).unwrap();
    list.chosen = Some("k39".to_owned());
    list.marked = vec!["k9".to_owned()];
    let (text, _) =
        drawn(&model, Some((&Sample(50), Freshness::Stale(sample::now()))), Rect::new(0, 0, 70, 8));
    insta::assert_snapshot!(text);
}

#[test]
fn every_kind_of_nothing_says_why() {
    let mut model = model();
    let area = Rect::new(0, 0, 30, 5);
    let mut all = drawn(&model, None, area).0;
    all.push_str(&drawn(&model, Some((&Sample(0), Freshness::Live)), area).0);
    model.list_mut().filter = Filter::parse("zzz", &[]).unwrap();
    all.push_str(&drawn(&model, Some((&Sample(3), Freshness::Live)), area).0);
    insta::assert_snapshot!(all);
}

#[test]
fn the_chosen_row_is_on_the_page_wherever_it_is() {
    let mut model = model();
    for chosen in [0, 3, 499, 999] {
        model.list_mut().chosen = Some(format!("k{chosen}"));
        let (text, _) = drawn(&model, Some((&Sample(1000), Freshness::Live)), Rect::new(0, 0, 60, 6));
        assert!(text.lines().any(|line| line.starts_with(&format!("❯ näme {chosen}"))), "{text}");
        assert!(text.starts_with(&format!("Things {}/1000", chosen + 1)), "{text}");
    }
}

proptest! {
    #[test]
    fn columns_fit_and_the_important_ones_stay(room in 0u16..200, hide in any::<bool>()) {
        let hidden = if hide { ["state"].into() } else { Default::default() };
        let placed = placed(COLUMNS, &hidden, room);
        prop_assert_eq!(placed[0].column.id, "name");
        prop_assert!(!(hide && placed.iter().any(|placed| placed.column.id == "state")));
        for pair in placed.windows(2) {
            prop_assert_eq!(pair[0].left + pair[0].width + 1, pair[1].left);
        }
        let last = placed.last().unwrap();
        prop_assert!(placed.len() == 1 || last.left + last.width <= room);
        let dropped = COLUMNS.iter().filter(|column| !hidden.contains(column.id))
            .filter(|column| placed.iter().all(|placed| placed.column.id != column.id));
        let least_dropped = dropped.map(|column| column.priority).min().unwrap_or(u8::MAX);
        prop_assert!(placed.iter().all(|placed| placed.column.priority < least_dropped));
    }

    #[test]
    fn any_area_will_do(width in 0u16..30, height in 0u16..8, count in 0usize..9, chosen in 0usize..12) {
        let mut model = model();
        model.list_mut().chosen = Some(format!("k{chosen}"));
        drawn(&model, Some((&Sample(count), Freshness::Live)), Rect::new(0, 0, width, height));
    }
}

#[test]
fn a_zero_what_is_not_known_and_what_does_not_apply_look_different() {
    let model = sample::unconnected();
    for symbols in [Symbols::Unicode, Symbols::Ascii] {
        let told = |value: &Value<'_>| {
            let place = Rect::new(0, 0, 9, 1);
            let mut buffer = Buffer::empty(place);
            let look = crate::theme::Look { symbols, ..model.settings.look };
            let mut canvas = Canvas::new(look, &mut buffer);
            cell::Cell::of(value, 9, &model, symbols).draw(
                &mut canvas,
                place,
                value.is_figure(),
                Tone::Plain,
            );
            crate::sample::text_of(&buffer).trim().to_owned()
        };
        let all = [Value::Count(0), Value::Unknown, Value::NotApplicable, Value::Flag(false)];
        let told: std::collections::BTreeSet<String> = all.iter().map(told).collect();
        assert_eq!(told.len(), all.len(), "{told:?}");
        assert!(told.iter().all(|text| !text.is_empty()), "{told:?}");
    }
}

#[test]
fn figures_of_a_part_are_never_cut_off_for_a_bar() {
    for (part, whole) in [(1, 2), (209, 2712), (1_000_000, 2_000_000)] {
        for width in 8..30 {
            let text = super::cell::part_of(part, whole, width, crate::symbols::Symbols::Unicode);
            assert!(text.ends_with(&format!("{part}/{whole}")), "{text}");
            let fits = usize::from(width) >= format!("{part}/{whole}").len();
            assert!(!fits || text.chars().count() <= usize::from(width), "{text} in {width}");
        }
    }
}
