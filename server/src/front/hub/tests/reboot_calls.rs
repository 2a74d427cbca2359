//! Clients' calls of the tools that the front answers itself.

use super::rig::*;

const RESTART: &str = "orchestrator_restart_server";

fn restart_id(answer: &Value) -> String {
    answer["result"]["structuredContent"]["restart_id"].as_str().unwrap_or_default().to_owned()
}

fn is_error(answer: &Value) -> bool {
    answer["result"]["isError"] == true
}

/// From the client's call until the next worker serves.
fn carried_through(rig: &mut Rig) {
    let before = rig.launched();
    while rig.launched() == before {
        rig.pump();
    }
    rig.prepared();
    rig.saves(before, before + 1);
    rig.serves(before + 1);
}

#[test]
fn a_restart_is_answered_with_its_outcome_and_its_progress_only_grows() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tool(&client, 1, RESTART, json!({}));
    carried_through(&mut rig);
    let (answer, before) = rig.pump_for_answer(&client, 1);
    assert!(!is_error(&answer) && !restart_id(&answer).is_empty(), "{answer}");
    let told: Vec<_> = before.iter().filter_map(|message| message["params"]["progress"].as_f64()).collect();
    assert!(told.len() >= 5 && told.is_sorted_by(|one, next| one < next), "{told:?}");
    assert_eq!(rig.worker_got().iter().filter(|frame| frame.kind == Kind::Message).count(), 0);
    assert!(rig.hub.waiters.is_empty() && rig.hub.sessions[&1].pending.is_empty());
}

#[test]
fn the_same_call_again_finds_the_outcome_of_the_same_restart() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tool(&client, 1, RESTART, json!({}));
    carried_through(&mut rig);
    let (first, _) = rig.pump_for_answer(&client, 1);
    let client = rig.attach_as(2, client.client, None);
    rig.tool(&client, 1, RESTART, json!({}));
    let (again, _) = rig.pump_for_answer(&client, 1);
    assert_eq!(restart_id(&again), restart_id(&first));
    assert_eq!(rig.launched(), 2);
}

#[test]
fn who_does_not_wait_is_told_which_restart_has_begun() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tool(&client, 1, RESTART, json!({"wait": false}));
    let (answer, _) = rig.pump_for_answer(&client, 1);
    let running = rig.hub.machine.running().unwrap().0.id.to_string();
    assert_eq!(restart_id(&answer), running);
    // One that joins hears of the same.
    rig.tool(&client, 2, RESTART, json!({"wait": false}));
    let (answer, _) = rig.pump_for_answer(&client, 2);
    assert_eq!(restart_id(&answer), running);
}

#[test]
fn two_clients_that_want_a_restart_get_one() {
    let mut rig = Rig::serving();
    let clients = [rig.attach(1, None), rig.attach(2, None)];
    for client in &clients {
        rig.tool(client, 1, RESTART, json!({}));
    }
    while rig.hub.waiters.len() < 2 {
        rig.pump();
    }
    while rig.launched() == 1 {
        rig.pump();
    }
    rig.prepared();
    rig.saves(1, 2);
    rig.serves(2);
    let [one, other] = clients.map(|client| restart_id(&rig.pump_for_answer(&client, 1).0));
    assert_eq!(one, other);
}

#[test]
fn a_call_that_is_cancelled_hears_nothing_more_and_the_restart_goes_on() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tool(&client, 1, RESTART, json!({}));
    while rig.hub.waiters.is_empty() {
        rig.pump();
    }
    rig.say(&client, 2, cancel(1));
    client.got();
    carried_through(&mut rig);
    while !rig.hub.waiters.is_empty() {
        rig.pump();
    }
    assert_eq!(client.got(), []);
    assert_eq!(rig.hub.current.last.as_ref().unwrap().outcome, Some(Outcome::Complete));
}

#[test]
fn a_role_that_may_not_restart_is_told_so_and_health_is_answered_without_a_worker() {
    let mut rig = Rig::configured("[access]\nstdio_role = \"monitor\"\n");
    let client = rig.attach(1, None);
    rig.tool(&client, 1, RESTART, json!({}));
    let (answer, _) = rig.pump_for_answer(&client, 1);
    assert!(is_error(&answer) && answer.to_string().contains("RESTART_009"), "{answer}");
    rig.tool(&client, 2, "orchestrator_health_check", json!({}));
    let (answer, _) = rig.pump_for_answer(&client, 2);
    assert_eq!(answer["result"]["structuredContent"]["healthy"], false);
}

#[test]
fn who_restarts_too_often_is_told_when_to_ask_again() {
    let mut rig = Rig::configured("[limits]\nrestart_burst = 1\n");
    rig.start();
    let client = rig.attach(1, None);
    rig.tool(&client, 1, RESTART, json!({"wait": false}));
    rig.tool(&client, 2, RESTART, json!({"wait": false}));
    let (answer, _) = rig.pump_for_answer(&client, 2);
    assert!(is_error(&answer) && answer.to_string().contains("RESTART_010"), "{answer}");
}

#[test]
fn a_session_that_has_ended_stays_for_the_answer_to_its_call() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tool(&client, 1, RESTART, json!({}));
    rig.on(Event::InputEnded { connection: client.connection });
    carried_through(&mut rig);
    let (answer, _) = rig.pump_for_answer(&client, 1);
    assert!(!restart_id(&answer).is_empty());
    assert!(rig.hub.sessions.is_empty());
}
