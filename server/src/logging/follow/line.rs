//! One line of a log file, read: the two forms that `tagged` writes.
//!
//! The files are this program's own, but of any version, and what stands in a line
//! may come from anybody. A line of neither form is `None`: it goes on from the one
//! before. What steers a terminal is left in; who shows a line cleans it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use task_orchestrator_shared::admin::log::{LogLevel, LogLine, MAX_LOG_LINE_BYTES};

/// Longest name of a part of the program, in bytes; what is more is cut off.
const MAX_TARGET_BYTES: usize = 256;

/// Reads one line, without its end.
pub(super) fn parse(process: &str, raw: &str) -> Option<LogLine> {
    let mut line = if raw.starts_with('{') { json(raw)? } else { human(raw)? };
    process.clone_into(&mut line.process);
    cut(&mut line.text, MAX_LOG_LINE_BYTES);
    cut(&mut line.target, MAX_TARGET_BYTES);
    Some(line)
}

/// Shortens a text to so many bytes, or a few less: never within a character.
pub(super) fn cut(text: &mut String, most: usize) {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
}

/// `[pid] time LEVEL spans: target: message fields`
fn human(raw: &str) -> Option<LogLine> {
    let (pid, rest) = raw.strip_prefix('[')?.split_once("] ")?;
    let (at, rest) = rest.split_once(' ')?;
    at.parse::<Timestamp>().ok()?;
    let (level, rest) = rest.trim_start().split_once(' ')?;
    let (spans, said) = rest.split_at_checked(end_of_spans(rest).unwrap_or(0))?;
    let names_a_part = |target: &str| !target.contains([' ', '{', '"']);
    let (target, message) =
        said.split_once(": ").filter(|(target, _)| names_a_part(target)).unwrap_or(("", said));
    Some(LogLine {
        at: at.to_owned(),
        level: Some(LogLevel::named(level)?),
        process: String::new(),
        pid: Some(pid.parse().ok()?),
        target: target.to_owned(),
        text: format!("{spans}{message}"),
    })
}

/// Where `name{field=value}:name: ` ends and the target begins. A span without fields
/// looks like a target; it is one only before what looks more like a target.
fn end_of_spans(rest: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let here = rest.get(from..)?;
        let mark = here.find(['{', ':', ' '])?;
        let after = here.get(mark..)?;
        if after.starts_with("::") {
            return Some(from);
        }
        let close = if after.starts_with('{') { closing_brace(after)? + 1 } else { 0 };
        let end = from + mark + close;
        let next = rest.get(end..)?.strip_prefix(':')?;
        match next.strip_prefix(' ') {
            None => from = end + 1,
            Some(said) if from > 0 || close > 0 || begins_with_a_path(said) => return Some(end + 2),
            Some(_) => return Some(from),
        }
    }
}

fn begins_with_a_path(said: &str) -> bool {
    let word = said.split(' ').next().unwrap_or("");
    word.ends_with(':') && word.contains("::")
}

/// Where the brace that the text begins with is closed again. Braces within quotes do
/// not count.
fn closing_brace(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(place);
        }
    }
    None
}

#[derive(Deserialize)]
struct Written {
    pid: Option<u32>,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    spans: Vec<Map<String, Value>>,
}

fn json(raw: &str) -> Option<LogLine> {
    let (written, text) = match serde_json::from_str::<Written>(raw) {
        Ok(written) => {
            let text = text_of(&written);
            (written, text)
        }
        // Longer than a line may be: its head is whole, the rest is shown as it stands.
        Err(_) => {
            let (head, rest) = raw.split_once(",\"fields\":")?;
            (serde_json::from_str(&format!("{head}}}")).ok()?, rest.to_owned())
        }
    };
    let at = Some(written.timestamp).filter(|at| at.parse::<Timestamp>().is_ok()).unwrap_or_default();
    let level = LogLevel::named(&written.level);
    Some(LogLine { at, level, process: String::new(), pid: written.pid, target: written.target, text })
}

/// The same text that the other form has.
fn text_of(written: &Written) -> String {
    let mut text = String::new();
    for span in &written.spans {
        text.push_str(span.get("name").and_then(Value::as_str).unwrap_or("span"));
        let fields = fields_of(span, "name");
        if !fields.is_empty() {
            text.push_str(&format!("{{{fields}}}"));
        }
        text.push(':');
    }
    let message = written.fields.get("message").map(shown_message).unwrap_or_default();
    let fields = fields_of(&written.fields, "message");
    for part in [message, fields].iter().filter(|part| !part.is_empty()) {
        let space = if text.is_empty() { "" } else { " " };
        text.push_str(space);
        text.push_str(part);
    }
    text
}

fn fields_of(fields: &Map<String, Value>, but: &str) -> String {
    let others = fields.iter().filter(|(name, _)| *name != but);
    others.map(|(name, value)| format!("{name}={}", shown(value))).collect::<Vec<_>>().join(" ")
}

fn shown_message(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value that can be told from what follows it.
fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(plain) if !plain.is_empty() && !plain.contains([' ', '"', '\n', '\t']) => plain.to_owned(),
        Some(_) | None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> (String, String) {
        let line = parse("worker", raw).unwrap();
        assert_eq!((line.pid, line.process.as_str()), (Some(12), "worker"));
        assert_eq!(line.at, "2026-11-21T14:49:16.123456Z");
        assert_eq!(line.level, Some(LogLevel::Warn));
        (line.target, line.text)
    }

    #[test]
    fn both_forms_say_the_same() {
        let table = [
            ("task_orchestrator::front: client attached session=7", "client attached session=7"),
            (
                "tool{operation=c1:2:3}: task_orchestrator::front: done: 1 row",
                "tool{operation=c1:2:3}: done: 1 row",
            ),
            ("tool: task_orchestrator::front: done", "tool: done"),
            ("a:b{x=\"}: \\\"{\"}:c: task_orchestrator::front: done", "a:b{x=\"}: \\\"{\"}:c: done"),
            ("a{x=D { y: 1 }}:b{z=2}: task_orchestrator::front: ok", "a{x=D { y: 1 }}:b{z=2}: ok"),
        ];
        for (said, text) in table {
            let raw = format!("[12] 2026-11-21T14:49:16.123456Z  WARN {said}");
            assert_eq!(read(&raw), ("task_orchestrator::front".to_owned(), text.to_owned()), "{raw}");
        }
        let json = r#"{"pid":12,"timestamp":"2026-11-21T14:49:16.123456Z","level":"WARN","fields":{"message":"done: 1 row","path":"a b","rows":2},"target":"task_orchestrator::front","span":{"operation":"c1:2:3","name":"tool"},"spans":[{"operation":"c1:2:3","name":"tool"}]}"#;
        let text = "tool{operation=c1:2:3}: done: 1 row path=\"a b\" rows=2";
        assert_eq!(read(json), ("task_orchestrator::front".to_owned(), text.to_owned()));
    }

    #[test]
    fn a_short_target_is_none_of_the_spans() {
        let said = read("[12] 2026-11-21T14:49:16.123456Z  WARN rmcp: gone: why");
        assert_eq!(said, ("rmcp".to_owned(), "gone: why".to_owned()));
    }

    #[test]
    fn what_has_neither_form_goes_on_from_the_line_before() {
        for raw in [
            "",
            "   at main.rs:7",
            "[12] ",
            "[x] 2026-11-21T14:49:16Z INFO a: b",
            "{",
            "{}x",
            "[12] now INFO a: b",
            "[12] 2026-11-21T14:49:16Z LOUD a: b",
        ] {
            assert_eq!(parse("front", raw), None, "{raw}");
        }
    }

    #[test]
    fn long_lines_are_cut_between_characters_and_keep_their_head() {
        let long = "ä".repeat(MAX_LOG_LINE_BYTES);
        let human = format!("[12] 2026-11-21T14:49:16.123456Z  WARN t::u: x{long}");
        assert_eq!(read(&human).1.len(), MAX_LOG_LINE_BYTES - 1);
        let cut_json = format!(
            r#"{{"pid":12,"timestamp":"2026-11-21T14:49:16.123456Z","level":"WARN","fields":{{"message":"{long}"#
        );
        assert!(read(&cut_json).1.starts_with("{\"message\":\"ää"));
    }

    #[test]
    fn any_text_at_all_is_read_without_a_fault() {
        use proptest::prelude::*;
        proptest!(|(said in "[\\PC{}:\" =\\\\]{0,60}")| {
            let line = parse("front", &format!("[1] 2026-11-21T14:49:16Z INFO {said}"));
            prop_assert!(line.is_some() || said.is_empty());
        });
    }
}
