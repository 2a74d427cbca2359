//! A token from its making to its end, with and without a server, and addresses that
//! others reach.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator::audit;
use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent, AuditRecord};
use task_orchestrator_shared::role::Operation;
use task_orchestrator_tests::http::{HttpClient, Served};
use task_orchestrator_tests::{Workspace, wait};

const CLOSED: &str = "[http]\nanonymous_role = \"none\"\n";

/// Makes a token.
pub(crate) fn create(workspace: &Workspace, name: &str, role: &str, more: &[&str]) -> Result<String> {
    let arguments: Vec<&str> =
        ["create", "--name", name, "--role", role, "--json"].iter().chain(more).copied().collect();
    let made = workspace.run("token", &arguments)?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout)?;
    Ok(made["token"].as_str().context("a token")?.to_owned())
}

/// A client that shows this token.
pub(crate) fn with_token(url: &str, token: &str) -> HttpClient {
    let mut client = HttpClient::new(url);
    client.token = Some(token.to_owned());
    client
}

fn ping(client: &HttpClient) -> Result<u16> {
    Ok(client.ask(1, "tools/list", json!({}))?.status)
}

/// All records of the audit.
pub(crate) fn records(workspace: &Workspace) -> Result<Vec<AuditRecord>> {
    let mut records = Vec::new();
    audit::each(&workspace.state("audit"), |record| {
        records.push(record);
        true
    })?;
    Ok(records)
}

#[test]
fn a_token_lets_in_until_it_is_revoked_or_expires() -> Result<()> {
    Workspace::configured(CLOSED)?.check(|workspace| {
        let before = create(workspace, "before", "operator", &[])?;
        let served = Served::start(workspace, &[])?;
        let nobody = HttpClient::new(&served.url);
        ensure!(ping(&nobody)? == 401);
        ensure!(ping(&with_token(&served.url, &before))? == 200, "made without a server");
        let later = create(workspace, "later", "monitor", &[])?;
        let client = with_token(&served.url, &later);
        ensure!(ping(&client)? == 200, "made with a server");
        ensure!(ping(&with_token(&served.url, &later.replace("mto_", "mto_A")))? == 401);

        client.initialize("2025-11-25")?;
        let mut stream = client.stream(None)?;
        let begun = Instant::now();
        ensure!(workspace.run("token", &["revoke", "later"])?.status.success());
        ensure!(ping(&with_token(&served.url, &later))? == 401, "the next request");
        while stream.next_event()?.is_some() {}
        ensure!(begun.elapsed() < Duration::from_secs(10), "the stream ended after {:?}", begun.elapsed());
        ensure!(ping(&with_token(&served.url, &before))? == 200, "the other one stays");

        let short = create(workspace, "short", "readonly", &["--expires", "8s"])?;
        let client = with_token(&served.url, &short);
        client.initialize("2025-11-25")?;
        let mut stream = client.stream(None)?;
        while stream.next_event()?.is_some() {}
        ensure!(ping(&with_token(&served.url, &short))? == 401, "expired");

        let again = workspace.run("token", &["create", "--name", "before", "--role", "admin"])?;
        ensure!(again.status.code() == Some(1), "{again:?}");
        ensure!(workspace.run("token", &["revoke", "nobody"])?.status.code() == Some(1));
        is_recorded(workspace)
    })
}

fn is_recorded(workspace: &Workspace) -> Result<()> {
    let records = records(workspace)?;
    let mut told = Vec::new();
    for record in &records {
        let AuditEvent::Intent(attempt) = &record.event else { continue };
        if attempt.operation == Operation::ManageTokens {
            let of = record.seq;
            let outcome = records.iter().find_map(|record| match &record.event {
                AuditEvent::Outcome { of: number, outcome, .. } if *number == of => Some(*outcome),
                _ => None,
            });
            let outcome = serde_json::to_value(outcome)?;
            let target = attempt.target.clone().unwrap_or_default();
            told.push(format!(
                "{} {} {target} {}",
                attempt.actor.transport,
                attempt.method,
                outcome.as_str().unwrap_or("-")
            ));
        }
    }
    let expected = [
        "cli add_token before done",
        "admin add_token later done",
        "admin revoke_token later done",
        "admin add_token short done",
        "admin add_token before refused",
        "admin revoke_token nobody refused",
    ];
    ensure!(told == expected, "{told:#?}");
    let verdict = workspace.run("audit", &["verify"])?;
    ensure!(verdict.status.success(), "{verdict:?}");
    Ok(())
}

#[test]
fn lists_and_files_do_not_have_the_secret() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let token = create(workspace, "ci", "operator", &["--expires", "30d"])?;
        let listed = workspace.run("token", &["list", "--json"])?;
        let listed: Value = serde_json::from_slice(&listed.stdout)?;
        ensure!(listed["tokens"][0]["name"] == "ci" && listed["tokens"][0]["expired"] == false, "{listed}");
        ensure!(
            listed["tokens"][0]["ends_with"].as_str().is_some_and(|it| it.len() == 4 && token.ends_with(it)),
            "{listed}"
        );
        let text = String::from_utf8(workspace.run("token", &["list"])?.stdout)?;
        ensure!(text.contains("ci") && text.contains("operator") && !text.contains(&token), "{text}");
        let secret = token.get(15..).context("a token is longer")?;
        let kept = std::fs::read_to_string(workspace.state("tokens.json"))?;
        ensure!(!kept.contains(secret) && kept.contains("\"hash\""), "{kept}");
        ensure!(!serde_json::to_string(&records(workspace)?)?.contains(secret));
        Ok(())
    })
}

#[test]
fn wrong_tokens_at_speed_wait_and_right_ones_do_not() -> Result<()> {
    Workspace::configured(CLOSED)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let right = with_token(&served.url, &create(workspace, "ci", "readonly", &[])?);
        let wrong = with_token(&served.url, &format!("mto_{}", "A".repeat(54)));
        let mut found = Vec::new();
        for _ in 0..500 {
            found.push(ping(&wrong)?);
        }
        ensure!(found[..10].iter().all(|status| *status == 401), "{found:?}");
        let refused = found.iter().filter(|status| **status == 429).count();
        ensure!(refused > 300 && found.iter().all(|status| matches!(status, 401 | 429)), "{refused}");
        ensure!(ping(&right)? == 200, "from the same address");
        wait::until("a wrong token to be looked at again", || (ping(&wrong).ok()? == 401).then_some(()))
    })
}

/// Records of wrong tokens, and how many of them were counted besides.
fn wrong_tokens(workspace: &Workspace) -> Result<(Vec<Attempt>, u64)> {
    let (mut attempts, mut numbers, mut more) = (Vec::new(), Vec::new(), 0);
    for record in records(workspace)? {
        match record.event {
            AuditEvent::Denied { attempt, .. } if attempt.actor.transport == "http" => {
                attempts.push(*attempt);
                numbers.push(record.seq);
            }
            AuditEvent::Repeated { of, times } if numbers.contains(&of) => more += times,
            _ => {}
        }
    }
    Ok((attempts, more))
}

#[test]
fn wrong_tokens_are_in_the_audit_once_and_with_their_number() -> Result<()> {
    Workspace::configured(CLOSED)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let revoked = create(workspace, "gone", "admin", &[])?;
        let client = with_token(&served.url, &revoked);
        ensure!(ping(&client)? == 200);
        ensure!(ping(&HttpClient::new(&served.url))? == 401, "who shows nothing is no wrong token");
        ensure!(workspace.run("token", &["revoke", "gone"])?.status.success());
        let wrong = with_token(&served.url, &format!("mto_{}", "A".repeat(54)));
        for _ in 0..100 {
            ensure!(matches!(ping(&client)?, 401 | 429));
            ensure!(matches!(ping(&wrong)?, 401 | 429));
        }
        // The first is told at once, the number of the others at the end.
        let (told, _) = wait::until("the first in the audit", || {
            wrong_tokens(workspace).ok().filter(|(told, _)| !told.is_empty())
        })?;
        ensure!(told.len() == 1 && told[0].actor.source_ip.as_deref() == Some("127.0.0.1"), "{told:?}");
        ensure!(told[0].method == "POST /mcp" && told[0].actor.role.is_none(), "{told:?}");
        ensure!(workspace.run("stop", &[])?.status.success());
        let (told, more) = wrong_tokens(workspace)?;
        ensure!(told.len() == 1 && more == 199, "{} records, and {more} more", told.len());
        let all = serde_json::to_string(&records(workspace)?)?;
        for token in [revoked.as_str(), "AAAAAAAA"] {
            ensure!(!all.contains(token.get(15..).unwrap_or(token)), "a token");
        }
        ensure!(workspace.run("audit", &["verify"])?.status.success());
        Ok(())
    })
}

#[test]
fn an_address_that_others_reach_needs_more() -> Result<()> {
    for (config, why) in [
        ("", "http.tls_certificate"),
        ("[http]\nanonymous_role = \"admin\"\n", "http.behind_proxy"),
        ("[http]\ntls_certificate = \"/nothing.pem\"\n", "set together"),
        ("[http]\ntls_certificate = \"/nothing.pem\"\ntls_key = \"/nothing.key\"\n", "/nothing.pem"),
    ] {
        Workspace::configured(config)?.check(|workspace| {
            for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
                let ended = workspace.run("serve", &["--http", address])?;
                let said = String::from_utf8_lossy(&ended.stderr).into_owned();
                ensure!(
                    ended.status.code() == Some(78) && said.contains(why),
                    "{config:?} {address}: {said}"
                );
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn behind_a_proxy_everybody_needs_a_token_and_has_an_address() -> Result<()> {
    Workspace::configured("[http]\nbehind_proxy = true\nanonymous_role = \"admin\"\n")?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        ensure!(ping(&HttpClient::new(&served.url))? == 401);
        let client = with_token(&served.url, &create(workspace, "ci", "readonly", &[])?);
        let params = json!({"name": "orchestrator_health_check", "arguments": {}, "_meta": task_orchestrator_tests::http::modern_meta()});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let answer = client.post_with(
            message.to_string().as_bytes(),
            &[
                ("MCP-Protocol-Version", "2026-07-28"),
                ("Mcp-Method", "tools/call"),
                ("Mcp-Name", "orchestrator_health_check"),
                ("X-Forwarded-For", "192.0.2.99, 198.51.100.7"),
            ],
        )?;
        ensure!(answer.body.contains("RESTART_009"), "{answer:?}");
        wait::until("the denial in the audit", || {
            records(workspace).ok()?.into_iter().find_map(|record| match record.event {
                AuditEvent::Denied { attempt, .. } => {
                    (attempt.actor.source_ip.as_deref() == Some("198.51.100.7")).then_some(())
                }
                _ => None,
            })
        })
    })
}
