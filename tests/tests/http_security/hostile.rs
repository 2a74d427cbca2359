//! Clients that behave badly: each is refused or cut off, and the others are served as if
//! it were not there.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use task_orchestrator_tests::http::Served;
use task_orchestrator_tests::{Workspace, process, wait};

use super::raw::{address, exchange, request, rest, sent, status, still_serves};

const IMPATIENT: &str = "[http]\nread_timeout = \"1 s\"\nbody_timeout = \"1 s\"\nwrite_timeout = \"1 s\"\n\
                         idle_timeout = \"2 s\"\n";

const MIB: u64 = 1024 * 1024;

/// Runs this against a server and looks that it has not grown, and serves others.
fn hostile(config: &str, act: impl FnOnce(&Served) -> Result<()>) -> Result<()> {
    Workspace::configured(config)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        still_serves(&served)?;
        let before = process::resident_bytes(served.pid())?;
        act(&served)?;
        still_serves(&served)?;
        let grown = process::resident_bytes(served.pid())?.saturating_sub(before);
        ensure!(grown < 64 * MIB, "grown by {grown} bytes");
        Ok(())
    })
}

#[test]
fn slow_heads_bodies_and_silence_are_cut_off() -> Result<()> {
    hostile(IMPATIENT, |served| {
        let address = address(&served.url)?;
        let begun = Instant::now();
        let head = format!("POST /mcp HTTP/1.1\r\nHost: {address}\r\n");
        let body = format!("{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{");
        let mut silent = Vec::new();
        for bytes in ["", head.as_str(), &body] {
            for _ in 0..50 {
                silent.push((bytes.len(), sent(address, bytes.as_bytes())?));
            }
        }
        still_serves(served)?;
        // A byte now and then does not help.
        let mut slow = sent(address, head.as_bytes())?;
        slow.set_nonblocking(true)?;
        wait::until("the slow head to be cut off", || {
            let is_sent = slow.write_all(b"X").is_ok();
            let mut byte = [0; 1];
            let is_open =
                matches!(slow.read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
            (!is_sent || !is_open).then_some(())
        })?;
        for (length, stream) in &mut silent {
            let answer = rest(stream);
            ensure!(*length != body.len() || status(&answer) == 408, "{length}: {answer}");
        }
        ensure!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        Ok(())
    })
}

#[test]
fn who_asks_for_nothing_or_reads_nothing_is_cut_off() -> Result<()> {
    hostile(IMPATIENT, |served| {
        let address = address(&served.url)?;
        let ask = format!("OPTIONS /mcp HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        let json = "Content-Type: application/json\r\nAccept: application/json, text/event-stream";
        let post = format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\n{json}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        // Without a body of the response, and with one.
        for (question, expected) in [(&ask, 405), (&post, 400)] {
            let mut idle = sent(address, question.as_bytes())?;
            let begun = Instant::now();
            ensure!(status(&rest(&mut idle)) == expected);
            // Longer than a head may take, which is not what is awaited here.
            let idled = begun.elapsed();
            ensure!(idled >= Duration::from_millis(1500) && idled < Duration::from_secs(20), "{idled:?}");
        }
        // More questions than the system keeps answers for: it ends with an error here.
        let mut greedy = sent(address, b"")?;
        let many = ask.repeat(1000);
        wait::until("the server to stop answering", || {
            greedy.write_all(many.as_bytes()).is_err().then_some(())
        })
    })
}

#[test]
fn heads_that_are_too_large_are_refused() -> Result<()> {
    hostile("", |served| {
        let address = address(&served.url)?;
        let host = format!("Host: {address}");
        let huge = format!("X-Huge: {}", "x".repeat(70 * 1024));
        let answer = exchange(address, &request("GET", "/mcp", &[&host, &huge]))?;
        ensure!(status(&answer) == 431, "{answer}");
        let many: Vec<String> = (0..10_000).map(|number| format!("X-{number}: y")).collect();
        let mut lines = vec![host.as_str()];
        lines.extend(many.iter().map(String::as_str));
        let answer = exchange(address, &request("GET", "/mcp", &lines))?;
        ensure!(status(&answer) == 431, "{answer}");
        let long = exchange(address, &request("GET", &format!("/{}", "x".repeat(70 * 1024)), &[&host]))?;
        ensure!(matches!(status(&long), 414 | 431), "{long}");
        Ok(())
    })
}

#[test]
fn nonsense_is_refused() -> Result<()> {
    hostile("", |served| {
        let address = address(&served.url)?;
        let head = format!("POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
        let chunked = "Transfer-Encoding: chunked\r\n\r\n";
        for body in [
            format!("{chunked}ZZ\r\n{{}}\r\n0\r\n\r\n"),
            format!("{chunked}FFFFFFFFFFFFFFFFF\r\n"),
            format!("{chunked}-1\r\nx\r\n0\r\n\r\n"),
            format!("{chunked}2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(100_000)),
            "Content-Length: -1\r\n\r\n".to_owned(),
            "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}".to_owned(),
            "Content-Length: 99999999999999999999\r\n\r\n".to_owned(),
            "\u{0}\u{1}: x\r\n\r\n".to_owned(),
            " folded: x\r\n\r\n".to_owned(),
        ] {
            let mut stream = sent(address, format!("{head}{body}").as_bytes())?;
            stream.shutdown(std::net::Shutdown::Write)?;
            let answer = rest(&mut stream);
            ensure!(answer.is_empty() || (400..500).contains(&status(&answer)), "{body:.60}: {answer}");
        }
        let both = format!("{head}Content-Length: 3\r\n{chunked}2\r\n{{}}\r\n0\r\n\r\n");
        let mut stream = sent(address, both.as_bytes())?;
        stream.shutdown(std::net::Shutdown::Write)?;
        ensure!((400..500).contains(&status(&rest(&mut stream))), "two lengths");
        ensure!(!exchange(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")?.contains("200 OK"));
        Ok(())
    })
}

#[test]
fn requests_in_one_go_are_answered_in_order() -> Result<()> {
    hostile("", |served| {
        let address = address(&served.url)?;
        let one = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let last = String::from_utf8(request("OPTIONS", "/mcp", &[&format!("Host: {address}")]))?;
        let all = one("/nothing").repeat(100) + &last;
        let answer = exchange(address, all.as_bytes())?;
        ensure!(answer.matches("HTTP/1.1 404").count() == 100, "{answer:.500}");
        ensure!(answer.matches("HTTP/1.1 405").count() == 1, "the last one");
        Ok(())
    })
}

/// Reads one response without a body of its own, or with one that says its length.
fn one_response(stream: &mut TcpStream) -> Result<String> {
    let mut read = Vec::new();
    loop {
        let mut byte = [0];
        ensure!(stream.read(&mut byte)? == 1, "ended after {:?}", String::from_utf8_lossy(&read));
        read.extend(byte);
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(text.into_owned());
            }
        }
    }
}

#[test]
fn connections_at_rest_go_on_wherever_their_next_request_begins() -> Result<()> {
    hostile("", |served| {
        let address = address(&served.url)?;
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let (whole, missing) = (get("/nothing"), get("/mcp"));
        let (half, other_half) = missing.split_at(9);
        let mut held = Vec::new();
        // More than keep what serves them: the first ones are at rest when the last has come.
        for number in 0..200 {
            // A part of the next request comes with this one.
            let more = if number % 2 == 0 { "" } else { half };
            let mut stream = sent(address, format!("{whole}{more}").as_bytes())?;
            ensure!(status(&one_response(&mut stream)?) == 404);
            held.push((stream, if number % 2 == 0 { &missing } else { other_half }));
        }
        for round in 0..3 {
            for (stream, rest_of_it) in &mut held {
                stream.write_all(rest_of_it.as_bytes())?;
                let answer = one_response(stream)?;
                // It accepts nothing that there is.
                ensure!(status(&answer) == 406, "round {round}: {answer}");
                *rest_of_it = &missing;
            }
        }
        Ok(())
    })
}

#[test]
fn a_body_that_nobody_wants_is_not_taken_for_a_request() -> Result<()> {
    hostile("", |served| {
        let address = address(&served.url)?;
        let smuggled = format!("GET /nothing HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let foreign = "Origin: https://elsewhere.example";
        for length in [smuggled.len() * 3, 70_000, 10_000_000] {
            let head = format!(
                "POST /mcp HTTP/1.1\r\nHost: {address}\r\n{foreign}\r\nContent-Length: {length}\r\n\r\n"
            );
            let mut stream = sent(address, head.as_bytes())?;
            for _ in 0..3 {
                let _ = stream.write_all(smuggled.as_bytes());
            }
            let last = String::from_utf8(request("GET", "/nothing", &[&format!("Host: {address}")]))?;
            // Behind a whole body there may be a request; within one that is cut there is none.
            let _ = stream.write_all(last.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let answer = rest(&mut stream);
            let expected = usize::from(length == smuggled.len() * 3);
            ensure!(status(&answer) == 403, "{length}: {answer}");
            ensure!(answer.matches("HTTP/1.1 404").count() <= expected, "{length}: {answer}");
        }
        Ok(())
    })
}

#[test]
fn more_connections_than_there_may_be_do_not_keep_others_out() -> Result<()> {
    let config = "[http]\nmax_connections = 300\nmax_connections_per_client = 200\n";
    hostile(config, |served| {
        let address = address(&served.url)?;
        let mut held: Vec<TcpStream> = Vec::new();
        for _ in 0..200 {
            held.push(sent(address, b"")?);
        }
        wait::until("the bound", || {
            let answer = rest(&mut sent(address, b"").ok()?);
            (status(&answer) == 503).then_some(())
        })?;
        for _ in 0..10_000 {
            drop(sent(address, b"")?);
        }
        ensure!(process::descriptors(served.pid())? < 400, "descriptors stay open");
        drop(held);
        wait::until("room for others", || still_serves(served).ok())
    })
}
