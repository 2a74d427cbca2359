//! Whether the server is ready in each state, and that what is counted is what happened.

use super::rig::*;
use crate::front::event::Condition;
use crate::front::metrics::Held;

impl Rig {
    fn condition(&mut self) -> Condition {
        let (tell, mut told) = oneshot::channel();
        self.on(Event::Probe(tell));
        told.try_recv().expect("it is answered at once")
    }

    fn held(&mut self) -> Held {
        let (tell, mut told) = oneshot::channel();
        self.on(Event::Scrape(tell));
        *told.try_recv().expect("it is answered at once")
    }

    fn reasons(&mut self) -> Vec<&'static str> {
        self.condition().reasons.iter().map(|reason| reason.code).collect()
    }
}

#[test]
fn a_server_is_ready_once_a_worker_serves() {
    let mut rig = Rig::new();
    assert_eq!(rig.reasons(), ["starting"]);
    rig.start();
    let condition = rig.condition();
    assert_eq!((condition.reasons, condition.is_ending, condition.generation), (vec![], false, Some(1)));
}

#[test]
fn a_handover_is_no_reason_however_slow_the_successor_is() {
    let mut rig = Rig::serving();
    let mut asker = rig.hand_over(plain());
    assert_eq!(rig.hub.route, None, "requests are held");
    assert_eq!(rig.reasons(), [""; 0]);
    assert!(rig.held().ready && rig.held().is_held);
    rig.hub.unrouted_since = Instant::now().checked_sub(Duration::from_secs(5));
    assert_eq!(rig.reasons(), [""; 0], "the successor is slow");
    rig.serves(2);
    assert_eq!(asker.report().outcome, Some(Outcome::Complete));
    assert_eq!(rig.reasons(), [""; 0]);
}

#[test]
fn a_drain_is_a_reason_from_the_moment_at_which_requests_are_held() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    let asker = rig.ask_restart(RestartRequest { drain: true, ..plain() });
    let before = rig.launched();
    while rig.launched() == before {
        assert_eq!(rig.reasons(), [""; 0], "the old worker serves");
        rig.pump();
    }
    rig.prepared();
    assert_eq!(rig.hub.route, None);
    assert_eq!(rig.reasons(), ["drain"]);
    drop(asker);
}

#[test]
fn an_operators_hold_and_safe_mode_and_the_end_are_reasons() {
    let mut rig = Rig::with("[restart]\ncrashes_in_10_seconds = 1\n");
    rig.start();
    rig.hub.maintenance = true;
    assert_eq!(rig.reasons(), ["maintenance"]);
    rig.hub.maintenance = false;
    assert_eq!(rig.reasons(), [""; 0]);
    for worker in 1..=2 {
        rig.dies(worker);
        rig.start();
    }
    assert_eq!(rig.reasons(), ["safe_mode"]);
    assert!(rig.held().safe_mode && rig.held().crashes == 2);
    let (stopped, _gone) = oneshot::channel();
    rig.on(Event::Stop { goodbye: Goodbye { resume: true, reason: String::new() }, stopped });
    assert_eq!(rig.reasons(), ["shutdown", "safe_mode"]);
    assert!(rig.condition().is_ending);
}

#[test]
fn a_crash_is_a_reason_only_when_nobody_serves_for_long() {
    let mut rig = Rig::serving();
    rig.dies(1);
    assert_eq!(rig.hub.route, None);
    assert_eq!(rig.reasons(), [""; 0], "a moment");
    rig.hub.unrouted_since = Instant::now().checked_sub(Duration::from_secs(5));
    assert_eq!(rig.reasons(), ["no_worker"]);
    rig.start();
    assert_eq!(rig.reasons(), [""; 0]);
}

#[test]
fn each_request_is_looked_at_once_for_what_it_is() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    let _idle = rig.attach(2, None);
    rig.call(&client, 1);
    rig.call(&client, 2);
    let held = rig.held().sessions;
    assert_eq!((held.in_flight, held.waiting, held.oldest_seconds), (2, 0, None));
    let counts: Vec<_> = held.counts.into_iter().collect();
    assert_eq!(counts, [(("stdio", "active"), 1), (("stdio", "idle"), 1)]);
    rig.dies(1);
    let held = rig.held().sessions;
    assert_eq!((held.in_flight, held.waiting), (0, 2));
    assert!(held.waiting_bytes > 0 && held.oldest_seconds.is_some());
    assert_eq!(held.counts.get(&("stdio", "waiting")), Some(&1));
}

#[test]
fn a_thousand_sessions_cost_a_scrape_little_of_the_hubs_time() {
    let mut rig = Rig::serving();
    for number in 1..=1000 {
        let client = rig.attach(number, None);
        rig.call(&client, 1);
    }
    let begun = Instant::now();
    let mut seen = 0;
    for _ in 0..100 {
        seen += rig.held().sessions.in_flight;
    }
    let each = begun.elapsed() / 100;
    assert_eq!(seen, 100_000);
    println!("one scrape takes the hub {each:?} at 1000 sessions with a request each");
    // Unoptimised, on a busy machine: far from what would be felt, and from one more scan.
    assert!(each < Duration::from_millis(20), "{each:?}");
}
