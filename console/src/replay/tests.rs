//! What a replay tells, how fast, and what it makes of a file that is none.

use std::fs;

use task_orchestrator_shared::admin::log::LogFilter;
use task_orchestrator_shared::admin::view::{Delta, View};
use task_orchestrator_shared::admin::{Context, Request};

use super::*;
use crate::link::Origin;
use crate::link::tests::server::Desk;
use crate::model::order::Order;

fn delta(seq: u64) -> Heard {
    Heard::Delta { delta: Delta { seq, at: String::new(), changes: Vec::new() } }
}

/// A recording of these, a tenth of a second after each other, in lines.
fn recording(all: &[Heard]) -> String {
    let mut text =
        r#"{"task_orchestrator_recording":1,"version":"0","workspace":"/home/ann/one"}"#.to_owned();
    for (at, heard) in all.iter().enumerate() {
        let line = Line { at_ms: at as u64 * 100, heard: Some(Box::new(heard.clone())), ended: None };
        text.push('\n');
        text.push_str(&serde_json::to_string(&line).unwrap());
    }
    text + "\n"
}

fn opened(text: &str, speed: Speed) -> Result<Replay, ReplayError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    Replay::open(file.path(), speed)
}

async fn all(desk: &mut Desk) -> (Vec<Heard>, Result<String, String>) {
    let mut heard = Vec::new();
    loop {
        match desk.message().await {
            Msg::Heard(one) => heard.push(one),
            Msg::Said(said) => return (heard, said),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_same_comes_again_with_the_same_gaps_and_then_the_end() {
    let told = [Heard::Opened, Heard::View { view: Box::new(View::default()) }, delta(1), delta(2)];
    for (speed, seconds) in [(Speed::Real, 0.3), (Speed::Times(0.5), 0.6), (Speed::Max, 0.0)] {
        let replay = opened(&recording(&told), speed).unwrap();
        let origin = Origin::Replay(replay);
        assert_eq!(origin.target().name, "one");
        let began = Instant::now();
        let mut desk = Desk::begin(origin);
        let (heard, said) = all(&mut desk).await;
        let took = began.elapsed().as_secs_f64();
        assert_eq!((heard.as_slice(), said), (told.as_slice(), Ok("the recording has ended".to_owned())));
        // Not by an upper bound: the machine may be busy.
        assert!(took >= seconds, "{speed:?}: {took}");
    }
}

#[tokio::test]
async fn answers_to_questions_of_another_console_are_left_out() {
    let tag = Tag(1);
    let answer = Heard::Answer { tag, answer: Answer::Failed("no".to_owned()) };
    let replay = opened(&recording(&[Heard::Opened, answer, delta(1)]), Speed::Max).unwrap();
    let (heard, _) = all(&mut Desk::begin(Origin::Replay(replay))).await;
    assert_eq!(heard, [Heard::Opened, delta(1)]);
}

#[tokio::test]
async fn an_order_is_answered_with_the_word_that_this_is_a_replay() {
    let mut desk = Desk::begin(Origin::Replay(opened(&recording(&[]), Speed::Real).unwrap()));
    assert!(matches!(desk.message().await, Msg::Said(Ok(_))));
    let order = Order::plain(Request::Health, Context::default()).unwrap();
    assert!(desk.wire.effect(Effect::Send { tag: Tag(3), order }).is_none());
    let Heard::Answer { tag: Tag(3), answer: Answer::Failed(why) } = desk.heard().await else { panic!() };
    assert!(why.contains("this is a replay"), "{why}");
    assert!(desk.wire.effect(Effect::StartServer("/work".into())).is_none());
    assert!(matches!(desk.message().await, Msg::Started(Err(_))));
    for effect in [Effect::RetryNow, Effect::Unfollow, Effect::Follow(LogFilter::default())] {
        assert!(desk.wire.effect(effect).is_none());
    }
    assert_eq!(desk.wire.effect(Effect::Redraw), Some(Effect::Redraw));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_file_and_line() {
    for (text, line, words) in [
        ("", 1, "no recording"),
        ("hello\n", 1, "no recording"),
        (r#"{"task_orchestrator_recording":9,"version":"0","workspace":"/"}"#, 1, "in the middle"),
        ("{\"task_orchestrator_recording\":9,\"version\":\"0\",\"workspace\":\"/\"}\n", 1, "format 9"),
    ] {
        let error = opened(text, Speed::Max).unwrap_err().to_string();
        assert!(error.contains(&format!(":{line}: ")) && error.contains(words), "{error}");
    }
    let whole = recording(&[delta(1), delta(2)]);
    let cut = whole.trim_end().to_owned();
    let strange = whole.clone() + "{\"at_ms\":0,\"seen\":1}\n";
    for (text, line, words) in [(cut, 3, "in the middle of this line"), (strange, 4, "unknown field `seen`")]
    {
        let (heard, said) = all(&mut Desk::begin(Origin::Replay(opened(&text, Speed::Max).unwrap()))).await;
        assert_eq!(heard, [delta(1), delta(2)].get(..line - 2).unwrap());
        let why = said.unwrap_err();
        assert!(why.contains(&format!(":{line}: ")) && why.contains(words), "{why}");
    }
    let missing = Replay::open(Path::new("/no/such"), Speed::Real).unwrap_err().to_string();
    assert!(missing.contains("/no/such"), "{missing}");
}
