//! Changes as they happen, for who reads them and for who does not.

use std::sync::Mutex;

use task_orchestrator_shared::admin::Refusal;
use task_orchestrator_shared::admin::view::{Change, Delta, View};
use task_orchestrator_shared::error_code::ErrorCode;
use tokio::sync::broadcast;

use super::connection::PATIENCE;
use super::streams::MAX_SUBSCRIBERS;
use super::*;

/// A hub with a view that consists of its number.
#[derive(Clone)]
struct Viewed {
    seq: Arc<AtomicU64>,
    views: Arc<AtomicU64>,
    deltas: Arc<Mutex<broadcast::Sender<Arc<Told>>>>,
    role: Arc<Mutex<Option<Role>>>,
}

impl Viewed {
    fn new() -> (Scene, Self) {
        let viewed = Self {
            seq: Arc::default(),
            views: Arc::default(),
            deltas: Arc::new(Mutex::new(broadcast::channel(16).0)),
            role: Arc::new(Mutex::new(Some(Role::Admin))),
        };
        let hub = viewed.clone();
        let scene =
            Scene::of(listener::MAX_CONNECTIONS, None, move |asked| std::future::ready(Some(hub.on(&asked))));
        (scene, viewed)
    }

    fn on(&self, asked: &Asked) -> Answered {
        let Some(role) = *self.role.lock().unwrap() else {
            let (error_code, error) = (ErrorCode::PermissionDenied, "no more".to_owned());
            return Reply::Refused(Refusal { error_code, error, hint: String::new() }).into();
        };
        match asked.request {
            Request::WhoAmI => you_are(role, &asked.caller).into(),
            Request::Subscribe => {
                self.views.fetch_add(1, Ordering::Relaxed);
                let seq = self.seq.load(Ordering::Relaxed);
                let reply = Reply::View(Box::new(View { seq, ..View::default() }));
                let deltas = Some(self.deltas.lock().unwrap().subscribe());
                Answered { reply, deltas, until: None }
            }
            _ => done("x".repeat(MAX_LINE_BYTES / 4)).unwrap().into(),
        }
    }

    fn tell(&self, changes: Vec<Change>) {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        // Whether anybody listens is part of the tests' own questions.
        let _ =
            self.deltas.lock().unwrap().send(Arc::new(Told::new(Delta { seq, at: String::new(), changes })));
    }

    /// As after a change of who may do what.
    fn replace(&self) {
        *self.deltas.lock().unwrap() = broadcast::channel(16).0;
    }

    fn views(&self) -> u64 {
        self.views.load(Ordering::Relaxed)
    }
}

fn subscribe(id: u64) -> String {
    request(id, "subscribe", Value::Null)
}

async fn subscribed(scene: &Scene) -> BufReader<UnixStream> {
    let mut stream = scene.connect().await;
    greet(&mut stream, None).await;
    stream.write_all(subscribe(2).as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await["result"]["kind"], "view");
    stream
}

fn big() -> Vec<Change> {
    vec![Change::BuildOutput("x".repeat(10_000))]
}

#[tokio::test]
async fn changes_follow_on_the_view_without_a_gap() {
    let (scene, viewed) = Viewed::new();
    viewed.tell(big());
    let mut stream = scene.connect().await;
    greet(&mut stream, None).await;
    stream.write_all(subscribe(2).as_bytes()).await.unwrap();
    let view = read(&mut stream).await;
    assert_eq!((&view["id"], &view["result"]["value"]["seq"]), (&json!(2), &json!(1)));
    for seq in 2..40 {
        viewed.tell(big());
        let delta = read(&mut stream).await;
        assert_eq!((&delta["method"], &delta["params"]["seq"]), (&json!("delta"), &json!(seq)));
    }
    assert_eq!(viewed.views(), 1);
}

#[tokio::test]
async fn nobody_sees_more_than_the_role_allows() {
    let (scene, viewed) = Viewed::new();
    let mut stream = scene.connect().await;
    greet(&mut stream, Some(Role::Readonly)).await;
    stream.write_all(subscribe(2).as_bytes()).await.unwrap();
    read(&mut stream).await;
    viewed.tell(vec![Change::Audit(Vec::new()), Change::SessionEnded(4)]);
    let delta = read(&mut stream).await;
    assert_eq!(delta["params"]["changes"], json!([{ "topic": "session_ended", "value": 4 }]));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_reader_stays_and_gets_the_whole_view_when_it_reads_again() {
    let (scene, viewed) = Viewed::new();
    let mut stream = subscribed(&scene).await;
    for _ in 0..5000 {
        viewed.tell(big());
        tokio::task::yield_now().await;
    }
    timeout(PATIENCE * 10, std::future::pending::<()>()).await.unwrap_err();
    assert_eq!(viewed.views(), 1, "nothing is made for who does not read");

    let (mut known, mut views) = (0, 0);
    while known < 5000 {
        let said = read(&mut stream).await;
        let seq = said["params"]["seq"].as_u64().unwrap();
        match said["method"].as_str().unwrap() {
            "delta" => assert_eq!(seq, known + 1, "changes follow on what is known"),
            "view" => views += 1,
            other => panic!("{other}"),
        }
        known = seq;
    }
    assert_eq!((views, viewed.views()), (1, 2));
    viewed.tell(big());
    assert_eq!(read(&mut stream).await["params"]["seq"], 5001, "and then all is as before");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_reader_who_is_told_of_changes_keeps_its_answers() {
    let (scene, _viewed) = Viewed::new();
    let mut stream = subscribed(&scene).await;
    stream.write_all((health(3) + &health(4)).as_bytes()).await.unwrap();
    timeout(PATIENCE * 10, std::future::pending::<()>()).await.unwrap_err();
    assert_eq!(read(&mut stream).await["id"], 3);
    assert_eq!(read(&mut stream).await["id"], 4);
}

#[tokio::test]
async fn a_change_that_fits_on_no_line_makes_a_whole_view() {
    let (scene, viewed) = Viewed::new();
    let mut stream = subscribed(&scene).await;
    viewed.tell(vec![Change::BuildOutput("x".repeat(MAX_LINE_BYTES))]);
    let view = read(&mut stream).await;
    assert_eq!((&view["method"], &view["params"]["seq"]), (&json!("view"), &json!(1)));
}

#[tokio::test]
async fn nothing_follows_after_unsubscribe_and_one_may_subscribe_again() {
    let (scene, viewed) = Viewed::new();
    let mut stream = subscribed(&scene).await;
    stream.write_all(request(3, "unsubscribe", Value::Null).as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await["id"], 3);
    viewed.tell(big());
    stream.write_all(subscribe(4).as_bytes()).await.unwrap();
    let view = read(&mut stream).await;
    assert_eq!((&view["id"], &view["result"]["value"]["seq"]), (&json!(4), &json!(1)));
    // Sent together, the last word holds.
    stream
        .write_all((subscribe(5) + &request(6, "unsubscribe", Value::Null) + &subscribe(7)).as_bytes())
        .await
        .unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(read(&mut stream).await["id"].as_u64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, [5, 6, 7]);
    assert_eq!(viewed.deltas.lock().unwrap().receiver_count(), 1);
    viewed.tell(big());
    assert_eq!(read(&mut stream).await["params"]["seq"], 2);
}

#[tokio::test]
async fn so_many_may_be_told_of_changes_and_no_more() {
    let (scene, _viewed) = Viewed::new();
    let mut told = Vec::new();
    for _ in 0..MAX_SUBSCRIBERS {
        told.push(subscribed(&scene).await);
    }
    let mut stream = scene.connect().await;
    greet(&mut stream, None).await;
    stream.write_all(subscribe(2).as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await["error"]["code"], -32003);
    // Who is among them may ask anew.
    let last = told.last_mut().unwrap();
    last.write_all(subscribe(3).as_bytes()).await.unwrap();
    assert_eq!(read(last).await["result"]["kind"], "view");
    let mut gone = told.pop().unwrap();
    gone.write_all(request(4, "unsubscribe", Value::Null).as_bytes()).await.unwrap();
    read(&mut gone).await;
    stream.write_all(subscribe(5).as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await["result"]["kind"], "view");
}

#[tokio::test]
async fn when_the_changes_come_from_elsewhere_the_role_is_asked_again() {
    let (scene, viewed) = Viewed::new();
    let mut stream = subscribed(&scene).await;
    viewed.tell(big());
    read(&mut stream).await;
    *viewed.role.lock().unwrap() = Some(Role::Readonly);
    viewed.replace();
    assert_eq!(read(&mut stream).await["method"], "view");
    viewed.tell(vec![Change::Audit(Vec::new())]);
    assert_eq!(read(&mut stream).await["params"]["changes"], json!([]), "a lower role holds");
    *viewed.role.lock().unwrap() = None;
    viewed.replace();
    assert!(ends(&mut stream).await, "without a role, nothing more is told");
}

#[tokio::test]
async fn changes_that_end_before_they_begin_are_not_asked_for_for_ever() {
    let (scene, viewed) = Viewed::new();
    let mut stream = subscribed(&scene).await;
    viewed.replace();
    assert!(ends(&mut stream).await);
    assert_eq!(viewed.views(), 1);
}
