//! What is printed of each end, and its exit code.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::cli::screen::Paint;
use crate::cli::tests::samples;

fn told(end: End, view: Option<View>, json: bool) -> (Exit, String) {
    let waited = Waited { end, view: view.map(Box::new), took: Duration::from_millis(1500) };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let screen = &mut Screen {
        input: &mut [].as_slice(),
        out: &mut out,
        err: &mut err,
        paint: Paint::Plain,
        draws: false,
        asks: false,
    };
    let exit = tell(Condition::Ready, &waited, json, screen).unwrap();
    (exit, String::from_utf8(out).unwrap())
}

#[test]
fn people_are_told_what_is_now() {
    let held = "ready holds after 1.5 s: worker 22 serves, generation 3, phase idle, 2 clients, 3 requests not answered\n";
    assert_eq!(told(End::Holds, Some(samples::view()), false), (Exit::Done, held.to_owned()));
    let mut view = samples::view();
    view.workers.clear();
    view.server.maintenance_mode = true;
    view.server.safe_mode = Some("crashes".to_owned());
    let (exit, text) = told(End::TimedOut, Some(view), false);
    assert_eq!(exit, Exit::TimedOut);
    assert!(text.starts_with("ready does not hold after 1.5 s: no worker serves, "), "{text}");
    assert!(text.ends_with(", requests are held back, safe mode: crashes\n"), "{text}");
    let alone = "ready does not hold after 1.5 s: there is no connection to a server\n";
    assert_eq!(told(End::TimedOut, None, false), (Exit::TimedOut, alone.to_owned()));
    let nobody = "ready cannot hold after 1.5 s: no server is running for this workspace\n";
    assert_eq!(told(End::Nobody, None, false), (Exit::NoServer, nobody.to_owned()));
}

#[test]
fn programs_are_told_the_same() {
    let (_, text) = told(End::Holds, Some(samples::view()), true);
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&shown["condition"], &shown["holds"]), (&json!("ready"), &json!(true)));
    assert_eq!((&shown["waited_ms"], &shown["running"]), (&json!(1500), &json!(true)));
    assert_eq!((&shown["server"]["generation"], &shown["unanswered"]), (&json!(3), &json!(3)));
    let (_, text) = told(End::Nobody, None, true);
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&shown["holds"], &shown["running"], shown.get("server")),
        (&json!(false), &json!(false), None)
    );
}
