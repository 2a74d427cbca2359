//! The console's end against a server that the test plays itself, line by line.

pub(crate) mod server;

use std::time::Duration;

use task_orchestrator_shared::admin::codec::{DENIED, Notification};
use task_orchestrator_shared::admin::log::{LogFilter, LogLine, LogLines};
use task_orchestrator_shared::admin::{Context, Done, Reply, Request, Skew};
use task_orchestrator_shared::restart::RestartRequest;
use task_orchestrator_shared::role::Role;
use tokio::time::Instant;

use super::*;
use crate::heard::LostKind;
use crate::targets::TargetRow;
use server::{Desk, Scene, Side};

fn plain(request: Request) -> Order {
    Order::plain(request, Context::default()).unwrap()
}

fn line(text: &str) -> LogLine {
    LogLine {
        at: String::new(),
        level: None,
        process: "front".to_owned(),
        pid: None,
        target: String::new(),
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn a_server_that_comes_goes_and_comes_again_is_told_of_in_order() {
    let scene = Scene::new();
    let mut desk = Desk::open(&scene);
    assert_eq!(desk.heard().await, Heard::Opened);
    assert_eq!(desk.heard().await, Heard::Connecting { attempt: 1 });
    let Heard::Lost { kind: LostKind::NoServer, retry_in_ms, .. } = desk.heard().await else {
        panic!("nobody listens")
    };
    assert!(retry_in_ms <= 100);
    let mut listener = scene.listen();
    for boot in ["one", "two"] {
        let mut side = Side::live(&listener, boot, 5).await;
        side.delta(6).await;
        desk.until(|heard| matches!(heard, Heard::Live { welcome } if welcome.boot == boot)).await;
        assert!(matches!(desk.heard().await, Heard::View { view } if view.seq == 5));
        assert!(matches!(desk.heard().await, Heard::Delta { delta } if delta.seq == 6));
        drop((side, listener));
        let Heard::Lost { kind: LostKind::Broken, .. } = desk.heard().await else { panic!("it is gone") };
        listener = scene.listen();
    }
}

#[tokio::test]
async fn answers_and_what_happens_before_them_carry_their_tag() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    assert!(desk.wire.effect(Effect::Send { tag: Tag(7), order: plain(Request::Health) }).is_none());
    let call = side.call().await;
    assert_eq!(call.request, Request::Health);
    let event = task_orchestrator_shared::restart::RestartEvent::BuildOutput { line: "cc".to_owned() };
    side.notify(Notification::Event(event.clone()), Some(call.id)).await;
    let done = Reply::Done(Done { message: "well".to_owned() });
    side.reply(call.id, done.clone()).await;
    assert_eq!(desk.heard().await, Heard::Event { tag: Tag(7), event });
    let answer = Answer::Reply(Box::new(done));
    assert_eq!(desk.heard().await, Heard::Answer { tag: Tag(7), answer });
    assert_eq!(desk.wire.effect(Effect::Quit), Some(Effect::Quit), "what is not its own is given back");
}

#[tokio::test]
async fn without_a_connection_an_order_fails_at_once() {
    let scene = Scene::new();
    let mut desk = Desk::open(&scene);
    desk.until(|heard| matches!(heard, Heard::Lost { .. })).await;
    desk.wire.effect(Effect::Send { tag: Tag(1), order: plain(Request::Health) });
    let heard = desk.until(|heard| matches!(heard, Heard::Answer { .. })).await;
    let Heard::Answer { tag: Tag(1), answer: Answer::Failed(why) } = heard else { panic!("{heard:?}") };
    assert!(why.contains("no server is running"), "{why}");
}

#[tokio::test]
async fn the_log_is_followed_once_and_ends_with_its_connection() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    for text in ["first", "second"] {
        desk.wire.effect(Effect::Follow(LogFilter::default()));
        let call = side.call_of(|request| matches!(request, Request::FollowLogs(_))).await;
        side.reply(call.id, Reply::LogLines(vec![line(text)])).await;
        let heard =
            desk.until(|heard| matches!(heard, Heard::LogBegins { .. } | Heard::LogEnds { .. })).await;
        assert_eq!(heard, Heard::LogBegins { lines: vec![line(text)] }, "who follows anew ends nothing");
    }
    let lines = LogLines { lines: vec![line("more")], missed: 2 };
    side.notify(Notification::Log(lines.clone()), None).await;
    assert_eq!(desk.heard().await, Heard::Log { lines });
    drop(side);
    let mut seen = [desk.heard().await, desk.heard().await];
    seen.sort_by_key(|heard| matches!(heard, Heard::LogEnds { .. }));
    assert!(matches!(seen, [Heard::Lost { .. }, Heard::LogEnds { .. }]), "{seen:?}");
    desk.wire.effect(Effect::Follow(LogFilter::default()));
    desk.until(|heard| matches!(heard, Heard::LogEnds { .. })).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_silent_within_three_seconds_and_lives_when_it_answers() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    let since = Instant::now();
    assert_eq!(desk.heard().await, Heard::Silent);
    let took = since.elapsed();
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(3), "{took:?}");
    let probe = side.call().await;
    assert_eq!(probe.request, Request::WhoAmI);
    side.reply(probe.id, Reply::Done(Done { message: String::new() })).await;
    assert_eq!(desk.heard().await, Heard::Alive);

    // What it says by itself counts as well, and comes behind the word that it lives.
    assert_eq!(desk.heard().await, Heard::Silent);
    side.delta(1).await;
    assert_eq!(desk.heard().await, Heard::Alive);
    assert!(matches!(desk.heard().await, Heard::Delta { .. }));

    // A connection that ends while it is silent is lost, and nothing else.
    assert_eq!(desk.heard().await, Heard::Silent);
    drop(side);
    assert!(matches!(desk.heard().await, Heard::Lost { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_so_every_two_seconds_is_never_asked() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    for seq in 1..=20 {
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(2200)).await;
        side.delta(seq).await;
        assert!(matches!(desk.heard().await, Heard::Delta { .. }), "{seq}");
    }
    assert!(side.has_said_nothing());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_probes_is_shown_as_it_is() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    for _ in 0..10 {
        let probe = side.call().await;
        side.fail(probe.id, DENIED, "not for you").await;
    }
    let heard = desk.heard_already();
    assert!(heard.is_none(), "{heard:?}");
}

#[tokio::test]
async fn another_server_begins_with_a_word_that_ends_what_is_of_the_first() {
    let (scene, other) = (Scene::new(), Scene::new());
    let (first, second) = (scene.listen(), other.listen());
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&first, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    desk.wire.effect(Effect::Send { tag: Tag(1), order: plain(Request::Health) });
    side.call().await;
    side.delta(1).await;
    let row =
        TargetRow { socket: other.socket(), workspace: other.directory().to_owned(), detail: String::new() };
    assert!(desk.wire.effect(Effect::Switch(row)).is_none());
    side.ended().await;
    let _second = Side::live(&second, "two", 3).await;
    desk.until(|heard| matches!(heard, Heard::Opened)).await;
    assert_eq!(desk.heard().await, Heard::Connecting { attempt: 1 });
    assert!(matches!(desk.heard().await, Heard::Live { welcome } if welcome.boot == "two"));
    assert!(matches!(desk.heard().await, Heard::View { view } if view.seq == 3));
}

#[tokio::test]
async fn who_only_looks_asks_for_the_role_that_sees_all_and_then_for_the_least() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::lowered(&scene, None, true);
    let mut side = Side::accept(&listener).await;
    let (id, hello) = side.hello().await;
    assert_eq!((hello.role, hello.client.as_str()), (Some(Role::Monitor), CLIENT));
    side.fail(id, DENIED, "readonly is granted").await;
    let mut side = Side::accept(&listener).await;
    let (id, hello) = side.hello().await;
    assert_eq!(hello.role, Some(Role::Readonly));
    side.fail(id, DENIED, "nothing is granted").await;
    let heard = desk.until(|heard| matches!(heard, Heard::Denied { .. } | Heard::Live { .. })).await;
    assert!(matches!(heard, Heard::Denied { why, .. } if why == "nothing is granted"));
    // It is tried again, for the configuration may change.
    let side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::Live { .. })).await;
    drop(side);
}

#[tokio::test]
async fn versions_that_do_not_meet_are_told() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let _side = Side::skewed(&listener, Skew::UpgradeServer).await;
    let heard = desk.until(|heard| matches!(heard, Heard::Incompatible { .. })).await;
    assert!(matches!(heard, Heard::Incompatible { skew: Skew::UpgradeServer, .. }));
}

#[tokio::test(start_paused = true)]
async fn only_an_order_to_retry_moves_the_next_attempt() {
    let scene = Scene::new();
    let mut desk = Desk::open(&scene);
    let mut wait = Duration::ZERO;
    while wait < Duration::from_secs(2) {
        let heard = desk.until(|heard| matches!(heard, Heard::Lost { .. })).await;
        let Heard::Lost { retry_in_ms, .. } = heard else { unreachable!() };
        wait = Duration::from_millis(retry_in_ms);
    }
    let since = Instant::now();
    for _ in 0..20 {
        desk.wire.effect(Effect::Follow(LogFilter::default()));
        desk.wire.effect(Effect::Unfollow);
        desk.wire.effect(Effect::Send { tag: Tag(1), order: plain(Request::Health) });
    }
    desk.until(|heard| matches!(heard, Heard::Connecting { .. })).await;
    assert!(since.elapsed() >= wait, "{:?} for {wait:?}", since.elapsed());
    desk.until(|heard| matches!(heard, Heard::Lost { .. })).await;
    let since = Instant::now();
    desk.wire.effect(Effect::RetryNow);
    desk.until(|heard| matches!(heard, Heard::Connecting { .. })).await;
    assert!(since.elapsed() < Duration::from_millis(100), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_loop_that_reads_nothing_misses_nothing_but_gets_a_new_whole_state() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    for seq in 1..=2000 {
        side.delta(seq).await;
    }
    let mut known = 0;
    while known < 2000 {
        tokio::select! {
            heard = desk.heard() => match heard {
                Heard::Delta { delta } => {
                    assert_eq!(delta.seq, known + 1, "a gap");
                    known = delta.seq;
                }
                Heard::View { view } => known = view.seq,
                other => panic!("{other:?}"),
            },
            call = side.call() => {
                assert_eq!(call.request, Request::Subscribe);
                side.reply(call.id, Reply::View(server::view(2000))).await;
            }
        }
    }
}

#[tokio::test]
async fn an_order_without_an_answer_is_asked_again_with_its_key() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    let request = Request::Restart(Box::<RestartRequest>::default());
    assert!(Order::plain(request, Context::default()).is_none(), "a restart needs a dialog");
    desk.wire.effect(Effect::Send { tag: Tag(1), order: plain(Request::Snapshot) });
    let before = side.call().await;
    drop(side);
    let mut side = Side::live(&listener, "two", 0).await;
    let again = side.call_of(|request| *request == Request::Snapshot).await;
    assert!(before.context.idempotency_key.is_some());
    assert_eq!(before.context, again.context);
    side.reply(again.id, Reply::Done(Done { message: "once".to_owned() })).await;
    let heard = desk.until(|heard| matches!(heard, Heard::Answer { .. })).await;
    assert!(matches!(heard, Heard::Answer { answer: Answer::Reply(_), .. }));
}

#[tokio::test]
async fn a_question_that_is_forgotten_is_not_asked_again_on_the_next_connection() {
    let scene = Scene::new();
    let listener = scene.listen();
    let mut desk = Desk::open(&scene);
    let mut side = Side::live(&listener, "one", 0).await;
    desk.until(|heard| matches!(heard, Heard::View { .. })).await;
    desk.wire.effect(Effect::Send { tag: Tag(1), order: plain(Request::Tasks) });
    desk.wire.effect(Effect::Send { tag: Tag(2), order: plain(Request::Health) });
    for _ in 0..2 {
        side.call().await;
    }
    assert!(desk.wire.effect(Effect::Forget(Tag(1))).is_none());
    drop(side);
    let mut side = Side::live(&listener, "two", 0).await;
    assert_eq!(side.call().await.request, Request::Health, "and nothing before it");
    assert!(side.has_said_nothing());
}
