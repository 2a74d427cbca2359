//! The loop with tools of its own: questions, calls off, defects, and turns.

use rmcp::model::{CallToolResult, ContentBlock, InputRequest};
use serde_json::{Value, json};

use super::*;
use crate::link::{OperationId, TakeOver};
use crate::store::{StoreOptions, Synchronous, Wanted};

/// Does what the tool's name says.
struct Tools;

impl Runner for Tools {
    fn run(self: Arc<Self>, run: Arc<Run>) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            match run.tool() {
                "asks" => asks(&run).await,
                "waits" => match run.no_longer_wanted().await {
                    Wanted::CalledOff => Outcome::Cancelled,
                    _ => Outcome::Suspended,
                },
                "breaks" => panic!("a defect"),
                _ => Outcome::Completed(CallToolResult::success(vec![ContentBlock::text("done")])),
            }
        })
    }

    fn may_begin(&self) -> bool {
        true
    }
}

async fn asks(run: &Run) -> Outcome {
    let question = |what: &str| -> InputRequest {
        let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        let params = json!({ "mode": "form", "message": what, "requestedSchema": schema });
        serde_json::from_value(json!({ "method": "elicitation/create", "params": params })).unwrap()
    };
    let (one, two) = (question("one"), question("two"));
    match tokio::join!(run.ask("one", &one), run.ask("two", &two)) {
        (Ok(one), Ok(two)) => Outcome::Completed(CallToolResult::structured(json!([one, two]))),
        (Err(Refusal::Suspended), _) | (_, Err(Refusal::Suspended)) => Outcome::Suspended,
        _ => Outcome::Cancelled,
    }
}

/// The calls of a worker that has just taken over.
async fn worker(directory: &tempfile::TempDir) -> Arc<Background> {
    let mut options = StoreOptions::new(directory.path().join("t.db"), directory.path().join("artifacts"));
    options.synchronous = Synchronous::Off;
    let store = Store::open(&options).unwrap();
    store.activate(TakeOver::Alone).await.unwrap();
    let background = Arc::new(Background::new(store));
    tokio::spawn(Arc::clone(&background).serve(Arc::new(Tools)));
    background
}

async fn begin(background: &Background, tool: &str) -> String {
    let operation = OperationId { client: ClientId::random(), sequence: 1, floor: 0 };
    let wish = Wish {
        owner: "a".into(),
        request: Execution::new(operation, tool, b"{}"),
        tool: tool.into(),
        arguments: rmcp::model::JsonObject::new(),
        idempotency_key: None,
        work_session: None,
    };
    background.create(wish).await.unwrap().unwrap().task.task_id
}

fn get(background: &Background, id: &str) -> Value {
    serde_json::to_value(background.get("a", id).unwrap()).unwrap()
}

async fn until(background: &Background, id: &str, wanted: &str) -> Value {
    let there = async {
        loop {
            let call = get(background, id);
            if call["status"] == wanted {
                return call;
            }
            tokio::task::yield_now().await;
        }
    };
    let there = tokio::time::timeout(Duration::from_secs(20), there).await;
    there.unwrap_or_else(|_| panic!("not {wanted}: {}", get(background, id)))
}

async fn give(background: &Background, id: &str, answers: Value) {
    background.update("a".into(), id, serde_json::from_value(answers).unwrap()).await.unwrap();
}

#[tokio::test]
async fn questions_are_answered_one_by_one_and_over_workers() {
    let directory = tempfile::tempdir().unwrap();
    let first = worker(&directory).await;
    let id = begin(&first, "asks").await;
    let asked = async {
        while get(&first, &id)["inputRequests"].as_object().is_none_or(|asked| asked.len() < 2) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap();
    assert_eq!(get(&first, &id)["inputRequests"]["one"]["method"], "elicitation/create");
    give(&first, &id, json!({ "one": { "action": "accept" }, "other": {} })).await;
    let left = until(&first, &id, "input_required").await;
    assert_eq!(left["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["two"]);
    first.close().await;
    let second = worker(&directory).await;
    give(&second, &id, json!({ "two": { "action": "decline" } })).await;
    let call = until(&second, &id, "completed").await;
    let answers = json!([{ "action": "accept" }, { "action": "decline" }]);
    assert_eq!(call["result"]["structuredContent"], answers);
}

#[tokio::test]
async fn who_waits_hears_at_once_that_it_is_called_off() {
    let directory = tempfile::tempdir().unwrap();
    let background = worker(&directory).await;
    for tool in ["waits", "asks"] {
        let id = begin(&background, tool).await;
        tokio::task::yield_now().await;
        background.cancel("a".into(), &id).await.unwrap();
        until(&background, &id, "cancelled").await;
    }
}

#[tokio::test]
async fn a_defect_ends_its_own_call_only() {
    let directory = tempfile::tempdir().unwrap();
    let background = worker(&directory).await;
    let broken = begin(&background, "breaks").await;
    let error = until(&background, &broken, "failed").await;
    assert_eq!(error["error"]["code"], -32603, "{error}");
    assert!(error.get("result").is_none(), "{error}");
    let fine = begin(&background, "works").await;
    until(&background, &fine, "completed").await;
}

#[tokio::test]
async fn there_are_so_many_places_and_the_others_wait_for_their_turn() {
    let directory = tempfile::tempdir().unwrap();
    let background = worker(&directory).await;
    let mut waiting = Vec::new();
    for _ in 0..MAX_RUNNING {
        waiting.push(begin(&background, "waits").await);
    }
    let last = begin(&background, "works").await;
    let full = async {
        while background.running().len() < MAX_RUNNING {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), full).await.unwrap();
    assert_eq!(get(&background, &last)["status"], "working");
    background.cancel("a".into(), &waiting[0]).await.unwrap();
    until(&background, &last, "completed").await;
}
