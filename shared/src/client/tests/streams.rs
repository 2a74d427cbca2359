//! The view and the log, for readers who are quick, slow or gone.

use super::*;
use crate::admin::log::LogLines;

/// Both sides of a connection that has subscribed at this number.
async fn subscribed(scene: &Scene, seq: u64) -> (Client, Side, Updates) {
    let (client, mut side) = scene.pair().await;
    let (subscribed, ()) = tokio::join!(client.subscribe(), side.subscribed(seq));
    let (view, updates) = subscribed.unwrap();
    assert_eq!(view.seq, seq);
    (client, side, updates)
}

/// Has the connection read all that was said so far.
async fn heard(client: &Client, side: &mut Side) {
    let server = async {
        let call = side.call().await;
        side.reply(call.id, done("")).await;
    };
    let (reply, ()) = tokio::join!(client.call(Request::WhoAmI, plain()), server);
    reply.unwrap();
}

#[tokio::test]
async fn changes_come_in_order_and_end_with_the_connection() {
    let scene = Scene::new();
    let (_client, mut side, mut updates) = subscribed(&scene, 7).await;
    for seq in 8..12 {
        side.delta(seq).await;
    }
    drop(side);
    for seq in 8..12 {
        assert_eq!(soon(updates.next()).await, Some(Update::Delta(delta(seq))));
    }
    assert_eq!(soon(updates.next()).await, None);
}

#[tokio::test]
async fn who_is_too_slow_gets_a_new_whole_state_and_holds_nobody_up() {
    let scene = Scene::new();
    let (client, mut side, mut updates) = subscribed(&scene, 0).await;
    let many = MAX_UPDATES as u64;
    for seq in 1..=many {
        side.delta(seq).await;
    }
    heard(&client, &mut side).await;
    assert_eq!(updates.waiting(), (MAX_UPDATES, false), "as many as may wait");
    for seq in many + 1..many * 2 {
        side.delta(seq).await;
    }
    // The next request is this one: nobody has asked for a new state while the reader sleeps.
    heard(&client, &mut side).await;
    assert_eq!(updates.waiting(), (0, true), "nothing is kept for who does not read");

    let next = tokio::spawn(async move { (updates.next().await, updates) });
    let call = side.call().await;
    assert_eq!(call.request, Request::Subscribe);
    side.delta(many * 2).await;
    side.reply(call.id, Reply::View(view(1000))).await;
    let (update, mut updates) = soon(next).await.unwrap();
    assert_eq!(update, Some(Update::View(view(1000))));
    side.delta(1001).await;
    assert_eq!(soon(updates.next()).await, Some(Update::Delta(delta(1001))));
}

#[tokio::test]
async fn bytes_are_bounded_as_well_as_changes() {
    let scene = Scene::new();
    let (client, mut side, mut updates) = subscribed(&scene, 0).await;
    let at = "x".repeat(MAX_BYTES / 4);
    for seq in 1..=4 {
        let delta = Delta { seq, at: at.clone(), changes: Vec::new() };
        side.notify(Notification::Delta(delta), None).await;
        heard(&client, &mut side).await;
        if seq == 3 {
            assert_eq!(updates.waiting(), (3, false));
        }
    }
    assert_eq!(updates.waiting(), (0, true));
    let (update, ()) = tokio::join!(updates.next(), side.subscribed(9));
    assert_eq!(update, Some(Update::View(view(9))));
}

#[tokio::test]
async fn a_gap_leads_to_a_new_whole_state() {
    let scene = Scene::new();
    let (_client, mut side, mut updates) = subscribed(&scene, 3).await;
    side.delta(5).await;
    let (update, ()) = tokio::join!(updates.next(), side.subscribed(5));
    assert_eq!(update, Some(Update::View(view(5))));
    side.delta(6).await;
    assert_eq!(soon(updates.next()).await, Some(Update::Delta(delta(6))));
}

#[tokio::test]
async fn a_whole_state_of_the_server_takes_the_place_of_what_waits() {
    let scene = Scene::new();
    let (client, mut side, mut updates) = subscribed(&scene, 3).await;
    side.delta(4).await;
    side.notify(Notification::View(view(50)), None).await;
    side.delta(51).await;
    heard(&client, &mut side).await;
    assert_eq!(updates.next().await, Some(Update::View(view(50))));
    assert_eq!(updates.next().await, Some(Update::Delta(delta(51))));
}

#[tokio::test]
async fn a_server_that_refuses_a_new_whole_state_is_left() {
    let scene = Scene::new();
    let (client, mut side, mut updates) = subscribed(&scene, 3).await;
    side.delta(5).await;
    let server = async {
        let call = side.call().await;
        side.fail(call.id, crate::admin::codec::TOO_LONG, "too much").await;
    };
    let (update, ()) = tokio::join!(updates.next(), server);
    assert_eq!(update, None);
    assert!(soon(client.closed()).await.to_string().contains("too much"));
}

#[tokio::test]
async fn the_server_is_told_when_nobody_reads_any_more() {
    let scene = Scene::new();
    let (client, mut side, updates) = subscribed(&scene, 3).await;
    drop(updates);
    assert_eq!(side.call().await.request, Request::Unsubscribe);
    let filter = LogFilter { tail: 5, ..LogFilter::default() };
    let (followed, ()) = tokio::join!(client.follow_logs(filter.clone()), async {
        let call = side.call().await;
        assert_eq!(call.request, Request::FollowLogs(filter.clone()));
        side.reply(call.id, Reply::LogLines(vec![line(0)])).await;
    });
    let (lines, tail) = followed.unwrap();
    assert_eq!(lines, [line(0)]);
    drop(tail);
    assert_eq!(side.call().await.request, Request::Unfollow);
}

fn line(number: usize) -> LogLine {
    LogLine {
        at: String::new(),
        level: None,
        process: "front".to_owned(),
        pid: None,
        target: String::new(),
        text: number.to_string(),
    }
}

#[tokio::test]
async fn who_reads_the_log_slowly_is_told_how_much_was_missed() {
    let scene = Scene::new();
    let (client, mut side) = scene.pair().await;
    let (followed, ()) = tokio::join!(client.follow_logs(LogFilter::default()), async {
        let call = side.call().await;
        side.reply(call.id, Reply::LogLines(Vec::new())).await;
    });
    let (_, mut tail) = followed.unwrap();
    for batch in 0..3 {
        let lines = (0..MAX_LINES / 2).map(|number| line(batch * MAX_LINES / 2 + number)).collect();
        side.notify(Notification::Log(LogLines { lines, missed: 1 }), None).await;
    }
    heard(&client, &mut side).await;
    let said = tail.next().await.unwrap();
    assert_eq!((said.lines.len(), said.missed), (MAX_LINES, 3 + MAX_LINES as u64 / 2));
    assert_eq!(said.lines[0], line(MAX_LINES / 2));
    drop(side);
    assert_eq!(soon(tail.next()).await, None);
}
