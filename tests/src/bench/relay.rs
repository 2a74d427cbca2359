//! What shim and front add to a call, and how many calls they can carry.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use serde_json::json;

use super::direct::DirectWorker;
use super::speaker::{Shim, request};
use super::status::repeated;
use super::table::{Figure, Goal, Table};
use super::{Scale, floor, rate};
use crate::Workspace;

const CLIENTS: usize = 4;
/// Requests that one client has in flight.
const WINDOW: usize = 64;

/// Fills in the relay rows.
///
/// # Errors
///
/// When a call fails.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let (relayed, direct) = (Workspace::new()?, Workspace::new()?);
    let call = request("tools/call", &json!({"name": "orchestrator_get_status", "arguments": {}}));
    let mut client = Shim::opened(&relayed)?;
    let mut worker = DirectWorker::opened(&direct)?;
    // In turns, so that whatever else the machine does falls on both.
    let (mut through, mut past) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        through.push(repeated(&mut client, scale.calls / 10, &call)?);
        past.push(repeated(&mut worker, scale.calls / 10, &call)?);
    }
    drop(worker);
    let (through, past) = (crate::measure::Sample::joined(through), crate::measure::Sample::joined(past));
    let added = |percent| through.percentile(percent).saturating_sub(past.percentile(percent));
    table.row(
        "added to a call by shim and front, p50",
        Goal::Within(Duration::from_micros(40)),
        Figure::Time(added(50)),
        ("added by two processes that only pass bytes on", Figure::Time(floor::two_forwarders(scale.calls)?)),
    );
    table.row(
        "added to a call by shim and front, p99",
        Goal::Within(Duration::from_micros(200)),
        Figure::Time(added(99)),
        ("the worker directly", Figure::Time(past.percentile(99))),
    );
    drop(client);
    let each = scale.pipelined / CLIENTS;
    let ping = request("ping", &json!({}));
    let pings = pipelined(&relayed, &ping, each)?;
    let calls = pipelined(&relayed, &call, each / 4)?;
    table.row(
        &format!("ping, pipelined, {CLIENTS} clients"),
        Goal::Rate(50_000.0),
        Figure::Rate(pings),
        ("get_status the same way", Figure::Rate(calls)),
    );
    direct.finish()?;
    relayed.finish()
}

/// Requests in a second over all clients.
fn pipelined(workspace: &Workspace, request: &[u8], each: usize) -> Result<f64> {
    let clients = (0..CLIENTS).map(|_| Shim::opened(workspace)).collect::<Result<Vec<_>>>()?;
    let begun = Instant::now();
    let sent = std::thread::scope(|scope| {
        let running: Vec<_> =
            clients.into_iter().map(|client| scope.spawn(move || one(client, request, each))).collect();
        running.into_iter().try_fold(0, |sum, thread| {
            Ok::<_, anyhow::Error>(sum + thread.join().map_err(|_| anyhow!("a client panicked"))??)
        })
    })?;
    Ok(rate(sent, begun.elapsed()))
}

/// Keeps half a window to a window in flight.
fn one(mut client: Shim, request: &[u8], count: usize) -> Result<usize> {
    let mut block = Vec::new();
    let mut number = 0;
    let mut answer = Vec::new();
    for round in 0..=count / (WINDOW / 2) {
        block.clear();
        for _ in 0..WINDOW / 2 {
            number += 1;
            append_with_id(&mut block, request, number);
        }
        client.send(&block)?;
        if round > 0 {
            for _ in 0..WINDOW / 2 {
                client.answer(&mut answer)?;
            }
        }
    }
    for _ in 0..WINDOW / 2 {
        client.answer(&mut answer)?;
    }
    Ok(number)
}

/// The request again as a line, under an id of its own: two in flight may not share one.
fn append_with_id(block: &mut Vec<u8>, request: &[u8], number: usize) {
    let shared_id = b"\"id\":1";
    let at = request.windows(shared_id.len()).position(|window| window == shared_id).unwrap_or(0);
    let (before, after) = request.split_at(at);
    block.extend_from_slice(before);
    block.extend_from_slice(format!("\"id\":{number}").as_bytes());
    block.extend_from_slice(after.get(shared_id.len()..).unwrap_or_default());
    block.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_its_own_id() {
        let mut block = Vec::new();
        let ping = request("ping", &json!({}));
        append_with_id(&mut block, &ping, 41);
        let read: serde_json::Value = serde_json::from_slice(&block).unwrap();
        assert_eq!(read, json!({"jsonrpc": "2.0", "id": 41, "method": "ping", "params": {}}));
    }
}
