//! `state show`.

use std::io::Write;

use serde_json::json;

use super::find;
use crate::cli::render::text::{bytes, clean};
use crate::cli::screen::Screen;
use crate::exit::Exit;
use crate::state::{self, Item, Kind, Opened, Snapshot};
use crate::store::StoreOptions;
use crate::store::backup;
use crate::store::export::Export;
use crate::tasks::Task;
use crate::workspace::Workspace;

pub(super) fn show(
    workspace: &Workspace,
    name: &str,
    with_tasks: bool,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    let (entry, path) = find(workspace, name)?;
    let mut tasks = Vec::new();
    let mut keep = |task: &Task| {
        if with_tasks {
            tasks.push(task.clone());
        }
    };
    let mut shown = match entry.kind {
        Kind::Snapshot => {
            let snapshot = state::scan(&path, &mut |item| {
                if let Item::Active(task) = item {
                    keep(task);
                }
                Ok(())
            })?;
            if !json {
                print_snapshot(name, &snapshot, screen.out)?;
            }
            serde_json::to_value(&snapshot)?
        }
        Kind::Database => {
            let opened = Opened::new(&workspace.server_state(), &entry)?;
            let verified = backup::verify(opened.path())?;
            let export = Export::open(&StoreOptions::new(opened.path(), workspace.artifacts()))?;
            let open = export.open_tasks::<crate::store::StoreError>(|task| {
                keep(task);
                Ok(())
            })?;
            if !json {
                let out = &mut *screen.out;
                writeln!(out, "{name}: a copy of the database")?;
                writeln!(out, "schema      {}", verified.schema_version)?;
                writeln!(out, "generation  {}", verified.epoch)?;
                writeln!(out, "size        {}", bytes(verified.size_bytes))?;
                writeln!(out, "tasks       {}, of which {open} are open", verified.tasks)?;
            }
            json!({
                "database_schema_version": verified.schema_version, "generation": verified.epoch,
                "size_bytes": verified.size_bytes, "tasks": verified.tasks, "open_tasks": open,
            })
        }
    };
    if json {
        if let Some(object) = shown.as_object_mut() {
            object.insert("name".into(), name.into());
            object.insert("kind".into(), entry.kind.as_str().into());
            if with_tasks {
                object.insert("tasks".into(), serde_json::to_value(&tasks)?);
            }
        }
        screen.print_json(&shown)?;
    } else {
        for task in &tasks {
            let (id, status, title) =
                (task.task_id.as_str(), task.status.as_str(), clean(task.title.as_ref()));
            writeln!(screen.out, "{id:<20}  {status:<9}  {title}")?;
        }
    }
    Ok(Exit::Done)
}

fn print_snapshot(name: &str, snapshot: &Snapshot, out: &mut dyn Write) -> std::io::Result<()> {
    let Snapshot { database_state: database, .. } = snapshot;
    writeln!(out, "{name}: a snapshot of version {}", snapshot.version)?;
    writeln!(out, "taken       {}, by version {}", snapshot.timestamp, snapshot.server_version)?;
    writeln!(out, "for         restart {} ({})", snapshot.restart_id, snapshot.restart_reason)?;
    writeln!(out, "generation  {}", snapshot.generation)?;
    writeln!(out, "size        {}", bytes(snapshot.size_bytes))?;
    writeln!(
        out,
        "database    schema {}, epoch {}, {}",
        database.schema_version,
        database.epoch,
        bytes(database.size_bytes)
    )?;
    writeln!(
        out,
        "tasks       {} open, {} that they refer to, in {} sessions",
        snapshot.active_tasks, snapshot.related_tasks, snapshot.work_sessions
    )?;
    writeln!(out, "suspended   {} calls", snapshot.suspended_tasks.len())?;
    writeln!(out, "clients     {}", snapshot.client_sessions.len())?;
    for (counter, value) in &snapshot.counters {
        writeln!(out, "            {counter} {value}")?;
    }
    writeln!(out, "integrity   {}, good", snapshot.integrity_hash)
}
