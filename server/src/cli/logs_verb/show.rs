//! Lines of the log as people and programs read them.

use std::io::{self, Write};

use task_orchestrator_shared::admin::log::{LogLevel, LogLine};

use crate::cli::render::text::{clean, count};
use crate::cli::screen::Paint;

/// How lines are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Show {
    /// As JSON objects, for programs.
    pub(super) json: bool,
    /// In which colours, for people.
    pub(super) paint: Paint,
}

impl Show {
    /// Prints the lines, at once also where the output is a pipe.
    pub(super) fn lines(self, lines: &[LogLine], out: &mut dyn Write) -> io::Result<()> {
        for line in lines {
            let shown = if self.json { serde_json::to_string(line)? } else { self.for_people(line) };
            writeln!(out, "{shown}")?;
        }
        out.flush()
    }

    /// Says that lines were left out: it goes with the mistakes, so that a program that
    /// reads the lines is not disturbed.
    pub(super) fn missed(self, missed: u64, err: &mut dyn Write) -> io::Result<()> {
        if missed == 0 {
            return Ok(());
        }
        let lines = count(missed, "line was", "lines were");
        writeln!(err, "{lines} left out: more was written than can be shown")
    }

    fn for_people(self, line: &LogLine) -> String {
        let pid = line.pid.map(|pid| format!("[{pid}]")).unwrap_or_default();
        let target = if line.target.is_empty() { String::new() } else { format!("{}: ", line.target) };
        let level = self.level(line.level);
        let head = clean(&format!("{}{pid} {target}", line.process));
        // What goes on from a line is set in, so that it cannot pass for a line of its own.
        let text = line.text.split('\n').map(clean).collect::<Vec<_>>().join("\n    ");
        format!("{} {level} {head}{text}", clean(&line.at))
    }

    fn level(self, level: Option<LogLevel>) -> String {
        let name = level.map(LogLevel::as_str).unwrap_or("-").to_uppercase();
        let shown = format!("{name:<5}");
        match level {
            Some(LogLevel::Error) => self.paint.bad(&shown),
            Some(LogLevel::Warn) => self.paint.warning(&shown),
            Some(LogLevel::Info) => self.paint.good(&shown),
            Some(LogLevel::Debug | LogLevel::Trace) | None => shown,
        }
    }
}
