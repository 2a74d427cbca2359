//! Thousands of callers at once. What they cost is looked at in a process of its own,
//! with the other hostile callers.

use rustix::process::{Resource, getrlimit, setrlimit};

use super::*;

/// Both ends of every connection are in this process.
fn with_descriptors_for(connections: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    assert!(limit.maximum.is_none_or(|most| most > connections * 3), "{limit:?}");
}

#[tokio::test]
async fn thousands_of_silent_callers_keep_nobody_out() {
    const CROWD: usize = 3 * listener::MAX_CONNECTIONS;
    with_descriptors_for(CROWD as u64);
    let scene = Scene::new(|_: Asked| async { done("served") });
    let mut steady = scene.connect().await;
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        crowd.push(UnixStream::connect(&scene.socket).await.unwrap());
        if number % 100 == 0 || number == listener::MAX_CONNECTIONS {
            steady.write_all(health(1).as_bytes()).await.unwrap();
            assert_eq!(read(&mut steady).await["result"]["value"]["message"], "served");
        }
    }
    let mut newcomer = scene.connect().await;
    newcomer.write_all(health(2).as_bytes()).await.unwrap();
    assert_eq!(read(&mut newcomer).await["id"], 2);
}

#[tokio::test]
async fn a_thousand_callers_are_all_answered() {
    with_descriptors_for(1000);
    let scene = Scene::new(|_: Asked| async { done("served") });
    let mut callers = Vec::new();
    for _ in 0..1000 {
        let mut stream = scene.connect().await;
        stream.write_all(health(1).as_bytes()).await.unwrap();
        callers.push(stream);
    }
    for stream in &mut callers {
        assert_eq!(read(stream).await["id"], 1);
    }
}
