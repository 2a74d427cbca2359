//! Every reboot tool in every role, over standard input and output and over HTTP in both
//! eras, with and without a token: what is decided, and what the audit tells of it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent};
use task_orchestrator_shared::role::{Operation, Role};
use task_orchestrator_tests::http::{HttpClient, Served};
use task_orchestrator_tests::{Client, Workspace, wait};

use super::lifecycle::{create, records, with_token};

/// Each tool with each operation that it can be.
fn calls() -> [(Operation, &'static str, Value); 6] {
    [
        (Operation::RestartStatus, "orchestrator_restart_status", json!({})),
        (Operation::HealthCheck, "orchestrator_health_check", json!({})),
        (Operation::ShutdownPrepare, "orchestrator_shutdown_prepare", json!({})),
        (Operation::ReconnectTest, "orchestrator_reconnect_test", json!({})),
        (Operation::GracefulRestart, "orchestrator_restart_server", json!({})),
        (Operation::EmergencyRestart, "orchestrator_restart_server", json!({"graceful": false})),
    ]
}

/// Ways to the server.
enum Way {
    Stdio(Box<Client>),
    Legacy(HttpClient),
    Modern(HttpClient),
}

impl Way {
    /// What the tool says, and whether that is an error.
    fn call(&self, tool: &str, arguments: &Value) -> Result<(bool, Value)> {
        let result = match self {
            Self::Stdio(client) => {
                let reply = client.tool(tool, arguments.clone())?;
                return Ok((reply.is_error, reply.body));
            }
            Self::Legacy(client) => client.call(1, tool, arguments)?,
            Self::Modern(client) => {
                client.ask(1, "tools/call", json!({"name": tool, "arguments": arguments}))?.message()?
            }
        };
        let body = result["result"]["structuredContent"].clone();
        let text = result["result"]["content"][0]["text"].as_str().unwrap_or_default();
        let body = if body.is_null() { serde_json::from_str(text).unwrap_or(result.clone()) } else { body };
        Ok((result["result"]["isError"] == true, body))
    }
}

/// Of whom the audit has to tell: transport, token, address.
type Who = (bool, Option<String>);

fn ask_all(way: &Way, role: Role) -> Result<()> {
    for (operation, tool, arguments) in calls() {
        let (is_error, body) = way.call(tool, &arguments)?;
        if role.may(operation) {
            ensure!(!is_error, "{role} {operation}: {body}");
        } else {
            ensure!(is_error && body["error_code"] == "RESTART_009", "{role} {operation}: {body}");
        }
    }
    Ok(())
}

fn of(attempt: &Attempt) -> Result<Who> {
    let actor = &attempt.actor;
    match (actor.source_ip.as_deref(), actor.pid) {
        (Some("127.0.0.1"), None) => Ok((true, actor.token.clone())),
        (None, Some(_)) => Ok((false, None)),
        other => bail!("neither over HTTP nor over a shim: {other:?}"),
    }
}

fn is_recorded(workspace: &Workspace, role: Role) -> Result<()> {
    let mut found = BTreeMap::<(Who, Operation), bool>::new();
    for record in records(workspace)? {
        let (attempt, allowed) = match record.event {
            AuditEvent::Intent(attempt) | AuditEvent::Allowed(attempt) => (attempt, true),
            AuditEvent::Denied { attempt, .. } => (attempt, false),
            _ => continue,
        };
        if attempt.actor.transport == "mcp" {
            ensure!(attempt.actor.role == Some(role), "{attempt:?}");
            found.insert((of(&attempt)?, attempt.operation), allowed);
        }
    }
    for who in [(false, None), (true, None), (true, Some(role.to_string()))] {
        for (operation, ..) in calls() {
            let told = found.get(&(who.clone(), operation)).copied();
            ensure!(told == Some(role.may(operation)), "{who:?} {operation}: {told:?} in {found:#?}");
        }
    }
    Ok(())
}

#[test]
fn each_role_may_the_same_by_every_way_and_the_audit_tells() -> Result<()> {
    for role in Role::ALL {
        let config = format!(
            "[http]\nanonymous_role = \"{role}\"\n[access]\nstdio_role = \"{role}\"\n\
             [limits]\nreconnect_test_per_minute = 100\n"
        );
        Workspace::configured(&config)?.check(|workspace| {
            let served = Served::start(workspace, &[])?;
            let token = create(workspace, role.as_str(), role.as_str(), &[])?;
            let legacy = with_token(&served.url, &token);
            legacy.initialize("2025-11-25")?;
            let ways = [
                Way::Stdio(Box::new(Client::open(workspace)?)),
                Way::Legacy(legacy),
                Way::Modern(with_token(&served.url, &token)),
                Way::Legacy(HttpClient::open(&served.url)?),
                Way::Modern(HttpClient::new(&served.url)),
            ];
            for (number, way) in ways.iter().enumerate() {
                ask_all(way, role).with_context(|| format!("way {number}"))?;
            }
            // A record of what only looks is written after its answer.
            let mut last = Ok(());
            wait::until("the audit to tell of all", || {
                last = is_recorded(workspace, role);
                last.is_ok().then_some(())
            })
            .or(last)
        })?;
    }
    Ok(())
}
