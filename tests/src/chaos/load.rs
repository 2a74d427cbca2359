//! What each client does: plans whose every call can be recognised afterwards.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Progress, Speaker};
use crate::client::ToolReply;
use crate::history::{Action, Answer, Call, open_subtask, worked_subtask};

/// How long a caller waits for one answer: more than any restart, less than a run.
const PATIENCE: Duration = Duration::from_secs(90);

/// One plan after the other until told to stop; the plan that is begun is finished.
pub(super) fn call_until_told(
    client: &Speaker,
    number: usize,
    lane: usize,
    progress: &Progress,
) -> Vec<Call> {
    let mut caller = Caller { client, number, lane, progress, calls: Vec::new() };
    for round in 0.. {
        if progress.stopped() || caller.whole_plan(&format!("c{number}-l{lane}-r{round}")).is_none() {
            break;
        }
    }
    caller.calls
}

struct Caller<'a> {
    client: &'a Speaker,
    number: usize,
    /// Its place among all callers: a client has several.
    lane: usize,
    progress: &'a Progress,
    calls: Vec<Call>,
}

impl Caller<'_> {
    /// `None` when the session is broken and there is no use in going on.
    fn whole_plan(&mut self, marker: &str) -> Option<()> {
        let (worked, open) = (worked_subtask(marker), open_subtask(marker));
        let subtask = |title: &str| json!({"title": title, "description": "part of a chaos run"});
        let arguments = json!({
            "title": marker,
            "description": "a plan of a chaos run",
            "subtasks": [subtask(&worked), subtask(&open)],
        });
        let planned = self.call(marker, Action::Plan, "orchestrator_plan_task", arguments)?;
        let subtask_id = |title: &str| subtask_id(&planned, title);
        let (Some(worked_id), Some(open_id)) = (subtask_id(&worked), subtask_id(&open)) else {
            // A refused plan has no subtasks; the refusal is on record.
            return Some(());
        };
        let title = format!("{worked} again");
        let arguments = json!({"task_id": worked_id, "title": title});
        self.call(marker, Action::Retitle, "orchestrator_update_task", arguments)?;
        let arguments = json!({"task_id": worked_id});
        self.call(marker, Action::Execute, "orchestrator_execute_task", arguments)?;
        let arguments = json!({
            "task_id": worked_id,
            "summary": format!("{marker} is done"),
            "detailed_work": format!("the work of {marker}"),
            "next_action": "continue",
        });
        self.call(marker, Action::Complete, "orchestrator_complete_task", arguments)?;
        let arguments = json!({"task_id": open_id, "reason": "the end of a chaos run"});
        self.call(marker, Action::Cancel, "orchestrator_cancel_task", arguments)?;
        Some(())
    }

    fn call(&mut self, marker: &str, action: Action, tool: &str, arguments: Value) -> Option<Value> {
        let sent = Instant::now();
        let key = format!("{marker} {action:?}");
        let (id, answered) = self.client.call(tool, &arguments, &key, PATIENCE);
        let answered = answered.and_then(answer);
        let waited = sent.elapsed();
        let (answers, body) = match answered {
            Ok((answer, body)) => (vec![answer], Some(body)),
            // The checker says that it is unanswered; why, only this knows.
            Err(error) => {
                self.progress.failed(format!("{marker} {action:?}: {error:#}"));
                (Vec::new(), None)
            }
        };
        let marker = marker.to_owned();
        self.calls.push(Call { client: self.number, id, marker, action, answers, waited });
        self.progress.replied(self.lane);
        body
    }
}

fn answer(mut message: Value) -> Result<(Answer, Value)> {
    let Some(result) = message.get_mut("result").map(Value::take) else {
        return Ok((Answer::Failed(message.to_string()), Value::Null));
    };
    let reply = ToolReply::read(result).context("a tool's reply")?;
    let answer = if reply.is_error { Answer::Failed(reply.body.to_string()) } else { Answer::Done };
    Ok((answer, reply.body))
}

fn subtask_id(planned: &Value, title: &str) -> Option<Value> {
    let subtasks = planned.get("subtasks")?.as_array()?;
    let found = subtasks.iter().find(|subtask| subtask.get("title") == Some(&json!(title)))?;
    found.get("task_id").cloned()
}
