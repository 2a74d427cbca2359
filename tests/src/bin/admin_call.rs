//! Says lines to an admin socket and prints each answer: a caller that tests can
//! run as another user. It understands nothing of what it says, so that it can
//! also say what no client would.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde_json::{Value, json};
use task_orchestrator_tests::wait;

/// Longest answer, in bytes; what is longer is a failure of the test.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;

#[derive(Debug, Parser)]
struct Arguments {
    /// The admin socket
    socket: PathBuf,
    /// Begin without `hello`, as version 1 does
    #[arg(long)]
    bare: bool,
    /// The role to ask for
    #[arg(long)]
    role: Option<String>,
}

fn main() -> Result<()> {
    let Arguments { socket, bare, role } = Arguments::parse();
    let stream = UnixStream::connect(&socket).with_context(|| socket.display().to_string())?;
    stream.set_read_timeout(Some(wait::DEADLINE + Duration::from_secs(5)))?;
    let (mut said, mut heard) = (stream.try_clone()?, BufReader::new(stream));
    if !bare {
        let mut hello = json!({"protocol": {"oldest": 1, "newest": 2}, "client": "admin_call"});
        if let (Some(role), Some(hello)) = (role, hello.as_object_mut()) {
            hello.insert("role".to_owned(), json!(role));
        }
        let greeting = json!({"jsonrpc": "2.0", "id": 0, "method": "hello", "params": hello});
        exchange(&mut said, &mut heard, &greeting.to_string())?;
    }
    for line in io::stdin().lock().lines() {
        exchange(&mut said, &mut heard, &line?)?;
    }
    Ok(())
}

/// Says a line and prints the answer. What is told without being asked is passed over.
fn exchange(said: &mut UnixStream, heard: &mut BufReader<UnixStream>, line: &str) -> Result<()> {
    said.write_all(format!("{line}\n").as_bytes())?;
    loop {
        let mut answer = String::new();
        if io::Read::take(&mut *heard, MAX_ANSWER).read_line(&mut answer)? == 0 {
            bail!("the connection ended without an answer to {line}");
        }
        let understood: Value = serde_json::from_str(&answer).with_context(|| answer.clone())?;
        if understood.get("method").is_none() {
            io::stdout().write_all(answer.as_bytes())?;
            return Ok(io::stdout().flush()?);
        }
    }
}
