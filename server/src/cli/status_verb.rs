//! `status`: whether a server runs, and how it is.

use std::io::Write;

use anyhow::bail;
use serde_json::json;
use task_orchestrator_shared::admin::{Reply, Request, Status};

use crate::admin::{CallError, call};
use crate::cli::{GlobalArgs, StatusArgs};
use crate::exit::Exit;

/// Says whether a server runs, and how it is.
///
/// # Errors
///
/// A server that does not answer, or output that cannot be written.
pub(super) fn run(global: &GlobalArgs, args: &StatusArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let (workspace, _) = global.find_workspace()?;
    match call(&workspace.admin_socket(), &Request::Status) {
        Ok(Reply::Status(status)) if args.json => {
            let mut object = serde_json::to_value(&status)?;
            if let Some(object) = object.as_object_mut() {
                object.insert("running".to_owned(), true.into());
            }
            writeln!(out, "{object}")?;
            Ok(Exit::Done)
        }
        Ok(Reply::Status(status)) => {
            describe(&status, out)?;
            Ok(Exit::Done)
        }
        Ok(_) => bail!("the server answered another question than was asked"),
        Err(CallError::NoServer) => {
            let root = workspace.root().display();
            if args.json {
                writeln!(out, "{}", json!({ "running": false, "workspace": root.to_string() }))?;
            } else {
                writeln!(out, "no server is running for {root}")?;
                writeln!(
                    out,
                    "An MCP client starts one; `task-orchestrator serve` runs one in the foreground."
                )?;
            }
            Ok(Exit::NoServer)
        }
        Err(error) => Err(error.into()),
    }
}

fn describe(status: &Status, out: &mut impl Write) -> std::io::Result<()> {
    let Status { pid, version, workspace, uptime_seconds, generation, crashes, replayed, .. } = status;
    writeln!(out, "server      running, pid {pid}, version {version}, up {}", duration(*uptime_seconds))?;
    writeln!(out, "workspace   {workspace}")?;
    match &status.worker {
        Some(worker) => {
            let state = if worker.ready { "serving" } else { "starting" };
            write!(out, "worker      {state}, pid {}, generation {generation}", worker.pid)?;
            if let Some(bytes) = worker.rss_bytes {
                write!(out, ", {:.1} MiB", bytes as f64 / (1024.0 * 1024.0))?;
            }
            writeln!(out, ", up {}", duration(worker.uptime_seconds))?;
        }
        None => writeln!(out, "worker      none")?,
    }
    if let Some(reason) = &status.worker_failure {
        writeln!(out, "            the last attempt to start one failed: {reason}")?;
    }
    let waiting: u64 = status.sessions.iter().map(|session| session.unanswered).sum();
    let quarantined = status.quarantined;
    writeln!(out, "clients     {}, waiting for {waiting} answers", status.session_count)?;
    writeln!(out, "since start {crashes} crashes, {replayed} requests replayed, {quarantined} quarantined")
}

fn duration(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, _, _) => format!("{days} d {hours} h"),
    }
}
