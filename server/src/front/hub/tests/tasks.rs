//! The work for administrators: asked of the worker, and refused in words where
//! there is none, or one that cannot.

use task_orchestrator_shared::admin::tasks::TaskTree;

use super::rig::*;
use crate::link::{Done, Order, OrderFailure, PROTOCOL, Unread, Versions, WorkerHello};

impl Rig {
    /// The last worker says hello, speaking these versions.
    fn says_hello(&mut self, versions: Versions) {
        let hello = WorkerHello { versions, build: "0.0.9".to_owned(), pid: 1, schema: 1 };
        self.tell(Frame::control(Kind::Hello, serde_json::to_vec(&hello).unwrap()));
    }

    fn refused(&mut self, asker: &mut Asker) -> (ErrorCode, String) {
        match self.pump_for(asker) {
            Reply::Refused(refusal) => (refusal.error_code, format!("{} {}", refusal.error, refusal.hint)),
            other => panic!("{other:?}"),
        }
    }
}

fn able() -> Rig {
    let mut rig = Rig::serving();
    rig.says_hello(PROTOCOL);
    rig
}

#[test]
fn the_worker_is_asked_and_its_answer_passed_on() {
    let mut rig = able();
    let mut asker = rig.ask(Request::Tasks);
    let order = rig.order(1);
    assert_eq!(order.order, Order::ReadTasks);
    assert!(asker.answer().is_none(), "nobody knows it yet");
    let tree = TaskTree { generation: 7, left_out: 3, ..TaskTree::default() };
    let unread = Unread(serde_json::value::to_raw_value(&tree).unwrap());
    rig.outcome(1, order.job, Done::Tasks(unread));
    let Reply::Tasks(told) = rig.pump_for(&mut asker) else { panic!("the work") };
    assert_eq!(*told, tree);
    assert!(rig.hub.asked_workers.is_empty());
}

#[test]
fn without_a_worker_that_can_the_refusal_says_so() {
    let mut rig = Rig::new();
    let mut asker = rig.ask(Request::Tasks);
    let (code, text) = rig.refused(&mut asker);
    assert_eq!(code, ErrorCode::WorkerUnavailable);
    assert!(text.contains("no worker serves") && text.contains("wait --for ready"), "{text}");

    let mut rig = Rig::serving();
    rig.says_hello(Versions { min: 2, max: 2 });
    rig.was_told(1);
    let mut asker = rig.ask(Request::Tasks);
    let (code, text) = rig.refused(&mut asker);
    assert_eq!(code, ErrorCode::NotReady);
    assert!(text.contains("0.0.9") && text.contains("task-orchestrator restart"), "{text}");
    assert!(rig.was_told(1).iter().all(|frame| frame.kind != Kind::Order), "it would not understand");
}

#[test]
fn what_goes_wrong_with_the_worker_is_told() {
    let mut rig = able();
    let mut asker = rig.ask(Request::Tasks);
    rig.kill();
    assert!(rig.refused(&mut asker).1.contains("has ended before"));

    let mut rig = able();
    let mut asker = rig.ask(Request::Tasks);
    let job = rig.order(1).job;
    let failure = OrderFailure { error_code: ErrorCode::DatabaseFailed, error: "disk".to_owned() };
    let outcome = OutcomeFrame { job, result: Err(failure) };
    rig.tell(Frame::control(Kind::Outcome, serde_json::to_vec(&outcome).unwrap()));
    let (code, text) = rig.refused(&mut asker);
    assert_eq!(code, ErrorCode::DatabaseFailed);
    assert!(text.starts_with("disk"), "{text}");

    let mut asker = rig.ask(Request::Tasks);
    let job = rig.order(1).job;
    rig.outcome(1, job, Done::Verified);
    assert!(rig.refused(&mut asker).1.contains("none to the question"));
}
