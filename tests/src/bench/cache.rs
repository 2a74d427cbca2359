//! Where a cache of answers in the worker could pay: what each kind of read costs in
//! the worker, and how much of what a client waits for a hit could take away.
//!
//! A hit is taken to cost what a ping costs, and to copy the answer that was kept and to
//! write it down; finding it, and the count of what the writer has done since, cost nothing.
//! So the share is an upper bound.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::direct::DirectWorker;
use super::seed;
use super::speaker::{Shim, Speaker, request};
use super::status::repeated;
use super::table::{Figure, Goal, Table};
use super::{Scale, timed};
use crate::Workspace;
use crate::measure::Sample;

/// Tasks in the smaller database.
const FEW: usize = 10_000;

/// How often one in the mix writes, and so makes everything that is cached worthless.
const WRITES: f64 = 0.1;

/// One kind of read.
struct Read {
    name: &'static str,
    /// Its part of the mix.
    part: f64,
    /// How many different ones of it the mix has: each is a key of its own.
    keys: f64,
    request: Vec<u8>,
}

/// Fills in the rows about a cache.
///
/// # Errors
///
/// When a call fails.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    for tasks in [FEW, scale.many()] {
        let workspace = Workspace::new()?;
        seed::tasks(&workspace, tasks)?;
        among(workspace, tasks, scale.calls / 5, table).with_context(|| format!("{tasks} tasks"))?;
    }
    Ok(())
}

fn among(workspace: Workspace, tasks: usize, count: usize, table: &mut Table) -> Result<()> {
    let mut worker = DirectWorker::opened(&workspace)?;
    let floor = usual(&mut worker, count, &request("ping", &json!({})))?;
    let reads = reads(&mut worker)?;
    let work = |read: &Read| {
        let (wait, answer) = usual_and_answer(&mut worker, count, &read.request)?;
        Ok((wait - floor - handing_out(&answer, count)).max(0.0))
    };
    let work = reads.iter().map(work).collect::<Result<Vec<_>>>()?;
    drop(worker);
    let mut client = Shim::opened(&workspace)?;
    let (mut saved, mut all) = (0.0, 0.0);
    for (read, work) in reads.iter().zip(work) {
        let seen = usual(&mut client, count, &read.request)?;
        row(table, &format!("{}, {tasks} tasks", read.name), seen, work);
        saved += read.part * work * hits(read);
        all += read.part * seen;
    }
    row(table, &format!("the mix of reads with 1 write in 10, {tasks} tasks"), all, saved);
    drop(client);
    workspace.finish()
}

/// The share of the seconds at the client that a cache could take away.
fn row(table: &mut Table, what: &str, seen: f64, saved: f64) {
    let share = 100.0 * saved / seen.max(f64::MIN_POSITIVE);
    let seen = Figure::Time(Duration::from_secs_f64(seen));
    let what = format!("most that a cache could save: {what}");
    table.row(&what, Goal::None, Figure::Percent(share), ("seen by a client over stdio", seen));
}

/// How many of these find what the same one before has left, when nothing has been
/// written in between: the chance that the key comes again before a write does.
fn hits(read: &Read) -> f64 {
    let again = (1.0 - WRITES) * read.part / read.keys;
    again / (again + WRITES)
}

/// The time that a tenth of the calls stay below: what other work of the machine adds
/// to the rest is no cost of the call, and no cache takes it away.
fn usual(speaker: &mut impl Speaker, count: usize, request: &[u8]) -> Result<f64> {
    Ok(usual_and_answer(speaker, count, request)?.0)
}

fn usual_and_answer(speaker: &mut impl Speaker, count: usize, request: &[u8]) -> Result<(f64, Value)> {
    // A slow one need not be asked so often: a second of it says enough.
    let mut answer = Vec::new();
    let once = timed(9, |_| speaker.round_trip(request, &mut answer))?.percentile(10).as_secs_f64();
    let told: Value = serde_json::from_slice(&answer)?;
    ensure!(told["result"]["isError"] != true && told["error"].is_null(), "{told}");
    let affordable = if once > 0.001 { count / 10 } else { count };
    Ok((repeated(speaker, affordable.max(100), request)?.percentile(10).as_secs_f64(), told))
}

/// The time that it takes to make an answer once more out of what a cache has of it. A
/// tool's reply is in it twice, once as text.
fn handing_out(answer: &Value, count: usize) -> f64 {
    let kept = answer["result"].get("structuredContent").unwrap_or(answer);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        let copy = kept.clone();
        let mut bytes = serde_json::to_vec(&copy).unwrap_or_default();
        if answer["result"].get("structuredContent").is_some() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            bytes = serde_json::to_vec(&json!({"text": text, "structuredContent": copy})).unwrap_or_default();
        }
        std::hint::black_box(bytes);
        times.push(begun.elapsed());
    }
    Sample::of(times).percentile(10).as_secs_f64()
}

/// What agents read, and how often: they look at where they are, page through the
/// tasks and read one; lists are asked for at the beginning of a session.
fn reads(client: &mut impl Speaker) -> Result<Vec<Read>> {
    let page = client.call("orchestrator_query_tasks", &json!({"limit": 1}))?;
    let id = page.pointer("/tasks/0/task_id").and_then(Value::as_str).context("no task")?.to_owned();
    let tool =
        |name: &str, arguments: Value| request("tools/call", &json!({"name": name, "arguments": arguments}));
    let search = json!({"limit": 20, "search_text": seed::RARE_WORD});
    let read = |name, part, keys, request| Read { name, part, keys, request };
    Ok(vec![
        read("get_status", 0.35, 1.0, tool("orchestrator_get_status", json!({}))),
        read("query_tasks, a page of 20", 0.25, 5.0, tool("orchestrator_query_tasks", json!({"limit": 20}))),
        read("query_tasks with text search", 0.1, 5.0, tool("orchestrator_query_tasks", search)),
        read(
            "a task as a resource",
            0.2,
            20.0,
            request("resources/read", &json!({"uri": format!("task://{id}")})),
        ),
        read("resources/list", 0.04, 1.0, request("resources/list", &json!({}))),
        read("tools/list", 0.02, 1.0, request("tools/list", &json!({}))),
        read("prompts/list", 0.02, 1.0, request("prompts/list", &json!({}))),
        read(
            "a role as a prompt",
            0.02,
            8.0,
            request("prompts/get", &json!({"name": "architect", "arguments": {}})),
        ),
    ])
}
