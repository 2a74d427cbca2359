//! Sequences of what can be heard, with the end that each leads to.

use std::collections::VecDeque;

use task_orchestrator_shared::admin::view::{Change, SessionRow};
use task_orchestrator_shared::phase::Phase;

use super::*;
use crate::cli::tests::samples;

const LIMIT: Duration = Duration::from_secs(60);

fn view() -> Heard {
    Heard::View(Box::new(samples::view()))
}

fn delta(seq: u64, changes: Vec<Change>) -> Heard {
    Heard::Delta(Delta { seq, at: String::new(), changes })
}

fn away(why: Why) -> Heard {
    Heard::Away { why, text: "no".to_owned(), retry_in: Duration::from_secs(1) }
}

fn in_phase(phase: Phase) -> Change {
    let mut server = samples::view().server;
    server.phase = phase;
    Change::Server(Box::new(server))
}

/// What comes of hearing this, and then nothing more for ever.
async fn waited(condition: Condition, heard: Vec<Heard>) -> Result<Waited, Unfollowed> {
    let mut heard = VecDeque::from(heard);
    let mut next = async || match heard.pop_front() {
        Some(heard) => Some(heard),
        None => std::future::pending().await,
    };
    until(condition, &mut next, LIMIT).await
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_first_view_or_change_in_which_it_holds() {
    let held = waited(Condition::Ready, vec![view()]).await.unwrap();
    assert_eq!((held.end, held.view.unwrap().server.pid), (End::Holds, 10));
    let gone = vec![Change::SessionEnded(1), Change::SessionEnded(3)];
    let held =
        waited(Condition::NoClients, vec![view(), delta(8, Vec::new()), delta(9, gone)]).await.unwrap();
    assert_eq!((held.end, held.took), (End::Holds, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_phase_that_is_over_within_one_delta_is_seen() {
    let changes = vec![in_phase(Phase::ProcessRestart), in_phase(Phase::Idle)];
    let condition = Condition::Phase(Phase::ProcessRestart);
    let held = waited(condition, vec![view(), delta(8, changes)]).await.unwrap();
    assert_eq!((held.end, held.view.unwrap().server.phase), (End::Holds, Phase::ProcessRestart));
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_time_it_says_what_is_now() {
    let rows = vec![SessionRow::new(3, samples::session(3, None).figures)];
    let late = waited(Condition::Generation(4), vec![view(), delta(8, vec![Change::Figures(rows)])]).await;
    let late = late.unwrap();
    assert_eq!((late.end, late.took), (End::TimedOut, LIMIT));
    assert_eq!(late.view.unwrap().session(3).unwrap().figures.in_flight, 0, "the newest that is known");
    let gap = vec![view(), delta(9, vec![Change::SessionEnded(1)])];
    assert_eq!(waited(Condition::NoClients, gap).await.unwrap().view, None, "after a gap nothing is certain");
    let lost = vec![view(), away(Why::Lost)];
    let lost = waited(Condition::Generation(4), lost).await.unwrap();
    assert_eq!((lost.end, lost.view), (End::TimedOut, None), "a server that is away is not now");
}

#[tokio::test(start_paused = true)]
async fn without_a_server_only_ready_waits() {
    for condition in [Condition::Idle, Condition::NoClients, Condition::Generation(1)] {
        let waited = waited(condition, vec![away(Why::Nobody), view()]).await.unwrap();
        assert_eq!((waited.end, waited.took), (End::Nobody, Duration::ZERO), "{condition}");
    }
    let came = waited(Condition::Ready, vec![away(Why::Nobody), away(Why::Nobody), view()]).await.unwrap();
    assert_eq!(came.end, End::Holds);
    // A front that is replaced is away for a moment.
    let back = waited(Condition::Generation(3), vec![away(Why::Lost), view()]).await.unwrap();
    assert_eq!(back.end, End::Holds);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_follow_does_not_wait() {
    let denied = waited(Condition::Ready, vec![away(Why::Denied)]).await.unwrap_err();
    assert_eq!((denied.exit(), denied), (crate::exit::Exit::Denied, Unfollowed::Denied("no".to_owned())));
    let old = waited(Condition::Ready, vec![away(Why::Unable)]).await.unwrap_err();
    assert_eq!((old.exit(), old), (crate::exit::Exit::Failed, Unfollowed::Unable("no".to_owned())));
    let ended = until(Condition::Ready, &mut async || None, LIMIT).await;
    assert_eq!(ended, Err(Unfollowed::Ended));
}
