//! The page of an error code, for people.

use std::io::{self, Write};

use task_orchestrator_shared::explain::{PAGES, Page};

use super::text::table;
use crate::cli::screen::Paint;

/// Columns that a line of text may take.
const COLUMNS: usize = 88;

/// Prints the page.
pub(in crate::cli) fn page(page: &Page, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}\n", paint.title(page.name), page.title)?;
    wrapped(page.meaning, "", out)?;
    let helps = if page.error_code.is_retryable() { "may help" } else { "does not help by itself" };
    wrapped(&format!("Asking again unchanged {helps}."), "", out)?;
    writeln!(out, "\n{}", paint.title("Usual causes"))?;
    for cause in page.causes {
        wrapped(cause, "- ", out)?;
    }
    writeln!(out, "\n{}", paint.title("Where to look"))?;
    let width = page.look_at.iter().map(|look| look.command.chars().count()).max().unwrap_or(0);
    for look in page.look_at {
        writeln!(out, "  {:<width$}  {}", look.command, look.shows)?;
    }
    writeln!(out, "\n{}", paint.title("What to do"))?;
    for (number, step) in (1..).zip(page.what_to_do) {
        wrapped(step, &format!("{number}. "), out)?;
    }
    Ok(())
}

/// Prints one line a code.
pub(in crate::cli) fn list(paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![vec!["CODE".to_owned(), "MEANING".to_owned()]];
    rows.extend(PAGES.iter().map(|page| vec![page.name.to_owned(), page.title.to_owned()]));
    table(out, paint, &rows)?;
    writeln!(out, "\n`task-orchestrator explain CODE` tells what to do about one of them.")
}

fn wrapped(text: &str, mark: &str, out: &mut dyn Write) -> io::Result<()> {
    let indent = mark.chars().count();
    let mut line = mark.to_owned();
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent);
        }
        line.push_str(word);
        line.push(' ');
    }
    writeln!(out, "{}", line.trim_end())
}
