//! What takes several events: restarts up to some point, calls and their answers.

use super::*;

impl Rig {
    /// A graceful restart until the next worker takes over.
    pub(in super::super) fn hand_over(&mut self, request: RestartRequest) -> Asker {
        let asker = self.ask_restart(request);
        let before = self.launched();
        while self.launched() == before {
            self.pump();
        }
        self.prepared();
        asker
    }

    /// A graceful restart to its end.
    pub(in super::super) fn handed_over(&mut self) -> Asker {
        let asker = self.hand_over(plain());
        self.serves(self.launched());
        asker
    }

    /// Onto another build, until that one serves.
    pub(in super::super) fn upgraded(&mut self) {
        let next = program(self.place.path(), "second").display().to_string();
        self.hand_over(RestartRequest { binary: Some(next), ..plain() });
        self.activated(self.launched());
        self.serves(self.launched());
    }

    /// Waits until this worker is told to take over.
    pub(in super::super) fn activated(&mut self, number: u64) {
        while self.activation(number).is_none() {
            self.pump();
        }
    }

    /// The old worker writes a snapshot, and the next one finds it right.
    pub(in super::super) fn saves(&mut self, old: u64, next: u64) {
        let order = self.order(old);
        self.outcome(old, order.job, crate::link::Done::Snapshot(SnapshotBulk::default()));
        let order = self.order(next);
        self.outcome(next, order.job, crate::link::Done::Verified);
    }

    /// The last order that this worker was given.
    pub(in super::super) fn order(&self, number: u64) -> OrderFrame {
        let told = self.was_told(number);
        let order = told.iter().rfind(|frame| frame.kind == Kind::Order).expect("an order");
        serde_json::from_slice(&order.payload).unwrap()
    }

    /// The client calls one of the front's own tools.
    pub(in super::super) fn tool(&mut self, client: &Client, sequence: u64, name: &str, arguments: Value) {
        let meta = json!({"progressToken": sequence});
        let params = json!({"name": name, "arguments": arguments, "_meta": meta});
        let message = json!({"jsonrpc": "2.0", "id": sequence, "method": "tools/call", "params": params});
        self.say(client, sequence, message);
    }

    /// Waits for the answer to this message, and returns it with all that came before.
    pub(in super::super) fn pump_for_answer(
        &mut self,
        client: &Client,
        sequence: u64,
    ) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        loop {
            for frame in client.outbox.take_frames() {
                let Ok(message) = serde_json::from_slice(&frame.payload) else { continue };
                if frame.kind == Kind::Response && frame.sequence == sequence {
                    return (message, before);
                }
                before.push(message);
            }
            self.pump();
        }
    }

    /// The last worker has proved itself.
    pub(in super::super) fn prepared(&mut self) {
        let prepared =
            WorkerPrepared { schema: 1, found: 1, migration_due: false, reversible: true, open_tasks: 0 };
        self.tell(Frame::control(Kind::Prepared, serde_json::to_vec(&prepared).unwrap()));
    }

    /// How the last worker was told to take over.
    pub(in super::super) fn activation(&self, number: u64) -> Option<TakeOver> {
        let told = self.was_told(number);
        let activation = told.iter().rfind(|frame| frame.kind == Kind::Activate)?;
        Some(serde_json::from_slice::<Activation>(&activation.payload).unwrap().take_over)
    }

    /// The outcome of the order that this worker was given last.
    pub(in super::super) fn outcome(&mut self, number: u64, job: u64, result: crate::link::Done) {
        let outcome = OutcomeFrame { job, result: Ok(result) };
        self.tell_from(number, Frame::control(Kind::Outcome, serde_json::to_vec(&outcome).unwrap()));
    }
}
