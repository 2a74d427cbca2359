//! Before anything is written: the log is opened, gone on with after a failure, looked
//! after when somebody else has touched it, and begun anew when it is full.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::disk::InPlace;
use super::super::error::AuditError;
use super::super::files::rotated_name;
use super::super::log::Log;
use super::super::open::{Before, open, own};
use super::Writer;
use super::entry::Entry;

impl<D: InPlace> Writer<D> {
    /// Opens the log, or goes on with it after a failure, and begins the next file when
    /// that is due. Returns what has to be told first.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub(super) fn usable(&mut self) -> Result<Vec<(Timestamp, Entry)>, AuditError> {
        self.let_go_what_was_touched();
        let mut events = Vec::new();
        let mut log = match self.log.take() {
            Some(log) => log,
            None => {
                let opened = open(Arc::clone(&self.disk), &self.options, self.before.as_ref())?;
                self.before = None;
                events.extend(opened.events.into_iter().map(|event| Entry::Event(event, None)));
                opened.log
            }
        };
        let ready = ready(&mut log, &mut events);
        if ready.is_ok() && self.removing == 0 {
            self.removing = log.too_many().len();
            events.extend(log.too_many().iter().map(|first| {
                let name = rotated_name(*first);
                let kept = self.options.files;
                Entry::Own(own("removed", format!("{name} goes: {kept} older files are kept")))
            }));
        }
        self.log = Some(log);
        let now = Timestamp::now();
        let mut events: Vec<_> = events.into_iter().map(|event| (now, event)).collect();
        if let Err(error) = ready {
            self.backlog.extend(events);
            return Err(error);
        }
        if let Some((since, why)) = &self.failing {
            let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
            let detail = format!("since {since} nothing could be written: {why}");
            events.push((now, Entry::Own(own("resumed", detail))));
        }
        Ok(events)
    }

    /// What is written to a file that has no name any more is lost, and what is written
    /// behind somebody else's half line is no record.
    fn let_go_what_was_touched(&mut self) {
        let Some(log) = &self.log else { return };
        let Some(why) = log.touched() else { return };
        tracing::error!(%why, "somebody has touched the audit while the server runs");
        self.before = Some(Before { durable: log.durable, why });
        self.keep_uncertain(&AuditError::Restless);
        self.log = None;
    }
}

/// Makes the log one that can be written.
fn ready<D: InPlace>(log: &mut Log<D>, events: &mut Vec<Entry>) -> Result<(), AuditError> {
    if log.file.is_none() {
        log.revive()?;
    }
    let why = match (log.new_file, log.is_full()) {
        (true, _) => "the disk had failed to keep what was written; it is repeated here",
        (false, true) => "it had reached its size",
        (false, false) => return Ok(()),
    };
    if let Some(name) = log.rotate(log.length)? {
        let event = own("rotated", format!("{name} is complete: {why}"));
        events.push(Entry::Event(event, None));
    }
    Ok(())
}
