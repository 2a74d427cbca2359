//! Bytes over TCP, as no well-behaved client sends them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use task_orchestrator_tests::http::{HttpClient, Served};

/// How long a server may leave a connection open that it should end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The address in a URL.
pub(crate) fn address(url: &str) -> Result<SocketAddr> {
    let host = url.split('/').nth(2).with_context(|| url.to_owned())?;
    Ok(host.parse()?)
}

/// A connection that has sent these bytes.
pub(crate) fn sent(address: SocketAddr, bytes: &[u8]) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // The server may have refused and closed before it has all.
    let _ = stream.write_all(bytes);
    Ok(stream)
}

/// All that comes back until the server ends the connection.
pub(crate) fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A connection that is reset has told what it had to tell.
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

/// What comes back to these bytes.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Result<String> {
    Ok(rest(&mut sent(address, bytes)?))
}

/// The status of a response.
pub(crate) fn status(response: &str) -> u16 {
    response.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// A request with these lines in its head, after which the connection ends.
pub(crate) fn request(method: &str, path: &str, lines: &[&str]) -> Vec<u8> {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n").into_bytes()
}

/// Another client is served.
pub(crate) fn still_serves(served: &Served) -> Result<()> {
    let client = HttpClient::open(&served.url)?;
    let answer = client.call(1, "orchestrator_get_status", &serde_json::json!({}))?;
    ensure!(answer["result"]["isError"] == false, "{answer}");
    client.delete()?;
    Ok(())
}
