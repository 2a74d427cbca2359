//! `audit export`: the records as they stand in the files, or as a table.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use task_orchestrator_shared::admin::audit::{AuditEvent, AuditRecord};

use super::Format;
use super::filter::{Since, attempt};
use crate::audit::{self, Options};
use crate::cli::screen::Screen;
use crate::exit::Exit;
use crate::workspace::FILE_MODE;

const TITLES: &str =
    "seq,at,event,operation,transport,uid,user,role,client,target,outcome,detail,mac,source_ip,token";

/// Writes them, oldest first.
pub(super) fn run(
    options: &Options,
    output: Option<&Path>,
    since: Option<Since>,
    format: Format,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    let Some(path) = output else {
        write(options, since, format, screen.out)?;
        return Ok(Exit::Done);
    };
    let mut open = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, FILE_MODE);
    let file = open.write(true).create_new(true).open(path);
    let file = file.with_context(|| format!("cannot make {}", path.display()))?;
    let mut out = BufWriter::new(file);
    let count = write(options, since, format, &mut out)?;
    let file = out.into_inner().map_err(|error| error.into_error())?;
    file.sync_all().with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(screen.err, "{count} records in {}", path.display())?;
    Ok(Exit::Done)
}

fn write(
    options: &Options,
    since: Option<Since>,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<u64> {
    let (mut count, mut failure) = (0, None);
    if format == Format::Csv {
        writeln!(out, "{TITLES}")?;
    }
    let read = audit::each(&options.directory, |record| {
        if since.is_none_or(|since| since.is_before(&record)) {
            let line = match format {
                Format::Jsonl => serde_json::to_string(&record).map_err(anyhow::Error::from),
                Format::Csv => Ok(csv(&record)),
            };
            failure = line.and_then(|line| Ok(writeln!(out, "{line}")?)).err();
            count += 1;
        }
        failure.is_none()
    });
    match read {
        Err(error) if error.is_missing() => {}
        read => read?,
    }
    failure.map_or(Ok(count), Err)
}

fn csv(record: &AuditRecord) -> String {
    let attempt = attempt(record);
    let actor = attempt.map(|attempt| &attempt.actor);
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let (event, outcome, detail) = match &record.event {
        AuditEvent::Intent(attempt) => ("intent", String::new(), text(attempt.reason.as_ref())),
        AuditEvent::Allowed(_) => ("allowed", String::new(), String::new()),
        AuditEvent::Denied { why, .. } => ("denied", String::new(), why.clone()),
        AuditEvent::Outcome { of, outcome, detail } => {
            ("outcome", format!("{outcome:?}").to_lowercase(), format!("of {of}: {detail}"))
        }
        AuditEvent::Repeated { of, times } => ("repeated", String::new(), format!("{times} more of {of}")),
        AuditEvent::Audit { what, detail } => ("audit", String::new(), format!("{what}: {detail}")),
    };
    let fields = [
        record.seq.to_string(),
        record.at.clone(),
        event.to_owned(),
        attempt.map(|attempt| attempt.operation.to_string()).unwrap_or_default(),
        text(actor.map(|actor| &actor.transport)),
        actor.map(|actor| actor.uid.to_string()).unwrap_or_default(),
        text(actor.and_then(|actor| actor.user.as_ref())),
        actor.and_then(|actor| actor.role).map(|role| role.to_string()).unwrap_or_default(),
        text(actor.and_then(|actor| actor.client.as_ref())),
        text(attempt.and_then(|attempt| attempt.target.as_ref())),
        outcome,
        detail,
        record.mac.clone(),
        text(actor.and_then(|actor| actor.source_ip.as_ref())),
        text(actor.and_then(|actor| actor.token.as_ref())),
    ];
    fields.map(|field| quoted(&field)).join(",")
}

/// A field as RFC 4180 has it. A first letter that a spreadsheet would take for a
/// formula gets a quote before it: the text may be a stranger's.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let field = if formula { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}
