//! The front's own end: everybody who waits is told.

use super::rig::*;
use crate::link::Goodbye;

fn stop(rig: &mut Rig) -> oneshot::Receiver<()> {
    let (stopped, told) = oneshot::channel();
    let goodbye = Goodbye { resume: true, reason: "test".to_owned() };
    rig.on(Event::Stop { goodbye, stopped });
    told
}

#[test]
fn who_waits_for_a_restart_hears_that_the_front_ends() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tool(&client, 1, "orchestrator_restart_server", json!({}));
    while rig.launched() == 1 {
        rig.pump();
    }
    let mut admin = rig.ask_restart(plain());
    client.got();
    let _told = stop(&mut rig);
    assert_eq!(admin.report().outcome, Some(Outcome::Failed));
    assert_eq!(client.got(), [(Kind::Response, 1), (Kind::Goodbye, 0)], "the answer comes before the end");
    assert!(rig.is_killed(2) && !rig.is_killed(1));
    assert!(kinds(&rig.was_told(1)).contains(&Kind::Stop));
    let late = rig.ask_restart(plain()).report();
    assert_eq!(late.outcome, Some(Outcome::Failed));
    assert!(rig.hub.waiters.is_empty());
    assert!(!rig.hub.machine.has_stopped());
    rig.dies(1);
    rig.dies(2);
    assert!(rig.hub.machine.has_stopped());
}

#[test]
fn who_tries_a_dead_letter_again_hears_that_the_front_ends() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 5);
    for _ in 0..2 {
        rig.kill();
        rig.start();
    }
    let mut early = rig.ask(Request::RetryDeadLetter { id: 1 });
    rig.pump();
    let _told = stop(&mut rig);
    assert!(matches!(early.answer(), Some(Reply::Refused(_))));
    let mut late = rig.ask(Request::RetryDeadLetter { id: 1 });
    assert!(matches!(rig.pump_for(&mut late), Reply::Refused(_)));
}

#[test]
fn a_front_that_cannot_wait_kills_the_former_worker_as_well() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.handed_over();
    let _told = stop(&mut rig);
    rig.on(Event::KillWorker);
    assert!(rig.is_killed(1) && rig.is_killed(2));
}

#[test]
fn the_loop_ends_when_the_workers_are_gone() {
    let mut rig = Rig::serving();
    let mut told = stop(&mut rig);
    assert!(told.try_recv().is_err());
    rig.dies(1);
    rig.run_to_its_end();
    assert_eq!(told.try_recv(), Ok(()));
}
