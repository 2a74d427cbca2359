//! Calls in the background: one worker at a time, the owner's word, and an end of each.

use serde_json::{Map, Value, json};

use super::*;
use crate::store::background::KEPT;

fn request(home: &Home) -> Execution {
    Execution::new(home.next(), "look", b"{}")
}

fn new_call(owner: &str) -> NewCall {
    NewCall {
        id: ClientId::random().to_string(),
        owner: owner.to_owned(),
        operation: ClientId::random(),
        tool: "look".to_owned(),
        arguments: "{}".to_owned(),
        idempotency_key: None,
        work_session: Some("s".to_owned()),
    }
}

async fn made(home: &Home, owner: &str) -> String {
    home.store.create_call(request(home), new_call(owner)).await.unwrap().unwrap().id
}

async fn claimed(store: &Store) -> Vec<String> {
    store.claim_calls(Vec::new(), 16).await.unwrap().begun.into_iter().map(|call| call.id).collect()
}

fn state(store: &Store, owner: &str, id: &str) -> CallState {
    store.background_call(owner, id).unwrap().unwrap().state
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { panic!("{value}") };
    object
}

fn sql(home: &Home, sql: &str) {
    let connection = rusqlite::Connection::open(&home.store.options().database).unwrap();
    connection.execute_batch(sql).unwrap();
}

async fn successor(home: &Home, how: TakeOver) -> Store {
    let next = Store::open(&options(&home.directory)).unwrap();
    next.activate(how).await.unwrap();
    next
}

#[tokio::test]
async fn one_request_makes_one_call_and_only_its_owner_finds_it() {
    let home = Home::new().await;
    let asked = request(&home);
    let first = home.store.create_call(asked.clone(), new_call("a")).await.unwrap().unwrap();
    let again = home.store.create_call(asked, new_call("a")).await.unwrap().unwrap();
    assert_eq!(first, again);
    assert_eq!(first.state, CallState::Working);
    assert_eq!(home.store.open_calls().unwrap(), 1);
    assert_eq!(home.store.background_call("a", &first.id).unwrap(), Some(first.clone()));
    assert_eq!(home.store.background_call("b", &first.id).unwrap(), None);
    let answers = object(json!({ "q": 1 }));
    assert!(!home.store.answer_call("b".into(), first.id.clone(), answers).await.unwrap());
    assert!(!home.store.cancel_call("b".into(), first.id.clone()).await.unwrap());
    assert_eq!(state(&home.store, "a", &first.id), CallState::Working);
    // A request that was answered directly before is answered directly again.
    let direct = request(&home);
    home.store.execute(direct.clone(), planning("x")).await.unwrap();
    let other = Execution { digest: [9; 32], ..direct };
    assert_eq!(home.store.create_call(other, new_call("a")).await.unwrap(), None);
}

#[tokio::test]
async fn there_is_room_for_so_many_of_one_and_of_all() {
    let home = Home::new().await;
    for _ in 0..256 {
        made(&home, "a").await;
    }
    let refused = request(&home);
    assert_eq!(home.store.create_call(refused.clone(), new_call("a")).await.unwrap(), None);
    made(&home, "b").await;
    // What is over makes room, also for the request that found none.
    sql(&home, "UPDATE background_calls SET status = 'cancelled', expires_at = 1 WHERE owner = 'a'");
    assert!(home.store.create_call(refused, new_call("a")).await.unwrap().is_some());
    sql(
        &home,
        "UPDATE background_calls SET status = 'completed', outcome = CAST(zeroblob(67108864) AS TEXT) WHERE owner = 'b'",
    );
    assert_eq!(home.store.create_call(request(&home), new_call("c")).await.unwrap(), None);
}

#[tokio::test]
async fn a_handover_leaves_a_call_to_the_worker_that_has_it() {
    let home = Home::new().await;
    let (kept, back) = (made(&home, "a").await, made(&home, "a").await);
    assert_eq!(claimed(&home.store).await, [kept.clone(), back.clone()]);
    assert!(claimed(&home.store).await.is_empty(), "once");
    let next = successor(&home, TakeOver::Handover).await;
    let claims = next.claim_calls(Vec::new(), 16).await.unwrap();
    assert!(claims.begun.is_empty() && claims.waiting == 2, "{claims:?}");
    home.store.release_call(back.clone()).await.unwrap();
    assert!(claimed(&home.store).await.is_empty(), "the worker that finishes begins nothing");
    assert_eq!(claimed(&next).await, [back]);
    assert!(home.store.settle_call(kept.clone(), Ended::Completed("{\"n\":1}".into())).await.unwrap());
    assert_eq!(state(&next, "a", &kept), CallState::Completed(object(json!({ "n": 1 }))));
    assert!(!next.settle_call(kept.clone(), Ended::Cancelled).await.unwrap(), "it has ended");
    assert_eq!(state(&next, "a", &kept), CallState::Completed(object(json!({ "n": 1 }))));
}

#[tokio::test]
async fn what_a_worker_left_is_begun_by_the_next_and_the_first_writes_no_more() {
    let home = Home::new().await;
    let id = made(&home, "a").await;
    assert_eq!(claimed(&home.store).await, std::slice::from_ref(&id));
    let second = successor(&home, TakeOver::Handover).await;
    assert!(claimed(&second).await.is_empty());
    second.retire_former().await.unwrap();
    assert_eq!(claimed(&second).await, std::slice::from_ref(&id), "retired");
    let third = successor(&home, TakeOver::Alone).await;
    assert_eq!(claimed(&third).await, std::slice::from_ref(&id), "dead");
    let late = second.settle_call(id.clone(), Ended::Cancelled).await;
    assert!(late.is_err_and(|error| error.is_fenced()));
    assert_eq!(second.call_wanted(&id).unwrap(), Wanted::Elsewhere);
    assert_eq!(third.call_wanted(&id).unwrap(), Wanted::Here);
}

#[tokio::test]
async fn a_worker_that_takes_over_again_keeps_what_it_runs() {
    let home = Home::new().await;
    let id = made(&home, "a").await;
    claimed(&home.store).await;
    successor(&home, TakeOver::Handover).await;
    home.store.activate(TakeOver::Alone).await.unwrap();
    let claims = home.store.claim_calls(vec![id.clone()], 16).await.unwrap();
    assert!(claims.begun.is_empty() && claims.waiting == 0, "{claims:?}");
    assert!(home.store.settle_call(id, Ended::Cancelled).await.unwrap());
}

#[tokio::test]
async fn a_call_that_ends_worker_after_worker_is_given_up() {
    let home = Home::new().await;
    let (fatal, patient) = (made(&home, "a").await, made(&home, "a").await);
    for _ in 0..10 {
        assert_eq!(claimed(&home.store).await.len(), 2);
        home.store.release_call(patient.clone()).await.unwrap();
        home.store.activate(TakeOver::Alone).await.unwrap();
    }
    assert_eq!(claimed(&home.store).await, [patient]);
    let CallState::Failed(error) = state(&home.store, "a", &fatal) else { panic!("it goes on") };
    assert_eq!(error["data"]["error_code"], "RESTART_012");
}

#[tokio::test]
async fn a_call_is_called_off_before_during_and_after_its_worker() {
    let home = Home::new().await;
    let cancel = async |store: &Store, id: &str| store.cancel_call("a".into(), id.into()).await.unwrap();
    let waiting = made(&home, "a").await;
    assert!(cancel(&home.store, &waiting).await);
    assert_eq!(state(&home.store, "a", &waiting), CallState::Cancelled, "nobody had it");
    let (running, orphan) = (made(&home, "a").await, made(&home, "a").await);
    assert_eq!(claimed(&home.store).await.len(), 2);
    assert!(cancel(&home.store, &running).await);
    assert_eq!(state(&home.store, "a", &running), CallState::Working, "its worker says when");
    assert_eq!(home.store.call_wanted(&running).unwrap(), Wanted::CalledOff);
    assert_eq!(home.store.call_wanted(&orphan).unwrap(), Wanted::Here);
    let next = successor(&home, TakeOver::Alone).await;
    assert!(cancel(&next, &orphan).await);
    assert_eq!(state(&next, "a", &orphan), CallState::Cancelled, "its worker is gone");
    assert!(claimed(&next).await.is_empty());
    assert_eq!(state(&next, "a", &running), CallState::Cancelled, "its worker did not live to say so");
    assert!(cancel(&next, &running).await, "again");
    assert!(!cancel(&next, "nothing").await);
}

#[tokio::test]
async fn questions_and_answers_outlive_a_worker() {
    let home = Home::new().await;
    let id = made(&home, "a").await;
    claimed(&home.store).await;
    let ask =
        async |store: &Store, key: &str| store.ask_owner(id.clone(), key.into(), json!({ "m": key })).await;
    let give = async |store: &Store, answers: Value| {
        store.answer_call("a".into(), id.clone(), object(answers)).await
    };
    assert_eq!(ask(&home.store, "one").await.unwrap(), Asked::Open);
    assert_eq!(ask(&home.store, "two").await.unwrap(), Asked::Open);
    let both = json!({ "one": { "m": "one" }, "two": { "m": "two" } });
    assert_eq!(state(&home.store, "a", &id), CallState::Asking(object(both)));
    assert!(give(&home.store, json!({ "one": 1, "three": 3 })).await.unwrap());
    assert_eq!(state(&home.store, "a", &id), CallState::Asking(object(json!({ "two": { "m": "two" } }))));
    let next = successor(&home, TakeOver::Alone).await;
    assert_eq!(claimed(&next).await, std::slice::from_ref(&id));
    assert_eq!(ask(&next, "one").await.unwrap(), Asked::Answered(json!(1)));
    assert_eq!(ask(&next, "two").await.unwrap(), Asked::Open);
    assert!(give(&next, json!({ "two": "x".repeat(300_000) })).await.is_err());
    assert!(give(&next, json!({ "two": 2 })).await.unwrap());
    assert_eq!(state(&next, "a", &id), CallState::Working);
    assert_eq!(next.answer_of(&id, "two").unwrap(), Some(json!(2)));
    next.cancel_call("a".into(), id.clone()).await.unwrap();
    assert_eq!(ask(&next, "four").await.unwrap(), Asked::NotHere);
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_what_nobody_answers_fails() {
    use crate::store::background::prune;
    use crate::store::transaction::Connected as _;
    let home = Home::new().await;
    let (done, parked, open) = (made(&home, "a").await, made(&home, "a").await, made(&home, "a").await);
    claimed(&home.store).await;
    home.store.settle_call(done.clone(), Ended::Completed("{}".into())).await.unwrap();
    home.store.ask_owner(parked.clone(), "q".into(), json!({})).await.unwrap();
    let kept = home.store.background_call("a", &done).unwrap().unwrap();
    assert!(kept.expires_at >= kept.updated_at + KEPT);
    sql(&home, "UPDATE background_calls SET expires_at = 1");
    assert_eq!(home.store.background_call("a", &done).unwrap(), None);
    assert_eq!(home.store.call_wanted(&parked).unwrap(), Wanted::Overdue);
    assert_eq!(home.store.call_wanted(&open).unwrap(), Wanted::Here, "what works is never too late");
    let next = successor(&home, TakeOver::Alone).await;
    assert!(claimed(&next).await.is_empty());
    assert!(matches!(state(&next, "a", &parked), CallState::Failed(_)));
    let now = Timestamp::now();
    let repeatable = Execution { mode: Mode::NoLog, ..request(&home) };
    let pruned = next.execute(repeatable, move |tx| Ok(prune(tx.connection(), now).unwrap())).await;
    assert_eq!(pruned.unwrap(), 1);
    assert!(next.background_call("a", &parked).unwrap().is_some(), "the owner has to hear of it");
}
