//! What administrators do by hand beside restarts: sessions, buffers, log level,
//! configuration, and the questions that are answered from other places.

use task_orchestrator_shared::admin::audit::MAX_AUDIT_RECORDS;
use task_orchestrator_shared::admin::config::{ConfigEntry, Reloaded, Takes};
use task_orchestrator_shared::admin::log::LogLevel;
use task_orchestrator_shared::admin::reply::{OperationRole, Roles};
use task_orchestrator_shared::admin::{Refusal, Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::role::{Operation, Role};

use crate::audit::AuditError;
use crate::config::{Level, Provenance};
use crate::front::ask::ReplyTo;
use crate::front::event::Event;
use crate::front::jobs::{JobOutcome, Loaded};
use crate::link::{Frame, Goodbye, Kind};
use crate::restart::JobId;

use super::Hub;

impl Hub {
    pub(super) fn roles(&self) -> Roles {
        let operation = |operation: &Operation| OperationRole {
            operation: *operation,
            least: Role::least_for(*operation),
            privileged: operation.is_privileged(),
        };
        Roles {
            operations: Operation::ALL.iter().map(operation).collect(),
            grants: self.access.list(),
            stdio_role: Role::from(self.config.access.stdio_role),
        }
    }

    /// Answers what waits with an error that invites another attempt.
    pub(super) fn clear_by_hand(&mut self, session: Option<&str>, to: ReplyTo) {
        let number = match session.map(|session| self.number_of(session)) {
            Some(None) => return self.answer(to, no_session(session.unwrap_or_default())),
            Some(number) => number,
            None => None,
        };
        let cleared = self.clear_buffers_of(number);
        let requests = if cleared == 1 { "request was" } else { "requests were" };
        self.done(to, &format!("{cleared} {requests} answered instead of waiting for a worker"));
    }

    /// Ends a client's session. What it waits for is not answered any more: its end of
    /// the connection closes, as it would when the server is stopped.
    pub(super) fn disconnect(&mut self, session: &str, to: ReplyTo) {
        let Some(number) = self.number_of(session) else { return self.answer(to, no_session(session)) };
        let goodbye = Goodbye { resume: false, reason: "disconnected by an administrator".to_owned() };
        if let Some(known) = self.sessions.get(&number) {
            let payload = serde_json::to_vec(&goodbye).unwrap_or_default();
            known.port.send(&Frame::control(Kind::Goodbye, payload));
        }
        self.connections.retain(|_, held| *held != number);
        self.end_session(number);
        if self.connections.is_empty() {
            self.idle_since = Some(std::time::Instant::now());
        }
        self.done(to, &format!("client {session} is disconnected"));
    }

    /// The attached session of this client, given by its id or the session's number.
    pub(super) fn number_of(&self, session: &str) -> Option<u64> {
        self.connections.values().copied().find(|number| {
            let client = self.sessions.get(number).map(|known| known.client.to_string());
            client.as_deref() == Some(session) || number.to_string() == session
        })
    }

    /// Changes how much front and workers write, for as long as both live.
    pub(super) fn set_log_level(&mut self, level: &str, to: ReplyTo) {
        let Some(level) = LogLevel::named(level) else {
            let refusal = Refusal {
                error_code: ErrorCode::InvalidArgument,
                error: format!("there is no log level {level:?}"),
                hint: "error, warn, info, debug and trace are".to_owned(),
            };
            return self.answer(to, Reply::Refused(refusal));
        };
        self.log_at(Level::from(level));
        self.done(to, &format!("front and workers log at {} from now on", level.as_str()));
    }

    pub(super) fn log_at(&mut self, level: Level) {
        if level == self.log_level {
            return;
        }
        self.log_level = level;
        (self.settings.set_log_level)(level);
        self.tell_front();
        self.stream.touch();
    }

    /// Reads the configuration again, beside the hub.
    pub(super) fn reload_config(&self, to: ReplyTo) {
        let (reload, events) = (self.settings.reload.clone(), self.jobs.events().clone());
        tokio::spawn(async move {
            let read = tokio::task::spawn_blocking(move || reload()).await;
            let read = read.unwrap_or_else(|error| Err(error.to_string())).map(Box::new);
            let _ = events.send(Event::Reloaded { to, read }).await;
        });
    }

    /// The configuration has been read again, or is wrong: then nothing changes.
    pub(super) fn reloaded(&mut self, to: ReplyTo, read: Result<Box<Loaded>, String>) {
        let reply = match read {
            Ok(loaded) => Reply::Reloaded(Box::new(self.reconfigure(*loaded))),
            Err(mistakes) => Reply::Refused(Refusal {
                error_code: ErrorCode::InvalidArgument,
                error: format!("the configuration has mistakes, and the one before holds on: {mistakes}"),
                hint: "`task-orchestrator config check` names every mistake with its line".to_owned(),
            }),
        };
        self.answer(to, reply);
    }

    /// What the front can change at run time, it changes.
    pub(super) fn reconfigure(&mut self, loaded: Loaded) -> Reloaded {
        let Loaded { config, provenance } = loaded;
        let mut changed = Reloaded::default();
        for (entry, running) in provenance.0.iter().zip(&mut self.in_force.0) {
            if entry.value == running.value {
                running.origin = entry.origin.clone();
                continue;
            }
            let key = entry.key.path();
            match takes(&key) {
                Takes::Reload => {
                    running.clone_from(entry);
                    changed.applied.push(key);
                }
                Takes::Restart => changed.needs_restart.push(key),
                Takes::Stop => changed.needs_stop.push(key),
            }
        }
        self.loaded = provenance;
        self.machine.set_limits(crate::restart::Limits::of(&config));
        self.workers.set_heartbeat(crate::front::heartbeat(&config));
        // Names are looked up anew; what cannot be looked up now grants as before.
        match crate::access::Access::of(&config) {
            Ok(access) => self.regrant(access),
            Err(error) => tracing::error!(%error, "the grants before hold on"),
        }
        self.jobs.backups().set_policy((&config.state).into());
        self.log_at(config.log.level);
        let before = std::mem::replace(&mut self.config, config);
        // These hold until the front is started again, whatever the file says.
        self.config.front.max_sessions = before.front.max_sessions;
        self.config.buffer.max_requests_per_client = before.buffer.max_requests_per_client;
        self.config.buffer.max_bytes = before.buffer.max_bytes;
        for session in self.sessions.values_mut() {
            session.limits = None;
        }
        self.senders.clear();
        self.stream.touch();
        tracing::info!("the configuration was read again");
        changed
    }

    /// A worker that starts reads the configuration by itself.
    pub(super) fn worker_has_configuration(&mut self) {
        for (entry, running) in self.loaded.0.iter().zip(&mut self.in_force.0) {
            if takes(&entry.key.path()) == Takes::Restart {
                running.clone_from(entry);
            }
        }
    }

    pub(super) fn show_config(&self, to: ReplyTo) {
        let (reload, events) = (self.settings.reload.clone(), self.jobs.events().clone());
        let in_force = self.in_force.clone();
        tokio::spawn(async move {
            // With mistakes in the file nothing is pending: it could not be read.
            let read = tokio::task::spawn_blocking(move || reload()).await;
            let read = read.ok().and_then(Result::ok);
            let reply = Reply::Config(entries(&in_force, read.as_ref().map(|loaded| &loaded.provenance)));
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }

    /// Lets the disk work beside the hub. What has changed is told to those who watch.
    pub(super) fn with_backups(&self, request: Request, to: ReplyTo) {
        let (backups, events) = (self.jobs.backups().clone(), self.jobs.events().clone());
        let changes = request.operation().is_privileged();
        tokio::spawn(async move {
            let reply = crate::process::aside(move || backups.answer(&request)).await.flatten();
            let reply = reply.unwrap_or_else(|| Reply::Refused(broken_job()));
            let _ = events.send(Event::Report { to, reply }).await;
            if changes {
                let _ = events.send(Event::Job { job: JobId(0), outcome: JobOutcome::Rotated }).await;
            }
        });
    }

    pub(super) fn show_audit(&self, limit: u32, to: ReplyTo) {
        let limit = limit.min(u32::try_from(MAX_AUDIT_RECORDS).unwrap_or(u32::MAX));
        let (newest, events) = (self.audit.newest(limit), self.jobs.events().clone());
        tokio::spawn(async move {
            let reply = match newest.await {
                Ok(records) => Reply::Audit(records),
                Err(error) => audit_unread(&error),
            };
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }

    pub(super) fn verify_audit(&self, to: ReplyTo) {
        let (verdict, events) = (self.audit.verify(), self.jobs.events().clone());
        tokio::spawn(async move {
            let reply = match verdict.await {
                Ok(verdict) => Reply::AuditVerdict(Box::new(verdict)),
                Err(error) => audit_unread(&error),
            };
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }
}

/// What it takes until a changed key holds.
pub(super) fn takes(key: &str) -> Takes {
    let section = key.split_once('.').map_or(key, |(section, _)| section);
    match (section, key) {
        (_, "access.socket_group") => Takes::Stop,
        (_, "log.level" | "front.heartbeat_interval" | "front.heartbeat_misses") => Takes::Reload,
        (_, "front.worker_start_timeout" | "buffer.expiry" | "buffer.cleanup_interval") => Takes::Reload,
        // The worker's own: read at its start.
        (_, "limits.tools_apply_to" | "limits.read_burst" | "limits.read_interval") => Takes::Restart,
        (_, "limits.write_burst" | "limits.write_interval") => Takes::Restart,
        (_, "limits.heavy_burst" | "limits.heavy_interval") => Takes::Restart,
        ("restart" | "limits" | "access" | "worker", _) => Takes::Reload,
        (_, "state.warn_size" | "state.backups" | "state.compress_after" | "state.remove_after") => {
            Takes::Reload
        }
        ("store", _) => Takes::Restart,
        _ => Takes::Stop,
    }
}

fn entries(in_force: &Provenance, read: Option<&Provenance>) -> Vec<ConfigEntry> {
    let entry = |entry: &crate::config::Entry| {
        let key = entry.key.path();
        let now = read.and_then(|read| read.of(&key)).filter(|now| now.value != entry.value);
        ConfigEntry {
            value: entry.value.to_string(),
            source: entry.origin.to_string(),
            pending: now.map(|now| now.value.to_string()),
            takes: now.map(|_| takes(&key)),
            key,
        }
    };
    in_force.0.iter().map(entry).collect()
}

pub(super) fn no_session(session: &str) -> Reply {
    Reply::Refused(Refusal {
        error_code: ErrorCode::NotFound,
        error: format!("no client session {session} is connected"),
        hint: "`task-orchestrator sessions` lists those that are".to_owned(),
    })
}

fn audit_unread(error: &AuditError) -> Reply {
    Reply::Refused(Refusal {
        error_code: ErrorCode::StorageFailed,
        error: format!("the audit cannot be read: {error}"),
        hint: "look at .task_orchestrator/audit and at the log".to_owned(),
    })
}

fn broken_job() -> Refusal {
    Refusal {
        error_code: ErrorCode::Internal,
        error: "the work on the backups did not come to its end".to_owned(),
        hint: "look at the log of the front".to_owned(),
    }
}
