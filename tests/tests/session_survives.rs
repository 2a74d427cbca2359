//! What a session has set crosses to the next worker, and no further than that session.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_tests::{Client, Workspace, wait};

const LOG: &str = "notifications/message";
const UPDATED: &str = "notifications/resources/updated";

type Death = fn(&Workspace) -> Result<u32>;

fn plan(client: &Client) -> Result<Value> {
    let planned = client.call("orchestrator_plan_task", json!({"title": "watched", "description": "d"}))?;
    planned.get("task_id").cloned().context("task_id")
}

fn count(client: &Client, method: &str) -> usize {
    client.inbox().look(|received| received.notifications_of(method).len())
}

/// One more notification of the method than there were.
fn one_more(client: &Client, method: &str, before: usize) -> Result<Value> {
    client
        .inbox()
        .wait(wait::DEADLINE, |received| received.notifications_of(method).into_iter().nth(before))
        .with_context(|| method.to_owned())
}

/// A message of level info comes with each of these.
fn look_around(client: &Client) -> Result<()> {
    let arguments = json!({"action": "scan_cleanup", "scope": "full_project"});
    client.call("orchestrator_maintenance_coordinator", arguments).map(drop)
}

#[test]
fn a_log_level_survives_and_stays_with_its_session() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let (curious, quiet) = (Client::open(workspace)?, Client::open(workspace)?);
        curious.request("logging/setLevel", json!({"level": "debug"}))?;
        quiet.request("logging/setLevel", json!({"level": "emergency"}))?;
        let deaths: [Option<Death>; 3] = [None, Some(Workspace::kill_worker), Some(Workspace::kill_front)];
        for (round, death) in deaths.into_iter().enumerate() {
            death.map(|death| death(workspace)).transpose()?;
            // Both do the same: only one of them wants to hear of it.
            let before = count(&curious, LOG);
            look_around(&quiet)?;
            look_around(&curious)?;
            one_more(&curious, LOG, before).with_context(|| format!("round {round}"))?;
            ensure!(count(&quiet, LOG) == 0, "round {round}: the level of another session was taken");
        }
        curious.quit()?;
        quiet.quit()
    })
}

#[test]
fn subscriptions_survive_a_worker_and_a_front() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let (watching, other) = (Client::open(workspace)?, Client::open(workspace)?);
        let id = plan(&other)?;
        let uri = json!(format!("task://{}", id.as_str().context("a textual id")?));
        watching.request("resources/subscribe", json!({"uri": uri}))?;
        let deaths: [Option<Death>; 3] = [None, Some(Workspace::kill_worker), Some(Workspace::kill_front)];
        for (round, death) in deaths.into_iter().enumerate() {
            if let Some(death) = death {
                death(workspace)?;
                // Whatever is sent to make up for the gap comes before this answer's task changes.
                watching.still_answers()?;
            }
            let before = count(&watching, UPDATED);
            let arguments = json!({"task_id": id, "description": format!("round {round}")});
            other.call("orchestrator_update_task", arguments)?;
            let update = one_more(&watching, UPDATED, before).with_context(|| format!("round {round}"))?;
            ensure!(update.pointer("/params/uri") == Some(&uri), "{update}");
        }
        ensure!(count(&other, UPDATED) == 0, "who did not subscribe was told");
        watching.request("resources/unsubscribe", json!({"uri": uri}))?;
        workspace.kill_worker()?;
        watching.still_answers()?;
        let before = count(&watching, UPDATED);
        other.call("orchestrator_update_task", json!({"task_id": id, "description": "unwatched"}))?;
        // The answer to a later request of the same session comes after what was due before it.
        watching.still_answers()?;
        ensure!(count(&watching, UPDATED) == before, "told after unsubscribing");
        watching.quit()?;
        other.quit()
    })
}

#[test]
fn a_client_hears_of_lists_that_are_others_after_a_restart() -> Result<()> {
    const CHANGED: &str = "notifications/prompts/list_changed";
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        workspace.kill_worker()?;
        client.still_answers()?;
        ensure!(count(&client, CHANGED) == 0, "nothing has changed");
        let role = "role_definition: You look after bees.\nexpertise: [bees]\napproach: [gently]\noutput_format: honey\n";
        std::fs::write(workspace.state("roles/beekeeper.yaml"), role)?;
        workspace.kill_worker()?;
        one_more(&client, CHANGED, 0)?;
        let prompts = client.request("prompts/list", json!({}))?;
        ensure!(prompts.to_string().contains("beekeeper"), "{prompts}");
        client.quit()
    })
}
