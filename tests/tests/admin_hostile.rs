//! Callers of the admin socket who do not behave, and links that break: clients and
//! other administrators notice nothing, the front's memory stays bounded, and what
//! was asked for once with a key is done once.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Resource, Signal, getrlimit, setrlimit};
use serde_json::{Value, json};
use task_orchestrator::workspace::{Surroundings, Workspace as Places};
use task_orchestrator_shared::admin::codec::{Call, FromClient};
use task_orchestrator_shared::admin::{Context, MAX_REQUEST_BYTES, Reply, Request};
use task_orchestrator_shared::client::{Client as Admin, Target};
use task_orchestrator_shared::restart::{RestartReport, RestartRequest};
use task_orchestrator_tests::admin::refusal;
use task_orchestrator_tests::bench::load::{Load, Pace};
use task_orchestrator_tests::{Caller, Client, Workspace, process, wait};

/// What all of this together may cost the front, in bytes: a thousand connections
/// with half a line each, deltas for who does not read, two hundred sessions.
const MOST_MEMORY: u64 = 96 * 1024 * 1024;

const SILENT: usize = 1000;

const SESSIONS: usize = 200;

/// A connection that is as raw as it gets.
struct Raw {
    said: UnixStream,
    heard: BufReader<UnixStream>,
}

impl Raw {
    fn open(socket: &Path) -> Result<Self> {
        let said = UnixStream::connect(socket)?;
        said.set_read_timeout(Some(wait::DEADLINE))?;
        Ok(Self { heard: BufReader::new(said.try_clone()?), said })
    }

    fn greeted(socket: &Path) -> Result<Self> {
        let mut raw = Self::open(socket)?;
        let answer = raw.exchange(&hello(1, 2))?;
        ensure!(answer.get("result").is_some(), "{answer}");
        Ok(raw)
    }

    fn say(&mut self, line: &str) -> Result<()> {
        Ok(self.said.write_all(format!("{line}\n").as_bytes())?)
    }

    fn hear(&mut self) -> Result<Value> {
        let mut line = String::new();
        ensure!(self.heard.read_line(&mut line)? > 0, "the connection ended");
        Ok(serde_json::from_str(&line)?)
    }

    /// The answer, past what is told in between.
    fn answer(&mut self) -> Result<Value> {
        loop {
            let heard = self.hear()?;
            if heard.get("method").is_none() {
                return Ok(heard);
            }
        }
    }

    fn exchange(&mut self, line: &str) -> Result<Value> {
        self.say(line)?;
        self.answer()
    }

    fn ask(&mut self, request: Request, context: Context) -> Result<Value> {
        self.exchange(&line(request, context)?)
    }

    /// Returns once the server has ended the connection.
    fn ends(mut self) -> Result<()> {
        match self.heard.read_to_end(&mut Vec::new()) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(error).context("the connection was not ended"),
        }
    }
}

fn hello(oldest: u16, newest: u16) -> String {
    let params = json!({"protocol": {"oldest": oldest, "newest": newest}, "client": "hostile"});
    json!({"jsonrpc": "2.0", "id": 0, "method": "hello", "params": params}).to_string()
}

fn line(request: Request, context: Context) -> Result<String> {
    Ok(FromClient::Call(Call { id: 1, request, context }).line()?)
}

fn many_descriptors() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

fn all_goes_on(workspace: &Workspace, caller: &Caller, during: &str) -> Result<()> {
    caller.goes_on().with_context(|| during.to_owned())?;
    workspace.told_status().with_context(|| during.to_owned()).map(drop)
}

/// Whole lines in pieces, half lines, no lines, and lines that are too long.
fn bad_lines(workspace: &Workspace, caller: &Caller, socket: &Path) -> Result<()> {
    let status = line(Request::Status, Context::default())?;
    let mut slow = Raw::open(socket)?;
    for byte in hello(1, 2).as_bytes().iter().chain(b"\n") {
        slow.said.write_all(&[*byte])?;
    }
    ensure!(slow.answer()?.get("result").is_some(), "no welcome");
    let (first, rest) = status.split_at(status.len() / 2);
    slow.said.write_all(first.as_bytes())?;
    all_goes_on(workspace, caller, "half a line")?;
    ensure!(refusal(&slow.exchange(rest)?).is_none(), "no status");

    let mut half = Raw::greeted(socket)?;
    half.said.write_all(status.as_bytes())?;
    half.said.shutdown(std::net::Shutdown::Write)?;
    half.ends().context("half a line, then nothing")?;

    for length in [MAX_REQUEST_BYTES + 1, 16 * 1024 * 1024] {
        let mut long = Raw::greeted(socket)?;
        // The server stops reading in the middle.
        let _ = long.said.write_all(&vec![b' '; length]);
        let _ = long.said.write_all(b"\n");
        all_goes_on(workspace, caller, "a huge line")?;
        long.ends().context("a huge line")?;
    }
    let mut binary = Raw::open(socket)?;
    binary.said.write_all(b"\x16\x03\x01\x00\xff\n")?;
    ensure!(binary.answer()?.get("error").is_some(), "that was understood");
    binary.ends()
}

/// Without a common version one may look and no more.
fn wrong_versions(socket: &Path) -> Result<()> {
    for (oldest, newest, side) in [(900, 901, "upgrade_server"), (0, 0, "upgrade_client")] {
        let mut other = Raw::open(socket)?;
        let welcome = other.exchange(&hello(oldest, newest))?;
        ensure!(welcome.pointer("/result/skew") == Some(&json!(side)), "{welcome}");
        let status = other.ask(Request::Status, Context::default())?;
        ensure!(status.pointer("/result/kind") == Some(&json!("status")), "{status}");
        for request in [Request::Restart(Box::default()), Request::Stop, Request::Health] {
            let answer = other.ask(request, Context::default())?;
            ensure!(answer.get("error").is_some() && answer.get("result").is_none(), "{answer}");
        }
    }
    let mut backwards = Raw::open(socket)?;
    ensure!(backwards.exchange(&hello(2, 1))?.get("error").is_some(), "a range that is none");
    backwards.ends()
}

/// Another reader is told so many changes meanwhile.
fn changes_are_told(workspace: &Workspace, count: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Target { socket, hello, options } = Target::new(workspace.admin_socket()?, "reader");
    runtime.block_on(async {
        let reader = Admin::connect(&socket.path(), hello, options).await?;
        let (_, mut updates) = reader.subscribe().await?;
        for _ in 0..count {
            let next = tokio::time::timeout(wait::DEADLINE, updates.next()).await;
            next.context("no changes")?.context("the changes ended")?;
        }
        Ok(())
    })
}

#[test]
fn callers_who_do_not_behave_are_noticed_by_nobody() -> Result<()> {
    many_descriptors()?;
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let socket = workspace.admin_socket()?;
        let front = workspace.told_status()?.pid;
        let before = process::resident_bytes(front)?;

        let mut silent = Vec::new();
        for number in 0..SILENT {
            let mut stream = UnixStream::connect(&socket)?;
            if number % 2 == 0 {
                stream.write_all(b"{\"jsonrpc\":\"2.0\",")?;
            }
            silent.push(stream);
        }
        all_goes_on(workspace, &caller, "a thousand who say nothing")?;
        bad_lines(workspace, &caller, &socket)?;
        wrong_versions(&socket)?;
        all_goes_on(workspace, &caller, "callers of other versions")?;

        let mut deaf = Vec::new();
        for _ in 0..8 {
            let mut reader = Raw::greeted(&socket)?;
            reader.say(&line(Request::Subscribe, Context::default())?)?;
            deaf.push(reader);
        }
        let clients = Places::discover(Some(workspace.path()), &Surroundings::of_process()?)?.client_socket();
        let pace = Pace {
            clients: SESSIONS,
            pause: Duration::from_millis(500),
            with_long_call: false,
            only_reads: false,
        };
        let load = Load::begin(clients.as_path(), pace)?;
        changes_are_told(workspace, 100)?;
        all_goes_on(workspace, &caller, "readers who do not read")?;
        load.finish()?;
        let used = process::peak_resident_bytes(front)?.saturating_sub(before);
        ensure!(used < MOST_MEMORY, "{used} bytes more than before, {MOST_MEMORY} are allowed");
        println!("the front needed {} KiB more than before", used / 1024);
        // Who reads again gets on with the whole state, or knows that it is over.
        for mut reader in deaf {
            let view = reader.answer()?;
            ensure!(view.pointer("/result/kind") == Some(&json!("view")), "{view}");
        }
        ensure!(workspace.told_status()?.pid == front, "another front");
        drop(silent);
        caller.finish(workspace).map(drop)
    })
}

fn restart() -> Request {
    Request::Restart(Box::default())
}

fn keyed(key: &str) -> Context {
    Context { idempotency_key: Some(key.to_owned()), ..Context::default() }
}

fn report(answer: &Value) -> Result<RestartReport> {
    let value = answer.pointer("/result/value").with_context(|| answer.to_string())?;
    serde_json::from_value(value.clone()).with_context(|| answer.to_string())
}

#[test]
fn a_key_stands_for_one_restart() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let socket = workspace.admin_socket()?;
        let before = workspace.told_status()?.generation;
        // Twice at once, then again on both, then on a new connection.
        let (mut one, mut two) = (Raw::greeted(&socket)?, Raw::greeted(&socket)?);
        one.say(&line(restart(), keyed("k"))?)?;
        two.say(&line(restart(), keyed("k"))?)?;
        let first = report(&one.answer()?)?;
        ensure!(first.is_success(), "{first:?}");
        let mut others = vec![report(&two.answer()?)?];
        for connection in [&mut one, &mut two, &mut Raw::greeted(&socket)?] {
            others.push(report(&connection.ask(restart(), keyed("k"))?)?);
        }
        ensure!(others.iter().all(|other| *other == first), "{others:?}, not {first:?}");
        ensure!(workspace.told_status()?.generation == before + 1, "not one restart");
        ensure!(workspace.history()?.len() == 1, "not one restart");

        let drains = RestartRequest { drain: true, ..RestartRequest::default() };
        for request in [Request::Snapshot, Request::Restart(Box::new(drains))] {
            let answer = one.ask(request, keyed("k"))?;
            ensure!(refusal(&answer) == Some("IDEMPOTENCY_CONFLICT"), "{answer}");
        }
        let past = Context { expected_generation: Some(before), ..keyed("later") };
        let answer = one.ask(restart(), past.clone())?;
        ensure!(refusal(&answer) == Some("RESTART_003"), "{answer}");
        ensure!(workspace.told_status()?.generation == before + 1, "done for a past generation");
        // What was refused was not done: the same key can be used for it.
        let now = Context { expected_generation: Some(before + 1), ..past };
        ensure!(report(&one.ask(restart(), now)?)?.is_success());
        ensure!(workspace.told_status()?.generation == before + 2, "not done");
        caller.finish(workspace).map(drop)
    })
}

/// A restart with this key that waits for the worker, which is stopped; its asker has hung up.
fn lost_in_the_middle(workspace: &Workspace, key: &str) -> Result<(u32, String)> {
    let worker = workspace.status()?.worker_pid().context("a worker")?;
    process::signal(worker, Signal::STOP);
    let mut asker = Raw::greeted(&workspace.admin_socket()?)?;
    asker.say(&line(restart(), keyed(key))?)?;
    let event = asker.hear()?;
    let id = event.pointer("/params/restart_id").or_else(|| event.pointer("/params/value/restart_id"));
    let id = id.and_then(Value::as_str).with_context(|| event.to_string())?.to_owned();
    workspace.status_when("the standby", |status| status.standby.is_some())?;
    Ok((worker, id))
}

#[test]
fn a_restart_whose_asker_was_cut_off_is_found_again() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let (worker, id) = lost_in_the_middle(workspace, "cut")?;
        process::signal(worker, Signal::CONT);
        let found = Raw::greeted(&workspace.admin_socket()?)?.ask(restart(), keyed("cut"))?;
        let found = report(&found)?;
        ensure!(found.is_success() && found.restart_id.0 == id, "{id}: {found:?}");
        let history = workspace.history()?;
        ensure!(history.len() == 1, "{history:?}");
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_restart_whose_front_was_killed_is_found_again() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let (worker, id) = lost_in_the_middle(workspace, "killed")?;
        workspace.kill_front()?;
        process::signal(worker, Signal::CONT);
        caller.goes_on()?;
        for _ in 0..2 {
            let found = Raw::greeted(&workspace.admin_socket()?)?.ask(restart(), keyed("killed"))?;
            let found = report(&found)?;
            ensure!(found.restart_id.0 == id && found.outcome.is_some(), "{id}: {found:?}");
        }
        let history = workspace.history()?;
        ensure!(history.len() == 1, "{history:?}");
        caller.finish(workspace).map(drop)
    })
}

/// A restart that has ended is found again by the next front as well.
#[test]
fn what_a_killed_front_has_done_is_not_done_again() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        let Reply::Restart(done) = workspace.ask_in(restart(), keyed("done"))? else { bail!("no report") };
        ensure!(done.is_success(), "{done:?}");
        workspace.kill_front()?;
        client.still_answers()?;
        let Reply::Restart(found) = workspace.ask_in(restart(), keyed("done"))? else { bail!("no report") };
        ensure!(found.restart_id == done.restart_id && found.outcome == done.outcome, "{found:?}");
        ensure!(workspace.history()?.len() == 1, "not one restart");
        client.quit()
    })
}
