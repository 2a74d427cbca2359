//! The configuration written out: the commented default file, and what
//! `config show` prints. Everything in it comes from the table.

use std::fmt::Write as _;

use super::key::Key;
use super::table::{KEYS, SECTIONS};
use super::{Provenance, VARIABLE_PREFIX};

/// `config.toml` with every key at its default, commented out. A line that sets a
/// key begins with `#` and no space, so that taking away the `#` is all there is
/// to do.
pub fn default_file() -> String {
    let mut text = String::from(
        "# Configuration of the task orchestrator. Every key stands here with its default;\n\
         # take away the # in front of a key to change it. Stronger than this file are\n",
    );
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# environment variables ({VARIABLE_PREFIX}LOG_LEVEL=debug for log.level) and,");
    text.push_str(
        "# stronger still, flags (--set log.level=debug).\n# Check it with: task-orchestrator config check\n",
    );
    for (section, doc) in SECTIONS {
        let _ = write!(text, "\n{}[{section}]\n", comment(doc));
        for key in KEYS.iter().filter(|key| key.section == *section) {
            text.push_str(&default_entry(key));
        }
    }
    text
}

fn default_entry(key: &Key) -> String {
    let readers: Vec<String> = key.read_by.iter().map(ToString::to_string).collect();
    let limits = match key.limits() {
        limits if limits.is_empty() => String::new(),
        limits => format!("; {limits}"),
    };
    let value = key.default_value().map_or_else(|reason| reason, |value| value.to_string());
    format!(
        "\n{}# Accepts {}{limits}. Read by: {}.\n#{} = {value}\n",
        comment(key.doc),
        key.accepts,
        readers.join(", "),
        key.name,
    )
}

fn comment(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("# {}\n", line.trim())).collect()
}

/// A line for each key: `path = value  # where it comes from`.
pub fn shown_as_text(provenance: &Provenance) -> String {
    let lines: Vec<(String, String)> = provenance
        .0
        .iter()
        .map(|entry| (format!("{} = {}", entry.key.path(), entry.value), entry.origin.to_string()))
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default();
    lines.iter().map(|(line, origin)| format!("{line:width$}  # {origin}\n")).collect()
}

/// `{"log.level": {"value": …, "default": …, "source": …, "place": …, "variable": …}, …}`.
pub fn shown_as_json(provenance: &Provenance) -> serde_json::Value {
    let entries = provenance.0.iter().map(|entry| {
        let value = serde_json::json!({
            "value": entry.value,
            "default": entry.key.default_value().ok(),
            "source": entry.origin.kind(),
            "place": entry.origin.to_string(),
            "variable": entry.key.variable(),
        });
        (entry.key.path(), value)
    });
    serde_json::Value::Object(entries.collect())
}
