//! Sessions at rest: which, and that they go on.

use super::*;
use crate::warm::MAX_WARM;

/// Calls a tool in a session. Returns how many services that has taken.
async fn services_for_a_call(front: &mut Front, session: u64) -> usize {
    let before = front.opened.load(Ordering::Relaxed);
    front.session = session;
    front.call(Kind::Message, 2, "x");
    let (kind, sequence, message) = front.next().await;
    assert_eq!((kind, sequence), (Kind::Response, 2), "{message}");
    front.opened.load(Ordering::Relaxed) - before
}

#[tokio::test]
async fn the_session_that_was_idle_for_longest_rests_and_goes_on_with_its_next_request() {
    let mut front = Front::new();
    // One more than there are services that wait.
    for session in 1..=MAX_WARM as u64 + 1 {
        front.session = session;
        front.begin().await;
    }
    assert_eq!(services_for_a_call(&mut front, 2).await, 0);
    assert_eq!(services_for_a_call(&mut front, 1).await, 1);
    assert!(front.resumed.lock().unwrap().is_empty(), "there was nothing to be told");
}

#[tokio::test]
async fn a_session_rests_neither_at_work_nor_while_its_client_is_told_unasked() {
    let mut front = Front::new();
    front.begin().await;
    front.call(Kind::Message, 2, "wait");
    front.session = 2;
    let record = r#"{"initialize":{"protocolVersion":"2025-06-18","capabilities":{},
        "clientInfo":{"name":"t","version":"1"}},"subscriptions":["task://t"]}"#;
    front.open(Some(record.as_bytes()));
    assert_eq!(services_for_a_call(&mut front, 2).await, 1);
    for session in 3..=MAX_WARM as u64 + 3 {
        front.session = session;
        front.begin().await;
    }
    assert_eq!(services_for_a_call(&mut front, 2).await, 0);
    front.session = 1;
    front.call(Kind::Message, 3, "x");
    front.next().await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}});
    front.send(Kind::Message, 4, &cancel);
    front.call(Kind::Message, 5, "x");
    front.next().await;
    let told = front.resumed.lock().unwrap().clone();
    assert_eq!(
        told,
        ["2025-06-18", "called off"],
        "the service of the first is the one that was asked to wait"
    );
}
