//! Orders of lists and trees.

use std::borrow::Cow;

use proptest::prelude::*;

use super::arranged;
use crate::model::filter::Filter;
use crate::model::list::{Direction, ListState};
use crate::model::rows::{Column, Rows, Width};
use crate::model::value::Value;

const COLUMNS: &[Column] = &[Column { id: "n", title: "n", width: Width::Fixed(4), priority: 0 }];

/// Figures, absent where they are not known, each below another row or none.
struct Sample(Vec<(Option<u64>, Option<usize>)>);

impl Rows for Sample {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        row.to_string().into()
    }

    fn value(&self, row: usize, _column: usize) -> Value<'_> {
        Value::count(self.0[row].0)
    }

    fn parent(&self, row: usize) -> Option<usize> {
        self.0[row].1
    }
}

fn list(sort: Option<Direction>, filter: &str) -> ListState {
    ListState {
        sort: sort.map(|direction| ("n", direction)),
        filter: Filter::parse(filter, &["n"]).unwrap(),
        ..ListState::default()
    }
}

fn flat(figures: &[Option<u64>]) -> Sample {
    Sample(figures.iter().map(|figure| (*figure, None)).collect())
}

#[test]
fn what_is_missing_comes_last_both_ways_and_equals_stay() {
    let rows = flat(&[Some(2), None, Some(9), Some(2), None, Some(0)]);
    assert_eq!(arranged(&rows, &list(Some(Direction::Down), "")), [2, 0, 3, 5, 1, 4]);
    assert_eq!(arranged(&rows, &list(Some(Direction::Up), "")), [5, 0, 3, 2, 1, 4]);
    assert_eq!(arranged(&rows, &list(None, "n:>1")), [0, 2, 3]);
    let mut unknown = list(None, "");
    unknown.sort = Some(("other", Direction::Up));
    assert_eq!(arranged(&rows, &unknown), [0, 1, 2, 3, 4, 5]);
}

/// 0 (1 (2 3) 4) 5 (6)
fn tree() -> Sample {
    Sample(vec![
        (Some(1), None),
        (Some(2), Some(0)),
        (Some(3), Some(1)),
        (Some(7), Some(1)),
        (Some(5), Some(0)),
        (Some(6), None),
        (Some(8), Some(5)),
    ])
}

#[test]
fn in_a_tree_only_siblings_are_sorted() {
    assert_eq!(arranged(&tree(), &list(Some(Direction::Down), "")), [5, 6, 0, 4, 1, 3, 2]);
}

#[test]
fn in_a_tree_what_matches_is_shown_with_what_it_belongs_to() {
    assert_eq!(arranged(&tree(), &list(None, "n:7")), [0, 1, 3]);
    assert_eq!(arranged(&tree(), &list(Some(Direction::Down), "n:>6")), [5, 6, 0, 1, 3]);
}

proptest! {
    #[test]
    fn every_row_is_shown_once_and_in_order(
        figures in prop::collection::vec(prop::option::of(0u64..5), 0..40),
        parents in prop::collection::vec(prop::option::of(0usize..40), 40),
        down in any::<bool>(),
    ) {
        let direction = if down { Direction::Down } else { Direction::Up };
        let order = arranged(&flat(&figures), &list(Some(direction), ""));
        let shown: Vec<Option<u64>> = order.iter().map(|row| figures[*row]).collect();
        let known: Vec<u64> = shown.iter().flatten().copied().collect();
        let is_sorted = known.is_sorted_by(|one, two| if down { one >= two } else { one <= two });
        prop_assert!(is_sorted);
        prop_assert!(shown.iter().skip(known.len()).all(Option::is_none));
        // A parent stands before its children.
        let rows: Vec<_> = figures.iter().enumerate()
            .map(|(at, figure)| (*figure, parents[at].filter(|parent| *parent < at)))
            .collect();
        let rows = Sample(rows);
        let mut order = arranged(&rows, &list(Some(direction), ""));
        for (place, row) in order.iter().enumerate() {
            let above = rows.0[*row].1;
            prop_assert!(above.is_none_or(|above| order[..place].contains(&above)));
        }
        order.sort_unstable();
        prop_assert_eq!(order, (0..figures.len()).collect::<Vec<_>>());
    }
}
