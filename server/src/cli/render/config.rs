//! The configuration of the running server, for people.

use std::io::{self, Write};

use task_orchestrator_shared::admin::config::{ConfigEntry, Reloaded};

use super::text::{clean, row, table};
use crate::cli::screen::Paint;

/// Prints one line a key. A value that the server does not have yet stands beside the
/// one that it has.
pub(in crate::cli) fn entries(entries: &[ConfigEntry], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![["KEY", "VALUE", "PENDING", "FROM"].map(str::to_owned).to_vec()];
    rows.extend(entries.iter().map(|entry| {
        let pending = entry.pending.as_deref().map_or_else(|| "-".to_owned(), clean);
        vec![clean(&entry.key), clean(&entry.value), pending, clean(&entry.source)]
    }));
    table(out, paint, &rows)?;
    let pending = entries.iter().filter(|entry| entry.pending.is_some()).count();
    if pending > 0 {
        let advice = "`task-orchestrator config reload` applies what can be applied";
        writeln!(out, "\n{}; {advice}", paint.warning(&format!("{pending} not in force yet")))?;
    }
    Ok(())
}

/// Prints what holds now, and what the rest needs.
pub(in crate::cli) fn reloaded(reloaded: &Reloaded, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let Reloaded { applied, needs_restart, needs_stop } = reloaded;
    if applied.is_empty() && needs_restart.is_empty() && needs_stop.is_empty() {
        return writeln!(out, "nothing has changed");
    }
    keys(out, "applied", applied, |key| paint.good(key))?;
    keys(out, "at restart", needs_restart, |key| paint.warning(key))?;
    if !needs_restart.is_empty() {
        row(out, "", "these hold after `task-orchestrator restart`")?;
    }
    keys(out, "at stop", needs_stop, |key| paint.warning(key))?;
    if !needs_stop.is_empty() {
        row(out, "", "these hold after `task-orchestrator stop`, in the next server")?;
    }
    Ok(())
}

fn keys(out: &mut dyn Write, name: &str, keys: &[String], paint: impl Fn(&str) -> String) -> io::Result<()> {
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    names.zip(keys).try_for_each(|(name, key)| row(out, name, &paint(&clean(key))))
}
