//! Each line with the id of its process: two workers write to one file, and an
//! operator has to tell them apart.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// An event format whose lines begin with the process id, or have it as their
/// first member.
pub(super) struct Tagged<F> {
    inner: F,
    json: bool,
    process_id: u32,
}

impl<F> Tagged<F> {
    pub(super) fn human(inner: F) -> Self {
        Self { inner, json: false, process_id: std::process::id() }
    }

    pub(super) fn json(inner: F) -> Self {
        Self { inner, json: true, process_id: std::process::id() }
    }
}

impl<S, N, F> FormatEvent<S, N> for Tagged<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if !self.json {
            write!(writer, "[{}] ", self.process_id)?;
            return self.inner.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(rest) => write!(writer, "{{\"pid\":{},{rest}", self.process_id),
            None => writer.write_str(&line),
        }
    }
}
