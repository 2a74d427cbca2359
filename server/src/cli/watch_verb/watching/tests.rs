//! What is told over losses, whole states and other servers.

use std::time::Duration;

use task_orchestrator_shared::admin::view::Change;

use super::*;
use crate::cli::tests::samples;

fn away(why: Why) -> Heard {
    Heard::Away { why, text: "gone\n".to_owned(), retry_in: Duration::from_millis(250) }
}

fn texts(watching: &mut Watching, heard: &Heard) -> Vec<String> {
    watching.heard(heard, "now").into_iter().map(|(at, line)| format!("{at} {}", line.text)).collect()
}

fn whole(change: impl FnOnce(&mut View)) -> Heard {
    let mut view = samples::view();
    change(&mut view);
    Heard::View(Box::new(view))
}

#[test]
fn changes_have_the_server_s_time_and_are_told_in_order() {
    let mut watching = Watching::default();
    let first = ["now generation 3, phase idle, 1 worker, 2 clients"];
    assert_eq!(texts(&mut watching, &whole(|_| {})), first);
    let changes = vec![Change::SessionEnded(1), Change::SessionEnded(3), Change::SessionEnded(3)];
    let delta = Heard::Delta(Delta { seq: 8, at: "then".to_owned(), changes });
    let gone = ["then client 1 is gone", "then client 3 (claude-code 1.2) is gone", "then client 3 is gone"];
    assert_eq!(texts(&mut watching, &delta), gone);
    assert_eq!(texts(&mut watching, &delta), [""; 0], "a delta that does not follow tells nothing");
}

#[test]
fn a_loss_is_told_once_and_what_was_missed_afterwards() {
    let mut watching = Watching::default();
    texts(&mut watching, &whole(|view| view.dead_letters = Some(Vec::new())));
    let lost = texts(&mut watching, &away(Why::Lost));
    assert_eq!(lost, ["now no connection: gone ; trying again, first in 250 ms"]);
    assert_eq!(texts(&mut watching, &away(Why::Lost)), [""; 0]);
    assert_eq!(texts(&mut watching, &away(Why::Nobody)).len(), 1, "another reason is told");
    let back = whole(|view| {
        view.seq = 2;
        view.sessions.remove(0);
        view.sessions.push(samples::session(5, None));
        view.server.held_by_operator = true;
        view.dead_letters = Some(vec![samples::dead_letter(None)]);
    });
    let told = texts(&mut watching, &back);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[0].contains("maintenance on") && told[1].ends_with("client 1 is gone"), "{told:?}");
    assert!(told[2].contains("client 5 attached") && told[3].contains("dead letter 3"), "{told:?}");
    assert_eq!(texts(&mut watching, &back), [""; 0], "the same state is no news");
}

#[test]
fn another_server_is_not_compared_with_the_one_before() {
    let mut watching = Watching::default();
    texts(&mut watching, &whole(|_| {}));
    let other = whole(|view| {
        view.boot = "c".to_owned();
        view.sessions.clear();
        view.server.safe_mode = Some("crashes".to_owned());
    });
    let expected =
        "now another server than before: generation 3, phase idle, 1 worker, 0 clients, safe mode: crashes";
    assert_eq!(texts(&mut watching, &other), [expected]);
}
