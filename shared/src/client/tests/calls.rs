//! Requests and their answers, several at once, until the connection ends.

use super::*;
use crate::admin::MAX_REQUEST_BYTES;
use crate::admin::codec::{DENIED, SKEWED, TOO_LONG, TOO_MANY, UNAVAILABLE};

fn built(line: u32) -> RestartEvent {
    RestartEvent::BuildOutput { line: line.to_string() }
}

#[tokio::test]
async fn answers_find_who_asked_in_whatever_order_they_come() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    let server = async {
        let calls = [side.call().await, side.call().await];
        for call in calls.iter().rev() {
            side.reply(call.id, done(call.request.method())).await;
        }
    };
    let (health, prepare, ()) =
        tokio::join!(client.call(Request::Health, plain()), client.call(Request::Prepare, plain()), server);
    assert_eq!((health.unwrap(), prepare.unwrap()), (done("health"), done("prepare")));
}

#[tokio::test]
async fn events_come_in_order_before_the_answer_and_only_to_who_waits_for_them() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    let context = Context { reason: Some("tonight".to_owned()), ..plain() };
    let server = async {
        let call = side.call().await;
        assert_eq!(call.context.reason.as_deref(), Some("tonight"));
        let known = |line| Notification::Event(built(line));
        side.notify(known(99), Some(call.id + 1)).await;
        for line in 0..5 {
            side.notify(known(line), Some(call.id)).await;
        }
        side.say(r#"{"jsonrpc":"2.0","method":"weather","params":{}}"#).await;
        side.reply(call.id, done("all told")).await;
    };
    let mut events = Vec::new();
    let called = client.call_with_events(Request::Snapshot, context, |event| events.push(event));
    let (reply, ()) = tokio::join!(called, server);
    assert_eq!(reply.unwrap(), done("all told"));
    assert_eq!(events, (0..5).map(built).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_failure_is_told_apart() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    for code in [DENIED, SKEWED, UNAVAILABLE] {
        let server = async {
            let call = side.call().await;
            side.fail(call.id, code, "no").await;
        };
        let (reply, ()) = tokio::join!(client.call(Request::Stop, plain()), server);
        match (code, reply.unwrap_err()) {
            (DENIED, CallError::Denied(why)) | (SKEWED, CallError::Skewed(why)) => assert_eq!(why, "no"),
            (UNAVAILABLE, CallError::Refused { code, .. }) => assert_eq!(code, UNAVAILABLE),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn all_who_wait_learn_that_the_connection_is_lost_and_so_do_later_ones() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    let server = async {
        side.call().await;
        side.call().await;
        side.stream.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"resu").await.unwrap();
        drop(side);
    };
    let (one, other, ()) =
        tokio::join!(client.call(Request::Health, plain()), client.call(Request::Roles, plain()), server);
    assert!(matches!((one, other), (Err(CallError::Lost), Err(CallError::Lost))));
    assert!(matches!(soon(client.closed()).await, CallError::Lost));
    assert!(matches!(client.call(Request::Health, plain()).await, Err(CallError::Lost)));
}

#[tokio::test]
async fn a_line_without_end_ends_the_connection_with_the_reason() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    let server = async {
        side.call().await;
        // The client hangs up while this is written.
        let _ = side.stream.write_all(&vec![b'x'; crate::admin::MAX_LINE_BYTES * 2]).await;
    };
    let (reply, ()) = tokio::join!(client.call(Request::Health, plain()), server);
    let error = reply.unwrap_err();
    assert!(matches!(&error, CallError::Io(_)) && error.to_string().contains("more than"), "{error}");
}

#[tokio::test]
async fn what_is_too_long_or_too_much_is_refused_here() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    let long = Request::PlanRestore { name: "x".repeat(MAX_REQUEST_BYTES) };
    let error = client.call(long, plain()).await.unwrap_err();
    assert!(matches!(error, CallError::Refused { code: TOO_LONG, .. }), "{error}");

    let client = Arc::new(client);
    let mut asking = Vec::new();
    for _ in 0..MAX_IN_FLIGHT {
        let client = Arc::clone(&client);
        asking.push(tokio::spawn(async move { client.call(Request::Health, plain()).await }));
        side.call().await;
    }
    let error = client.call(Request::Health, plain()).await.unwrap_err();
    assert!(matches!(error, CallError::Refused { code: TOO_MANY, .. }), "{error}");
    // Who gave up makes room.
    asking.pop().unwrap().abort();
    asking.pop().unwrap().abort();
    soon(async {
        while asking.len() < MAX_IN_FLIGHT - 1 {
            let client = Arc::clone(&client);
            let mut asked = Box::pin(async move { client.call(Request::Roles, plain()).await });
            tokio::select! {
                refused = &mut asked => assert!(matches!(refused, Err(CallError::Refused { .. }))),
                call = side.call() => {
                    side.reply(call.id, done("room")).await;
                    assert_eq!(asked.await.unwrap(), done("room"));
                    return;
                }
            }
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_ends_the_waiting_and_not_the_connection() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    let limit = Duration::from_secs(7);
    let error = client.call_within(limit, Request::Health, plain()).await.unwrap_err();
    assert!(matches!(error, CallError::TimedOut(after) if after == limit), "{error}");
    let late = side.call().await;
    let server = async {
        side.reply(late.id, done("too late")).await;
        let call = side.call().await;
        side.reply(call.id, done("in time")).await;
    };
    let (reply, ()) = tokio::join!(client.call(Request::Health, plain()), server);
    assert_eq!(reply.unwrap(), done("in time"));
}

#[tokio::test]
async fn the_connection_ends_with_the_client() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    drop(client);
    assert_eq!(side.line().await, None);
}

#[test]
fn a_program_without_a_runtime_asks_once() {
    let scene = Scene::new();
    let target = scene.target();
    let asked = |limit| once(&target, Request::Health, plain(), Some(limit), |_| {});
    assert!(matches!(asked(LONG), Err(CallError::NoServer)));
    let listener = std::os::unix::net::UnixListener::bind(scene.socket()).unwrap();
    let short = Duration::from_millis(50);
    assert!(matches!(asked(short), Err(CallError::TimedOut(limit)) if limit == short));
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = UnixListener::from_std(listener).unwrap();
            // The one who waited no longer.
            drop(Side::accept(&listener).await);
            let mut side = Side::welcomed(&listener).await;
            let call = side.call().await;
            side.reply(call.id, done("fine")).await;
        });
    });
    assert_eq!(asked(LONG).unwrap(), done("fine"));
    server.join().unwrap();
}
