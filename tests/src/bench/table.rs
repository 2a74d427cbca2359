//! The table that a run prints, in Markdown, as the README shows it.

use std::fmt;
use std::time::Duration;

use crate::measure::milliseconds;

/// What a row promises.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// At most so long.
    Within(Duration),
    /// At least so many in a second.
    Rate(f64),
    /// At least so many bytes in a second.
    Throughput(f64),
    /// At most so many MiB.
    Mebibytes(f64),
    /// At most so many in a second.
    Few(f64),
    /// At most so much of a hundred.
    Percent(f64),
    /// At most so many times the control.
    Times(f64),
    /// Shown for comparison only.
    None,
}

/// What was found.
#[derive(Debug, Clone, Copy)]
pub enum Figure {
    /// A time.
    Time(Duration),
    /// Events in a second.
    Rate(f64),
    /// Bytes in a second.
    Throughput(f64),
    /// The same of what should be rare.
    Few(f64),
    /// So much of a hundred.
    Percent(f64),
    /// A size.
    Mebibytes(f64),
    /// Nothing to compare with.
    None,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => f.write_str(&milliseconds(*time)),
            Self::Rate(rate) => write!(f, "{rate:.0} /s"),
            Self::Throughput(bytes) => write!(f, "{:.0} MB/s", bytes / 1e6),
            Self::Few(rate) => write!(f, "{rate:.1} /s"),
            Self::Percent(share) => write!(f, "{share:.3} %"),
            Self::Mebibytes(size) => write!(f, "{size:.1} MiB"),
            Self::None => f.write_str("-"),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Within(time) => write!(f, "≤ {}", milliseconds(*time)),
            Self::Rate(rate) => write!(f, "≥ {rate:.0} /s"),
            Self::Throughput(bytes) => write!(f, "≥ {:.0} MB/s", bytes / 1e6),
            Self::Few(rate) => write!(f, "≤ {rate:.0} /s"),
            Self::Percent(share) => write!(f, "≤ {share} %"),
            Self::Mebibytes(size) => write!(f, "≤ {size} MiB"),
            Self::Times(times) => write!(f, "≤ {times} × control"),
            Self::None => f.write_str("-"),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What it promises.
    pub goal: Goal,
    /// The median, the rate or the size.
    pub measured: Figure,
    /// What the control is, and its figure.
    pub control: (String, Figure),
}

impl Row {
    /// Whether the goal is met; `None` where there is none to meet.
    pub fn met(&self) -> Option<bool> {
        Some(match (self.goal, self.measured, self.control.1) {
            (Goal::Within(most), Figure::Time(time), _) => time <= most,
            (Goal::Rate(least), Figure::Rate(rate), _) => rate >= least,
            (Goal::Throughput(least), Figure::Throughput(bytes), _) => bytes >= least,
            (Goal::Few(most), Figure::Few(rate), _) => rate <= most,
            (Goal::Percent(most), Figure::Percent(share), _) => share <= most,
            (Goal::Mebibytes(most), Figure::Mebibytes(size), _) => size <= most,
            (Goal::Times(most), Figure::Time(time), Figure::Time(control)) => {
                time.as_secs_f64() <= control.as_secs_f64() * most
            }
            _ => return None,
        })
    }
}

/// All lines.
#[derive(Debug, Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// Adds a line.
    pub fn push(&mut self, row: Row) {
        self.0.push(row);
    }

    /// Adds a line whose control is a figure of the same run.
    pub fn row(&mut self, what: &str, goal: Goal, measured: Figure, control: (&str, Figure)) {
        self.push(Row { what: what.to_owned(), goal, measured, control: (control.0.to_owned(), control.1) });
    }

    /// How many goals are met, of how many.
    pub fn met(&self) -> (usize, usize) {
        let judged: Vec<bool> = self.0.iter().filter_map(Row::met).collect();
        (judged.iter().filter(|met| **met).count(), judged.len())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | goal | measured | control in the same run | |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for row in &self.0 {
            let verdict = row.met().map_or("", |met| if met { "met" } else { "missed" });
            let (name, figure) = &row.control;
            let control = if name.is_empty() { "-".to_owned() } else { format!("{name}: {figure}") };
            writeln!(f, "| {} | {} | {} | {control} | {verdict} |", row.what, row.goal, row.measured)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(goal: Goal, measured: Figure, control: Figure) -> Option<bool> {
        Row { what: String::new(), goal, measured, control: (String::new(), control) }.met()
    }

    #[test]
    fn goals_are_judged_in_their_own_unit() {
        let time = |ms| Figure::Time(Duration::from_millis(ms));
        assert_eq!(verdict(Goal::Within(Duration::from_millis(5)), time(5), Figure::None), Some(true));
        assert_eq!(verdict(Goal::Within(Duration::from_millis(5)), time(6), Figure::None), Some(false));
        assert_eq!(verdict(Goal::Rate(10.0), Figure::Rate(9.0), Figure::None), Some(false));
        assert_eq!(verdict(Goal::Throughput(4e8), Figure::Throughput(3.9e8), Figure::None), Some(false));
        assert_eq!(verdict(Goal::Times(1.5), time(15), time(10)), Some(true));
        assert_eq!(verdict(Goal::Times(1.5), time(16), time(10)), Some(false));
        assert_eq!(verdict(Goal::Times(1.5), time(16), Figure::None), None);
        assert_eq!(verdict(Goal::None, time(1), Figure::None), None);
        assert_eq!(verdict(Goal::Few(2.0), Figure::Few(2.1), Figure::None), Some(false));
        assert_eq!(verdict(Goal::Few(0.0), Figure::Few(0.0), Figure::None), Some(true));
        assert_eq!(verdict(Goal::Percent(0.1), Figure::Percent(0.1), Figure::None), Some(true));
    }

    #[test]
    fn the_table_counts_what_is_met() {
        let mut table = Table::default();
        table.row("a", Goal::Rate(1.0), Figure::Rate(2.0), ("", Figure::None));
        table.row("b", Goal::Rate(3.0), Figure::Rate(2.0), ("x", Figure::Rate(1.0)));
        assert_eq!(table.met(), (1, 2));
        assert!(table.to_string().contains("| b | ≥ 3 /s | 2 /s | x: 1 /s | missed |"));
    }
}
