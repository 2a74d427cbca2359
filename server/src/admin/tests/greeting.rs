//! Who speaks, in which version, in which role.

use std::sync::Mutex;

use task_orchestrator_shared::admin::Refusal;
use task_orchestrator_shared::error_code::ErrorCode;

use super::*;

/// A hub that grants this role and keeps what it was asked.
fn granting(granted: Role) -> (Scene, Arc<Mutex<Vec<Asked>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    let scene = Scene::new(move |asked: Asked| {
        let reply = match asked.request {
            Request::WhoAmI => Some(you_are(granted, &asked.caller)),
            _ => done("done"),
        };
        keep.lock().unwrap().push(asked);
        std::future::ready(reply)
    });
    (scene, seen)
}

fn kinds(seen: &Mutex<Vec<Asked>>) -> Vec<String> {
    seen.lock().unwrap().iter().map(|asked| asked.request.method().to_owned()).collect()
}

async fn say(stream: &mut BufReader<UnixStream>, line: String) -> Value {
    stream.write_all(line.as_bytes()).await.unwrap();
    read(stream).await
}

#[tokio::test]
async fn a_caller_is_told_who_it_is_and_what_serves() {
    let (scene, seen) = granting(Role::Admin);
    let mut stream = scene.connect().await;
    let protocol = json!({ "oldest": 2, "newest": 7 });
    let params = json!({ "protocol": protocol, "client": "con\u{1b}[2Jsole 1.0", "role": "monitor" });
    let welcome = say(&mut stream, request(9, "hello", params)).await;
    assert_eq!(welcome["id"], 9);
    let welcome = &welcome["result"];
    assert_eq!((&welcome["protocol"], &welcome["skew"]), (&json!(2), &Value::Null));
    assert_eq!((&welcome["boot"], &welcome["generation"]), (&json!("boot"), &json!(3)));
    assert_eq!((&welcome["workspace"], &welcome["pid"]), (&json!("/shop"), &json!(std::process::id())));
    assert_eq!((&welcome["you"]["role"], &welcome["you"]["granted"]), (&json!("monitor"), &json!("admin")));
    let mut methods: Vec<&str> =
        welcome["capabilities"].as_array().unwrap().iter().map(|method| method.as_str().unwrap()).collect();
    let count = methods.len();
    assert!(methods.contains(&"subscribe") && methods.contains(&"stop"));
    methods.sort_unstable();
    methods.dedup();
    assert_eq!(methods.len(), count, "each method once");

    say(&mut stream, health(2)).await;
    let seen = seen.lock().unwrap();
    let caller = &seen.last().unwrap().caller;
    assert_eq!((caller.wanted, caller.only_looks), (Some(Role::Monitor), false));
    assert_eq!(caller.client.as_deref(), Some("con[2Jsole 1.0"), "nothing that a screen would obey");
    assert_eq!(caller.pid, Some(std::process::id()));
    assert!(caller.groups.contains(&caller.gid));
}

#[tokio::test]
async fn a_request_sent_right_behind_hello_comes_in_its_role() {
    let (scene, seen) = granting(Role::Admin);
    let mut stream = scene.connect().await;
    let both = format!("{}{}", hello(Some(Role::Readonly)), health(2));
    stream.write_all(both.as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await["id"], 1);
    assert_eq!(read(&mut stream).await["id"], 2);
    assert_eq!(seen.lock().unwrap().last().unwrap().caller.wanted, Some(Role::Readonly));
}

#[tokio::test]
async fn nobody_gets_a_higher_role_than_was_granted() {
    let (scene, seen) = granting(Role::Operator);
    let mut stream = scene.connect().await;
    stream.write_all(format!("{}{}", hello(Some(Role::Admin)), health(2)).as_bytes()).await.unwrap();
    let answer = read(&mut stream).await;
    assert_eq!(answer["error"]["code"], -32001);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("admin") && message.contains("operator"), "{message}");
    assert!(ends(&mut stream).await);
    assert_eq!(kinds(&seen), ["who_am_i"], "what was sent behind it is not carried out");
}

#[tokio::test]
async fn who_has_no_grant_is_denied_and_let_go() {
    let scene = Scene::new(|_: Asked| async {
        let (error, hint) = ("user 7 has no grant".to_owned(), String::new());
        Some(Reply::Refused(Refusal { error_code: ErrorCode::PermissionDenied, error, hint }))
    });
    let mut stream = scene.connect().await;
    let answer = greet(&mut stream, None).await;
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["message"]),
        (&json!(-32001), &json!("user 7 has no grant"))
    );
    assert!(ends(&mut stream).await);
}

#[tokio::test]
async fn without_a_common_version_one_may_only_look() {
    let sides =
        [((0, 0), "upgrade_client", "upgrade the client"), ((3, 9), "upgrade_server", "upgrade the server")];
    for ((oldest, newest), skew, words) in sides {
        let (scene, seen) = granting(Role::Admin);
        let mut stream = scene.connect().await;
        let params = json!({ "protocol": { "oldest": oldest, "newest": newest }, "client": "other" });
        let welcome = say(&mut stream, request(1, "hello", params)).await;
        assert_eq!((&welcome["result"]["skew"], &welcome["result"]["protocol"]), (&json!(skew), &json!(2)));
        for (id, method) in [(2, "health"), (3, "stop")] {
            let answer = say(&mut stream, request(id, method, json!({}))).await;
            assert_eq!(answer["error"]["code"], -32004, "{answer}");
            assert!(answer["error"]["message"].as_str().unwrap().contains(words));
        }
        let answer = say(&mut stream, request(4, "status", json!({}))).await;
        assert_eq!(answer["result"]["value"]["message"], "done");
        assert_eq!(kinds(&seen), ["who_am_i", "status"]);
        assert!(seen.lock().unwrap().iter().all(|asked| asked.caller.only_looks));
    }
}

#[tokio::test]
async fn hello_is_said_once_and_first() {
    let (scene, _) = granting(Role::Admin);
    for first in [hello(None), health(1)] {
        let mut stream = scene.connect().await;
        assert!(say(&mut stream, first).await.get("result").is_some());
        assert_eq!(greet(&mut stream, None).await["error"]["code"], -32600);
        assert!(say(&mut stream, health(3)).await.get("result").is_some(), "and nothing is broken by it");
    }
    let mut stream = scene.connect().await;
    let params = json!({ "protocol": { "oldest": 2, "newest": 1 }, "client": "confused" });
    assert_eq!(say(&mut stream, request(1, "hello", params)).await["error"]["code"], -32602);
    assert!(ends(&mut stream).await);
}

#[tokio::test]
async fn version_1_has_neither_streams_nor_a_context() {
    let (scene, seen) = granting(Role::Admin);
    let mut stream = scene.connect().await;
    for method in ["subscribe", "unsubscribe", "unfollow"] {
        assert_eq!(say(&mut stream, request(1, method, Value::Null)).await["error"]["code"], -32600);
    }
    let context =
        json!({ "jsonrpc": "2.0", "id": 4, "method": "stop", "context": { "expected_generation": 1 } });
    assert_eq!(say(&mut stream, format!("{context}\n")).await["error"]["code"], -32600);
    assert_eq!(kinds(&seen), Vec::<String>::new(), "nothing was done without its condition");
    assert!(say(&mut stream, health(5)).await.get("result").is_some());
}

#[tokio::test]
async fn a_context_is_passed_on() {
    let (scene, seen) = granting(Role::Admin);
    let mut stream = scene.connect().await;
    greet(&mut stream, None).await;
    let context = json!({ "expected_generation": 5, "idempotency_key": "k", "reason": "because" });
    let stop = json!({ "jsonrpc": "2.0", "id": 2, "method": "stop", "context": context });
    say(&mut stream, format!("{stop}\n")).await;
    let seen = seen.lock().unwrap();
    let asked = seen.last().unwrap();
    assert_eq!(
        (asked.context.expected_generation, asked.context.reason.as_deref()),
        (Some(5), Some("because"))
    );
}
