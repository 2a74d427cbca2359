//! What it costs to write down who wants something before it is done, and to check
//! all that was written.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use task_orchestrator::audit::{Audit, Options, verify};
use task_orchestrator_shared::admin::audit::{Actor, Attempt};
use task_orchestrator_shared::role::{Operation, Role};
use tokio::runtime::{Builder, Runtime};

use super::table::{Figure, Goal, Table};
use super::{Scale, rate, timed};
use crate::Workspace;
use crate::measure::Sample;

/// Records that are written together when only their number matters.
const TOGETHER: usize = 2000;

/// Fills in the audit's rows.
///
/// # Errors
///
/// When the audit cannot be written or is not intact.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::new()?;
    // On the same disk as the workspace's own files.
    let home = tempfile::tempdir_in(workspace.path())?;
    let options = options(home.path());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let audit = Audit::open(&options)?;
    runtime.block_on(audit.flush())?;
    let mut control = File::options().create(true).append(true).open(home.path().join("control"))?;
    let (mut intents, mut appends) = (Vec::new(), Vec::new());
    // In turns: the disk is not equally fast all the time.
    for _ in 0..5 {
        appends.push(append(&mut control, scale.commits / 5)?);
        intents
            .push(timed(scale.commits / 5, |_| Ok(runtime.block_on(audit.intent(attempt())).map(drop)?))?);
    }
    let control = ("append of 600 bytes and fdatasync", Figure::Time(Sample::joined(appends).median()));
    let figure = Figure::Time(Sample::joined(intents).median());
    table.row("durable audit record, p50", Goal::Times(1.5), figure, control);
    check(scale, &runtime, &audit, &options, table)?;
    workspace.finish()
}

fn options(home: &Path) -> Options {
    Options { directory: home.join("audit"), key_file: None, max_file_size: 16 << 20, files: 100 }
}

/// Appends a record's bytes so many times, and waits for the disk each time.
pub(super) fn append(file: &mut File, count: usize) -> Result<Sample> {
    timed(count, |_| {
        file.write_all(&[b'x'; 600])?;
        file.sync_data()?;
        Ok(())
    })
}

/// Checks as many records as the big database has tasks.
fn check(
    scale: &Scale,
    runtime: &Runtime,
    audit: &Audit,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    for _ in 0..scale.tasks.div_ceil(TOGETHER) {
        let waiting: Vec<_> = (0..TOGETHER).map(|_| audit.intent(attempt())).collect();
        runtime.block_on(async {
            for intent in waiting {
                intent.await?;
            }
            Ok::<_, anyhow::Error>(())
        })?;
    }
    let begun = Instant::now();
    let verdict = verify(options)?;
    let took = begun.elapsed();
    ensure!(verdict.intact, "{:?}", verdict.problems);
    let records = usize::try_from(verdict.records)?;
    let begun = Instant::now();
    let hashed = hash_all(&options.directory)?;
    let control = ("SHA-256 of the same bytes", Figure::Rate(rate(records, begun.elapsed())));
    ensure!(hashed > records, "the files are shorter than their records");
    table.row("audit records checked", Goal::Rate(300_000.0), Figure::Rate(rate(records, took)), control);
    Ok(())
}

fn hash_all(directory: &Path) -> Result<usize> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let content = std::fs::read(entry?.path())?;
        bytes += content.len();
        hash.update(&content);
    }
    let _digest = hash.finalize();
    Ok(bytes)
}

fn attempt() -> Attempt {
    let actor = Actor {
        transport: "admin".to_owned(),
        source_ip: None,
        token: None,
        uid: 1000,
        user: Some("operator".to_owned()),
        gid: 1000,
        pid: Some(4711),
        client: Some("task-orchestrator 0.1.0".to_owned()),
        role: Some(Role::Operator),
    };
    Attempt {
        actor,
        operation: Operation::GracefulRestart,
        method: "restart".to_owned(),
        target: None,
        parameters: serde_json::json!({ "graceful": true, "preserve_state": true, "timeout": 30 }),
        reason: Some("a new build".to_owned()),
        idempotency_key: None,
    }
}
