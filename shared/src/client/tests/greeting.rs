//! From a path to a welcome, or the reason why there is none.

use super::*;
use crate::admin::codec::{DENIED, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND};

/// What a client makes of a server that answers its hello with this and closes.
async fn heard(said: &str) -> ConnectError {
    let scene = Scene::new();
    let listener = scene.listen();
    let server = async {
        let mut side = Side::accept(&listener).await;
        side.line().await.unwrap();
        // The client may have heard enough before it is all said.
        let _ = side.stream.write_all(said.as_bytes()).await;
    };
    let (error, ()) = tokio::join!(scene.connect(), server);
    error.unwrap_err()
}

async fn failed(code: i32, id: Option<u64>) -> ConnectError {
    let failure = Failure { code, message: "so it is".to_owned() };
    heard(&format!("{}\n", answer_line(id, &Err(failure)).unwrap())).await
}

#[tokio::test]
async fn the_first_words_name_the_client_and_the_role_and_the_welcome_is_kept() {
    let scene = Scene::new();
    let listener = scene.listen();
    let target = scene.target().in_role(Some(Role::Monitor));
    let server = async {
        let mut side = Side::accept(&listener).await;
        let FromClient::Hello { id, hello } = side.hear().await else { panic!("no hello") };
        side.answer(id, Ok(Answered::Welcome(Box::new(skewed(Skew::UpgradeServer))))).await;
        hello
    };
    let socket = target.socket.path();
    let connected = Client::connect(&socket, target.hello.clone(), target.options);
    let (client, hello) = tokio::join!(connected, server);
    assert_eq!((hello.client.as_str(), hello.role), ("test 1", Some(Role::Monitor)));
    assert_eq!(hello.protocol, PROTOCOL);
    assert_eq!(client.unwrap().welcome(), &skewed(Skew::UpgradeServer));
}

#[tokio::test]
async fn nobody_listening_is_no_server() {
    let scene = Scene::new();
    assert!(matches!(scene.connect().await, Err(ConnectError::NoServer)));
    drop(scene.listen());
    assert!(matches!(scene.connect().await, Err(ConnectError::NoServer)), "a socket left behind");
}

#[tokio::test]
async fn a_planted_socket_is_told_nothing() {
    let scene = Scene::new();
    let listener = scene.listen();
    let own = rustix::process::geteuid().as_raw();
    let nobody = Trusted::none();
    let socket = scene.socket();
    let (error, ()) = tokio::join!(connect_trusting(&socket, nobody), async {
        let mut side = Side::accept(&listener).await;
        assert_eq!(side.line().await, None, "nothing was said");
    });
    let error = error.unwrap_err();
    assert!(matches!(&error, ConnectError::Planted { uid, .. } if *uid == own), "{error}");
    assert!(error.to_string().contains(&format!("user {own}")), "{error}");

    let trusted = |expected| Trusted::with(expected);
    for uid in [0, own] {
        assert!(trusted(None).includes(uid), "{uid}");
    }
    let stranger = own + 4711;
    assert!(!trusted(None).includes(stranger) && !trusted(Some(stranger + 1)).includes(stranger));
    assert!(trusted(Some(stranger)).includes(stranger));
}

#[tokio::test]
async fn each_refusal_says_what_is_wrong() {
    for id in [Some(1), None] {
        let denied = failed(DENIED, id).await;
        assert!(matches!(&denied, ConnectError::Denied(why) if why == "so it is"), "{denied}");
        for code in [INVALID_REQUEST, METHOD_NOT_FOUND] {
            let old = failed(code, id).await;
            assert!(matches!(old, ConnectError::TooOld { .. }), "{old}");
            assert!(old.to_string().contains("upgrade the server"), "{old}");
            assert!(matches!(CallError::from(old), CallError::Skewed(_)));
        }
    }
    let other = failed(INVALID_PARAMS, Some(1)).await;
    assert!(matches!(other, ConnectError::Refused { code: INVALID_PARAMS, .. }), "{other}");
}

#[tokio::test]
async fn a_server_is_trusted_with_nothing() {
    assert!(matches!(heard("").await, ConnectError::Lost));
    assert!(matches!(heard("{\"jsonrpc\":\"2.0\",\"id\":1,\"res").await, ConnectError::Lost), "half a line");
    let endless = heard(&"x".repeat(crate::admin::MAX_LINE_BYTES + 1)).await;
    assert!(endless.to_string().contains("more than"), "{endless}");
    let long =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"kind\":\"{}\"}}}}\n", "x".repeat(100_000));
    let unknown = heard(&long).await.to_string();
    assert!(unknown.contains("does not understand") && unknown.len() < 1000, "{unknown}");
    let other = format!("{}\n", answer_line(Some(1), &Ok(Answered::Reply(done("hi")))).unwrap());
    assert!(heard(&other).await.to_string().contains("another question"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up_after_five_seconds() {
    let scene = Scene::new();
    let _listener = scene.listen();
    let since = tokio::time::Instant::now();
    let error = scene.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::TimedOut(limit) if limit == Duration::from_secs(5)), "{error}");
    let waited = since.elapsed();
    assert!(waited >= Duration::from_secs(5) && waited < Duration::from_secs(6), "{waited:?}");
}
