//! A link while its server comes and goes.

use super::*;
use crate::client::link::LinkEvents;
use tokio::time::Instant;

async fn next(events: &mut LinkEvents) -> LinkEvent {
    soon(events.next()).await.expect("an event")
}

/// The wait that the next two events announce, an attempt and its failure.
async fn failed(events: &mut LinkEvents) -> (u32, Duration) {
    let LinkEvent::Connecting { attempt } = next(events).await else { panic!("no attempt") };
    match next(events).await {
        LinkEvent::Lost { error: ConnectError::NoServer | ConnectError::Lost, retry_in } => {
            (attempt, retry_in)
        }
        other => panic!("{other:?}"),
    }
}

fn is_jittered(wait: Duration, ceiling: Duration) -> bool {
    wait <= ceiling && wait >= ceiling * 3 / 4
}

#[tokio::test(start_paused = true)]
async fn waits_grow_to_the_cap_whatever_the_reader_does() {
    let scene = Scene::new();
    let (link, mut events) = Link::open(scene.target(), true);
    let mut ceiling = Duration::from_millis(100);
    let mut next_attempt = None;
    for expected in 1..=12 {
        let (attempt, wait) = failed(&mut events).await;
        if let Some(due) = next_attempt {
            let late = Instant::now().duration_since(due);
            assert!(late <= Duration::from_millis(5), "attempt {attempt} came {late:?} late");
        }
        assert_eq!(attempt, expected);
        assert!(is_jittered(wait, ceiling), "{wait:?} for {ceiling:?}");
        ceiling = (ceiling * 2).min(Duration::from_secs(5));
        next_attempt = Some(Instant::now() + wait);
        // Requests are refused, and move nothing.
        for _ in 0..20 {
            tokio::time::advance(wait / 100).await;
            assert!(matches!(link.request(Request::Health, plain()).await, Err(CallError::NoServer)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_to_retry_ends_one_wait_only() {
    let scene = Scene::new();
    let (link, mut events) = Link::open(scene.target(), false);
    for _ in 0..10 {
        let (_, whole) = failed(&mut events).await;
        let since = Instant::now();
        let (_, cut_short) = failed(&mut events).await;
        assert!(since.elapsed() >= whole, "nobody had given an order");
        // As soon as a loss is told of, the order counts; a second one is too much.
        let since = Instant::now();
        link.retry_now();
        link.retry_now();
        failed(&mut events).await;
        assert!(since.elapsed() < Duration::from_millis(50) && cut_short >= Duration::from_millis(75));
    }
}

#[tokio::test]
async fn a_connection_begins_with_the_view_and_follows_the_next_server() {
    let scene = Scene::new();
    let mut listener = scene.listen();
    let (_link, mut events) = Link::open(scene.target(), true);
    for boot in ["boot 1", "boot 2"] {
        let mut side = Side::accept(&listener).await;
        side.welcome(welcome(boot)).await;
        side.subscribed(5).await;
        side.delta(6).await;
        let live = soon(async {
            loop {
                match events.next().await.unwrap() {
                    LinkEvent::Live(welcome) => return welcome,
                    LinkEvent::Connecting { .. } | LinkEvent::Lost { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        })
        .await;
        assert_eq!(live.boot, boot);
        assert!(matches!(next(&mut events).await, LinkEvent::Update(Update::View(view)) if view.seq == 5));
        assert!(matches!(next(&mut events).await, LinkEvent::Update(Update::Delta(delta)) if delta.seq == 6));
        drop((side, listener));
        assert!(matches!(next(&mut events).await, LinkEvent::Lost { .. }));
        listener = scene.listen();
    }
}

#[tokio::test]
async fn waits_begin_anew_only_after_a_connection_that_lasted() {
    let scene = Scene::new();
    let listener = scene.listen();
    let (_link, mut events) = Link::open(scene.target(), false);
    // Welcomed and left at once.
    for expected in 1..=3 {
        assert!(matches!(next(&mut events).await, LinkEvent::Connecting { attempt } if attempt == expected));
        drop(Side::welcomed(&listener).await);
        assert!(matches!(next(&mut events).await, LinkEvent::Live(_)));
        assert!(matches!(next(&mut events).await, LinkEvent::Lost { .. }));
    }
    let side = Side::welcomed(&listener).await;
    assert!(matches!(next(&mut events).await, LinkEvent::Connecting { attempt: 4 }));
    assert!(matches!(next(&mut events).await, LinkEvent::Live(_)));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    drop(side);
    let LinkEvent::Lost { retry_in, .. } = next(&mut events).await else { panic!("not lost") };
    assert!(is_jittered(retry_in, Duration::from_millis(100)), "{retry_in:?}");
    assert!(matches!(next(&mut events).await, LinkEvent::Connecting { attempt: 2 }));
}

#[tokio::test]
async fn what_has_no_answer_is_asked_again_with_the_same_key() {
    let scene = Scene::new();
    let listener = scene.listen();
    let (link, mut events) = Link::open(scene.target(), false);
    let restart = Request::Restart(Box::default());
    let context = Context { expected_generation: Some(4), ..plain() };
    let server = async {
        let mut side = Side::welcomed(&listener).await;
        let first = side.call().await;
        drop(side);
        let mut side = Side::welcomed(&listener).await;
        let second = side.call().await;
        side.reply(second.id, done("found again")).await;
        let read = side.call().await;
        side.reply(read.id, done("")).await;
        (first, second, read)
    };
    let asked = async {
        let reply = link.request(restart.clone(), context).await;
        link.request(Request::Health, plain()).await.unwrap();
        reply
    };
    let (reply, (first, second, read)) = soon(async { tokio::join!(asked, server) }).await;
    assert_eq!(reply.unwrap(), done("found again"));
    assert_eq!((&first.request, &first.context), (&second.request, &second.context));
    assert!(first.context.idempotency_key.is_some_and(|key| key.len() >= 32));
    assert_eq!(first.context.expected_generation, Some(4));
    assert_eq!(read.context, plain(), "what only looks needs no key");
    drop(link);
    soon(async { while events.next().await.is_some() {} }).await;
}

#[tokio::test]
async fn a_key_of_the_caller_is_kept_and_the_end_is_not_asked_for_twice() {
    let scene = Scene::new();
    let listener = scene.listen();
    let (link, _events) = Link::open(scene.target(), false);
    let context = Context { idempotency_key: Some("mine".to_owned()), ..plain() };
    let server = async {
        let mut side = Side::welcomed(&listener).await;
        let call = side.call().await;
        drop(side);
        call
    };
    let (reply, call) = soon(async { tokio::join!(link.request(Request::Stop, context), server) }).await;
    assert!(matches!(reply, Err(CallError::Lost)), "{reply:?}");
    assert_eq!(call.context.idempotency_key.as_deref(), Some("mine"));
}

#[tokio::test]
async fn denied_and_incompatible_are_told() {
    let scene = Scene::new();
    let listener = scene.listen();
    let (link, mut events) = Link::open(scene.target(), false);
    assert!(matches!(next(&mut events).await, LinkEvent::Connecting { attempt: 1 }));
    let mut side = Side::accept(&listener).await;
    let FromClient::Hello { id, .. } = side.hear().await else { panic!("no hello") };
    side.fail(id, crate::admin::codec::DENIED, "you may not").await;
    let LinkEvent::Denied { why, .. } = next(&mut events).await else { panic!("not denied") };
    assert_eq!(why, "you may not");
    let refused = link.request(Request::Health, plain()).await.unwrap_err();
    assert!(matches!(refused, CallError::Denied(_)), "{refused}");

    let mut side = Side::accept(&listener).await;
    side.welcome(skewed(Skew::UpgradeClient)).await;
    assert!(matches!(next(&mut events).await, LinkEvent::Connecting { attempt: 2 }));
    let told = next(&mut events).await;
    assert!(matches!(told, LinkEvent::Incompatible { skew: Skew::UpgradeClient, .. }), "{told:?}");
    let server = async {
        let call = side.call().await;
        side.reply(call.id, done("looked")).await;
    };
    let (reply, ()) = tokio::join!(link.request(Request::Status, plain()), server);
    assert_eq!(reply.unwrap(), done("looked"), "it stays connected");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_events_makes_nothing_grow() {
    let scene = Scene::new();
    let (link, mut events) = Link::open(scene.target(), true);
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..200 {
        // All tasks are idle until the next wait ends, so this is one attempt at least.
        tokio::time::timeout(Duration::from_secs(6), std::future::pending::<()>()).await.unwrap_err();
    }
    assert!(link.client().is_none());
    drop(link);
    let mut seen = Vec::new();
    while let Some(event) = soon(events.next()).await {
        seen.push(event);
    }
    assert_eq!(seen.len(), MAX_LINK_EVENTS);
    let newest = seen.iter().filter_map(|event| match event {
        LinkEvent::Connecting { attempt } => Some(*attempt),
        _ => None,
    });
    assert!(newest.max().unwrap() > 100, "the oldest went");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_looks_anew_for_the_socket() {
    let (scene, elsewhere) = (Scene::new(), Scene::new());
    let (before, after) = (scene.socket(), elsewhere.socket());
    let socket = Socket::found_by(move || if after.exists() { after.clone() } else { before.clone() });
    let (_link, mut events) = Link::open(Target { socket, ..scene.target() }, false);
    failed(&mut events).await;
    // A server that starts puts its socket where its configuration wants it.
    let listener = elsewhere.listen();
    let side = tokio::spawn(async move { Side::welcomed(&listener).await });
    loop {
        match next(&mut events).await {
            LinkEvent::Live(_) => break,
            LinkEvent::Connecting { .. } | LinkEvent::Lost { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    drop(side.await.unwrap());
}
