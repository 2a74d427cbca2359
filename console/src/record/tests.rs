//! What is written, up to its bound, and that it is all there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::link::tests::server::{Desk, Scene, Side};
use crate::link::{Origin, Server};

fn recorded(scene: &Scene, recorder: Recorder) -> Origin {
    Origin::Server(Box::new(Server { aim: scene.aim(), recorder: Some(recorder), demo: None }))
}

fn lines(path: &Path) -> (Header, Vec<Line>) {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header = serde_json::from_str(lines.next().unwrap()).unwrap();
    (header, lines.map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[tokio::test]
async fn all_that_is_heard_is_in_the_file_when_the_console_has_ended() {
    let scene = Scene::new();
    let file = scene.directory().join("recording");
    let recorder = Recorder::create(&file, scene.directory(), MAX_BYTES).unwrap();
    let listener = scene.listen();
    let mut desk = Desk::begin(recorded(&scene, recorder));
    let mut side = Side::live(&listener, "one", 0).await;
    let mut heard = Vec::new();
    for seq in 1..=100 {
        side.delta(seq).await;
    }
    while !matches!(heard.last(), Some(Heard::Delta { delta }) if delta.seq == 100) {
        heard.push(desk.heard().await);
    }
    drop(desk);
    let (header, lines) = lines(&file);
    assert_eq!(header.task_orchestrator_recording, FORMAT);
    assert_eq!(header.workspace, scene.directory().display().to_string());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let last = lines.last().unwrap();
    assert_eq!((last.ended.as_deref(), &last.heard), (Some("the console ended"), &None));
    assert!(lines.is_sorted_by_key(|line| line.at_ms));
    let recorded: Vec<Heard> = lines.into_iter().filter_map(|line| line.heard).map(|heard| *heard).collect();
    assert_eq!(recorded.iter().take(heard.len()).collect::<Vec<_>>(), heard.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_recording_that_has_reached_its_bound_says_so_and_the_console_goes_on() {
    let scene = Scene::new();
    let file = scene.directory().join("recording");
    let recorder = Recorder::create(&file, scene.directory(), 8000).unwrap();
    let listener = scene.listen();
    let mut desk = Desk::begin(recorded(&scene, recorder));
    let mut side = Side::live(&listener, "one", 0).await;
    let (mut known, mut said) = (0, None);
    for seq in 1..=200 {
        side.delta(seq).await;
    }
    while known < 200 || said.is_none() {
        match desk.message().await {
            Msg::Heard(Heard::Delta { delta }) => known = delta.seq,
            Msg::Heard(_) => {}
            Msg::Said(Err(why)) => said = Some(why),
            other => panic!("{other:?}"),
        }
    }
    let said = said.unwrap();
    assert!(said.contains("bound of 8000 bytes") && said.contains("recording"), "{said}");
    drop(desk);
    assert!(fs::metadata(&file).unwrap().len() <= 8000);
    let (_, lines) = lines(&file);
    assert!(lines.last().unwrap().ended.as_ref().is_some_and(|why| why.contains("8000")));
    assert!(lines.len() > 10, "{}", lines.len());
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("mine");
    fs::write(&file, "precious").unwrap();
    let error = Recorder::create(&file, scratch.path(), MAX_BYTES).unwrap_err().to_string();
    assert!(error.contains("mine") && error.contains("exists"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}

#[tokio::test]
async fn a_disk_that_refuses_ends_the_recording_and_nothing_else() {
    let scene = Scene::new();
    let recorder = Recorder {
        path: "/dev/full".into(),
        file: BufWriter::new(OpenOptions::new().write(true).open("/dev/full").unwrap()),
        written: 0,
        limit: MAX_BYTES,
        began: Instant::now(),
    };
    let listener = scene.listen();
    let mut desk = Desk::begin(recorded(&scene, recorder));
    let _side = Side::live(&listener, "one", 7).await;
    let (mut is_said, mut is_seen) = (false, false);
    while !is_said || !is_seen {
        match desk.message().await {
            Msg::Said(Err(why)) => is_said = why.contains("/dev/full"),
            Msg::Heard(Heard::View { view }) => is_seen = view.seq == 7,
            _ => {}
        }
    }
}
