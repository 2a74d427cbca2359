//! Callers who are silent, slow, greedy or gone.

use tokio::time::Instant;

use super::connection::{FIRST_LINE, PATIENCE};
use super::requests::MAX_REQUESTS;
use super::*;

/// Executions that are begun and never done; each tells when it begins and when it is dropped.
fn endless() -> (Scene, mpsc::UnboundedReceiver<()>, mpsc::UnboundedReceiver<()>) {
    let (begins, begun) = mpsc::unbounded_channel();
    let (drops, dropped) = mpsc::unbounded_channel();
    let scene = Scene::new(move |asked: Asked| {
        let (begins, guard) = (begins.clone(), Dropped(drops.clone()));
        async move {
            begins.send(()).unwrap();
            std::future::pending::<()>().await;
            drop((guard, asked));
            None
        }
    });
    (scene, begun, dropped)
}

async fn count(of: &mut mpsc::UnboundedReceiver<()>, expected: usize) {
    for number in 0..expected {
        timeout(LONG, of.recv()).await.unwrap_or_else(|_| panic!("only {number}")).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_whole_is_let_go() {
    let scene = Scene::new(|_: Asked| async { done("") });
    for words in ["", "{\"jsonrpc\":"] {
        let began = Instant::now();
        let mut stream = scene.connect().await;
        stream.write_all(words.as_bytes()).await.unwrap();
        assert!(ends(&mut stream).await);
        assert!(began.elapsed() >= FIRST_LINE && began.elapsed() < FIRST_LINE * 2, "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_spoken_may_be_silent() {
    let scene = Scene::new(|_: Asked| async { done("still here") });
    let mut stream = scene.connect().await;
    for id in 1..4 {
        stream.write_all(health(id).as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await["id"], id);
        timeout(PATIENCE * 3, std::future::pending::<()>()).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_line_in_single_bytes_is_a_line_and_half_a_line_is_none() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let scene = Scene::new(move |_: Asked| {
        count.fetch_add(1, Ordering::Relaxed);
        async { done("heard") }
    });
    let mut stream = scene.connect().await;
    for byte in health(1).into_bytes() {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(read(&mut stream).await["id"], 1);
    stream.write_all(health(2).trim_end().as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(ends(&mut stream).await);
    assert_eq!(asked.load(Ordering::Relaxed), 1, "what was cut off is not carried out");
}

#[tokio::test]
async fn the_one_who_has_been_silent_for_longest_makes_room() {
    let scene = Scene::of(3, None, |_: Asked| async { done("served").map(Answered::from) });
    let mut spoken = scene.connect().await;
    spoken.write_all(health(1).as_bytes()).await.unwrap();
    read(&mut spoken).await;
    let mut first = scene.connect().await;
    let mut second = scene.connect().await;
    let mut newcomer = scene.connect().await;
    newcomer.write_all(health(2).as_bytes()).await.unwrap();
    assert_eq!(read(&mut newcomer).await["id"], 2);
    assert!(ends(&mut first).await);
    for stream in [&mut spoken, &mut second] {
        stream.write_all(health(3).as_bytes()).await.unwrap();
        assert_eq!(read(stream).await["id"], 3);
    }
    // All three have spoken now, and keep their places.
    let mut waiting = scene.connect().await;
    waiting.write_all(health(4).as_bytes()).await.unwrap();
    for _ in 0..100 {
        spoken.write_all(health(5).as_bytes()).await.unwrap();
        assert_eq!(read(&mut spoken).await["id"], 5);
    }
    assert!(waiting.get_ref().try_read(&mut [0]).is_err(), "there is no place for it");
    drop(second);
    assert_eq!(read(&mut waiting).await["id"], 4);
}

#[tokio::test]
async fn no_more_is_read_than_is_carried_out_at_once() {
    let (begins, mut begun) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let may = Arc::clone(&go);
    let scene = Scene::new(move |_: Asked| {
        let (begins, go) = (begins.clone(), Arc::clone(&may));
        async move {
            begins.send(()).unwrap();
            go.notified().await;
            done("done")
        }
    });
    let mut stream = scene.connect().await;
    let requests: String = (1..=17).map(health).collect();
    stream.write_all(requests.as_bytes()).await.unwrap();
    count(&mut begun, MAX_REQUESTS).await;
    // Another connection makes sure that the server has had its turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(begun.try_recv().is_err(), "the seventeenth waits");
    go.notify_one();
    assert!(read(&mut stream).await["id"].as_u64().unwrap() <= 16);
    count(&mut begun, 1).await;
}

#[tokio::test]
async fn a_later_request_does_not_wait_for_an_earlier_one() {
    let go = Arc::new(Notify::new());
    let may = Arc::clone(&go);
    let scene = Scene::new(move |asked: Asked| {
        let go = Arc::clone(&may);
        async move {
            if asked.request == Request::Health {
                go.notified().await;
                asked.events.try_send(line(1)).unwrap();
            }
            done("done")
        }
    });
    let mut stream = scene.connect().await;
    stream.write_all((health(1) + &request(2, "prepare", Value::Null)).as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await["id"], 2);
    go.notify_one();
    let event = read(&mut stream).await;
    assert_eq!((&event["method"], &event["request"]), (&json!("event"), &json!(1)));
    assert_eq!(read(&mut stream).await["id"], 1);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_is_waited_for_no_longer_also_where_nothing_is_read() {
    // As many as are read, and then one who had already said that no more follow.
    for (requests, half_closed) in [(MAX_REQUESTS, false), (1, true)] {
        let (scene, mut begun, mut dropped) = endless();
        let mut stream = scene.connect().await;
        for id in 0..requests as u64 {
            stream.write_all(health(id).as_bytes()).await.unwrap();
        }
        if half_closed {
            stream.shutdown().await.unwrap();
        }
        count(&mut begun, requests).await;
        drop(stream);
        count(&mut dropped, requests).await;
    }
}

#[tokio::test]
async fn what_is_too_long_is_not_waited_for() {
    let (scene, ..) = endless();
    let mut stream = scene.connect().await;
    // No end of a line, ever.
    stream.write_all(&vec![b'x'; MAX_REQUEST_BYTES + 1]).await.unwrap();
    assert_eq!(read(&mut stream).await["error"]["code"], -32700);
    assert!(ends(&mut stream).await);
}

#[tokio::test]
async fn the_thread_ends_with_its_token_and_says_so_to_who_waits() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("admin.sock");
    let ended = CancellationToken::new();
    let (begins, mut begun) = mpsc::unbounded_channel();
    let execute = move |_: Asked| {
        begins.send(()).unwrap();
        assert_eq!(std::thread::current().name(), Some("admin"));
        std::future::pending::<Option<Answered>>()
    };
    let admin = spawn(private_socket::bind(&socket).unwrap(), facts(), None, execute, ended.clone()).unwrap();
    let mut waits = BufReader::new(UnixStream::connect(&socket).await.unwrap());
    let mut silent = BufReader::new(UnixStream::connect(&socket).await.unwrap());
    waits.write_all(health(1).as_bytes()).await.unwrap();
    count(&mut begun, 1).await;
    ended.cancel();
    assert_eq!(read(&mut waits).await["error"]["code"], -32000);
    assert!(ends(&mut waits).await && ends(&mut silent).await);
    timeout(LONG, admin.stop(LONG)).await.unwrap();
    assert!(UnixStream::connect(&socket).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn the_thread_ends_while_somebody_does_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("admin.sock");
    let big = |_: Asked| async { done("x".repeat(MAX_LINE_BYTES / 2)).map(Answered::from) };
    let admin =
        spawn(private_socket::bind(&socket).unwrap(), facts(), None, big, CancellationToken::new()).unwrap();
    let mut deaf = UnixStream::connect(&socket).await.unwrap();
    deaf.write_all(health(1).as_bytes()).await.unwrap();
    deaf.readable().await.unwrap();
    timeout(PATIENCE / 2, admin.stop(LONG)).await.expect("it does not wait for the reader");
}

#[tokio::test]
async fn an_answer_that_is_there_when_the_server_ends_is_told() {
    // Which of the two is seen first is left to chance.
    for _ in 0..20 {
        let (tell, told) = tokio::sync::oneshot::channel();
        let told = std::sync::Mutex::new(Some(told));
        let (begins, mut begun) = mpsc::unbounded_channel();
        let scene = Scene::of(8, None, move |asked: Asked| {
            let told = told.lock().unwrap().take().unwrap();
            let begins = begins.clone();
            async move {
                begins.send(()).unwrap();
                asked.events.try_send(line(1)).unwrap();
                told.await.ok().map(|message: String| Answered::from(done(message).unwrap()))
            }
        });
        let mut stream = scene.connect().await;
        stream.write_all(health(1).as_bytes()).await.unwrap();
        count(&mut begun, 1).await;
        tell.send("the true outcome".to_owned()).unwrap();
        drop(scene.end);
        assert_eq!(read(&mut stream).await["method"], "event");
        assert_eq!(read(&mut stream).await["result"]["value"]["message"], "the true outcome");
        assert!(ends(&mut stream).await);
    }
}
