//! TLS: with the configured certificate, its successor, and a broken one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::{Timestamp, ToSpan as _};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned};
use task_orchestrator_shared::report::Level;
use task_orchestrator_tests::http::Served;
use task_orchestrator_tests::{Workspace, wait};

use super::lifecycle::create;
use super::raw::{address, sent, status};

struct Files {
    _directory: tempfile::TempDir,
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new() -> Result<(Self, CertificateDer<'static>)> {
        let directory = tempfile::tempdir()?;
        let at = |name| directory.path().join(name);
        let files = Self { certificate: at("certificate.pem"), key: at("key.pem"), _directory: directory };
        let certificate = files.renew()?;
        Ok((files, certificate))
    }

    /// Writes another certificate with its key.
    fn renew(&self) -> Result<CertificateDer<'static>> {
        self.renew_until(4000, 1, 1)
    }

    /// The same, which expires on this day.
    fn renew_until(&self, year: i32, month: u8, day: u8) -> Result<CertificateDer<'static>> {
        let mut params = CertificateParams::new(["localhost".to_owned()])?;
        params.not_after = date_time_ymd(year, month, day);
        let signing_key = KeyPair::generate()?;
        let cert = params.self_signed(&signing_key)?;
        replace(&self.key, &signing_key.serialize_pem())?;
        replace(&self.certificate, &cert.pem())?;
        Ok(cert.der().clone())
    }

    fn config(&self, more: &str) -> String {
        format!("[http]\ntls_certificate = {:?}\ntls_key = {:?}\n{more}", self.certificate, self.key)
    }
}

fn replace(path: &Path, text: &str) -> Result<()> {
    let part = path.with_extension("part");
    std::fs::write(&part, text)?;
    Ok(std::fs::rename(part, path)?)
}

/// What a client that trusts this certificate only is answered, and by which version.
fn ask(
    served: &Served,
    trusted: &CertificateDer<'static>,
    lines: &str,
) -> Result<(String, Option<ProtocolVersion>)> {
    let address = address(&served.url)?;
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost")?)?;
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut stream = StreamOwned::new(client, stream);
    write!(
        stream,
        "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{lines}Connection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        ensure!(!answer.is_empty(), "{error}");
    }
    Ok((String::from_utf8(answer)?, stream.conn.protocol_version()))
}

#[test]
fn certificates_are_replaced_without_a_restart() -> Result<()> {
    let (files, first) = Files::new()?;
    Workspace::configured(&files.config(""))?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        ensure!(served.url.starts_with("https://"), "{}", served.url);
        let (answer, version) = ask(&served, &first, "")?;
        // Without a session a GET is a mistake, which shows that it came through.
        ensure!(status(&answer) == 400 && version == Some(ProtocolVersion::TLSv1_3), "{answer}");
        let second = files.renew()?;
        wait::until("the second certificate", || ask(&served, &second, "").ok())?;
        ensure!(ask(&served, &first, "").is_err(), "the first is gone");
        replace(&files.certificate, "no certificate")?;
        wait::until("the log to tell", || {
            let logs = std::fs::read_dir(workspace.state("logs")).ok()?;
            let texts = logs.filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
            texts.into_iter().any(|text| text.contains("the former certificate stays in use")).then_some(())
        })?;
        ask(&served, &second, "").context("the former one goes on")?;
        Ok(())
    })
}

/// Waits until exactly these alerts fire and health tells so; returns the last one's detail.
fn until_alerts(workspace: &Workspace, kinds: &[&str]) -> Result<String> {
    wait::until(&format!("the alerts {kinds:?}"), || {
        let mut health = workspace.health().ok()?;
        let firing: Vec<&str> = health.alerts.iter().map(|alert| alert.kind.as_str()).collect();
        let expected = if kinds.is_empty() { Level::Healthy } else { Level::Degraded };
        let is_so = firing == kinds && health.status == expected;
        is_so.then(|| health.alerts.pop().map(|alert| alert.detail).unwrap_or_default())
    })
    .with_context(|| format!("{:?}", workspace.health()))
}

#[test]
fn health_warns_of_a_broken_or_expiring_certificate_until_it_is_mended() -> Result<()> {
    let (files, _) = Files::new()?;
    Workspace::configured(&files.config(""))?.check(|workspace| {
        let mut served = Served::start(workspace, &[])?;
        until_alerts(workspace, &[])?;
        replace(&files.certificate, "no certificate")?;
        let detail = until_alerts(workspace, &["certificate_broken"])?;
        ensure!(detail.contains("http.tls_certificate") && detail.contains("stays in use"), "{detail}");
        files.renew()?;
        until_alerts(workspace, &[])?;

        for (days, expected) in [(5, "expires soon"), (-5, "has expired")] {
            let end = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).checked_add(days.days())?.date();
            files.renew_until(end.year().into(), end.month().try_into()?, end.day().try_into()?)?;
            wait::until(expected, || {
                let detail = until_alerts(workspace, &["certificate_expiry"]).ok()?;
                (detail.contains(expected) && detail.contains(&end.to_string())).then_some(())
            })?;
        }
        // What a front has told of is over when the next one finds it mended.
        served.kill()?;
        files.renew()?;
        served.again(workspace)?;
        until_alerts(workspace, &[]).map(drop)
    })
}

#[test]
fn silent_handshakes_do_not_keep_others_out() -> Result<()> {
    let (files, trusted) = Files::new()?;
    Workspace::configured(&files.config("read_timeout = \"1 s\"\n"))?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let address = address(&served.url)?;
        let mut silent = Vec::new();
        for _ in 0..200 {
            silent.push(sent(address, b"")?);
        }
        wait::until("a handshake", || ask(&served, &trusted, "").ok())?;
        for stream in &mut silent {
            ensure!(super::raw::rest(stream).is_empty());
        }
        let plain = super::raw::exchange(address, b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        ensure!(!plain.contains("HTTP/1.1"), "{plain}");
        Ok(())
    })
}

#[test]
fn on_an_address_that_others_reach_a_token_is_needed() -> Result<()> {
    let (files, trusted) = Files::new()?;
    let config = files.config("allowed_hosts = \"localhost\"\nanonymous_role = \"admin\"\n");
    Workspace::configured(&config)?.check(|workspace| {
        let served = Served::start_at(workspace, "0.0.0.0:0", &[])?;
        ensure!(status(&ask(&served, &trusted, "")?.0) == 401);
        let token = create(workspace, "ci", "readonly", &[])?;
        let (answer, _) = ask(&served, &trusted, &format!("Authorization: Bearer {token}\r\n"))?;
        ensure!(status(&answer) == 400, "{answer}");
        Ok(())
    })
}
