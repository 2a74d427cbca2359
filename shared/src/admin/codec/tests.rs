use super::*;
use crate::role::Role;

fn read(line: &str) -> Result<Request, i32> {
    match FromClient::read(line.as_bytes()) {
        Ok(FromClient::Call(call)) => Ok(call.request),
        Ok(FromClient::Hello { .. }) => panic!("a hello: {line}"),
        Err(malformed) => Err(malformed.code),
    }
}

#[test]
fn each_request_is_read_as_it_was_written() {
    for (id, request) in (1..).zip(Request::samples()) {
        let context =
            Context { expected_generation: Some(7), idempotency_key: Some("k".to_owned()), reason: None };
        let call = FromClient::Call(Call { id, request, context });
        let line = call.line().unwrap();
        assert_eq!(FromClient::read(line.as_bytes()), Ok(call), "{line}");
    }
    let protocol = super::super::PROTOCOL;
    let hello = Hello { protocol, client: "test".to_owned(), role: Some(Role::Monitor) };
    let hello = FromClient::Hello { id: 1, hello };
    assert_eq!(FromClient::read(hello.line().unwrap().as_bytes()), Ok(hello));
}

#[test]
fn without_parameters_is_as_good_as_with_empty_ones() {
    for params in ["", r#","params":{}"#, r#","params":{ }"#, r#","params":null"#] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"status"{params}}}"#);
        assert_eq!(read(&line), Ok(Request::Status), "{line}");
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"restart"{params}}}"#);
        assert_eq!(read(&line), Ok(Request::Restart(Box::default())), "{line}");
        // What an operation needs is not made up.
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"maintenance"{params}}}"#);
        assert_eq!(read(&line), Err(INVALID_PARAMS), "{line}");
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"disconnect_session"{params}}}"#);
        assert_eq!(read(&line), Err(INVALID_PARAMS), "{line}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_not_read() {
    for (line, code) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"status","method":"stop"}"#, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"status"}"#, INVALID_REQUEST),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"maintenance","params":{"on":false,"on":true}}"#,
            INVALID_PARAMS,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"restart","params":{"graceful":true,"graceful":false}}"#,
            INVALID_PARAMS,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"maintenance","params":{"on":false,"force":true}}"#,
            INVALID_PARAMS,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"restart","params":{"gracefull":false}}"#, INVALID_PARAMS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"status","params":{"limit":1}}"#, INVALID_PARAMS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"status","role":"admin"}"#, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":"status","context":{"role":"admin"}}"#, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":"status","context":[7,"key"]}"#, INVALID_REQUEST),
        (r#"["2.0",1,"stop"]"#, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":"restart","params":[]}"#, INVALID_PARAMS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"restart","params":[false,false]}"#, INVALID_PARAMS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"hello","params":[[1,2],"client"]}"#, INVALID_PARAMS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"status\",\"x\":\"","params":{}}"#, METHOD_NOT_FOUND),
        (r#"{"jsonrpc":"2.0","id":1,"method":"dead_letters","params":[1]}"#, INVALID_PARAMS),
        (r#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":-1,"method":"status"}"#, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","method":"status"}"#, INVALID_REQUEST),
        (r#"[]"#, INVALID_REQUEST),
        ("", PARSE_ERROR),
        ("{", PARSE_ERROR),
    ] {
        assert_eq!(read(line), Err(code), "{line}");
    }
    assert_eq!(FromClient::read(b"\xff\xfe").unwrap_err().code, PARSE_ERROR);
    let refused = FromClient::read(br#"{"jsonrpc":"2.0","id":7,"method":"status","x":1}"#).unwrap_err();
    assert_eq!(refused.id, Some(7));
}

#[test]
fn a_context_has_its_bounds() {
    let line =
        |context: &str| read(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"status","context":{context}}}"#));
    assert_eq!(
        line(r#"{"expected_generation":3,"idempotency_key":"a-1","reason":"why"}"#),
        Ok(Request::Status)
    );
    assert_eq!(line(r#"{"idempotency_key":""}"#), Err(INVALID_PARAMS));
    assert_eq!(line(r#"{"idempotency_key":"a b"}"#), Err(INVALID_PARAMS));
    assert_eq!(
        line(&format!(r#"{{"idempotency_key":"{}"}}"#, "k".repeat(MAX_KEY_BYTES + 1))),
        Err(INVALID_PARAMS)
    );
    assert_eq!(line(&format!(r#"{{"reason":"{}"}}"#, "ä".repeat(MAX_REASON + 1))), Err(INVALID_PARAMS));
}

#[test]
fn an_answer_that_is_too_long_says_so() {
    let done = |length| {
        let message = "x".repeat(length);
        Ok(Answered::Reply(Reply::Done(super::super::Done { message })))
    };
    let line = answer_line(Some(3), &done(10)).unwrap();
    let read = FromServer::read(line.as_bytes()).unwrap();
    assert_eq!(read, FromServer::Answer { id: 3, answer: done(10) });
    let line = answer_line(Some(3), &done(MAX_LINE_BYTES)).unwrap();
    let FromServer::Answer { answer: Err(failure), .. } = FromServer::read(line.as_bytes()).unwrap() else {
        panic!("{line}")
    };
    assert_eq!(failure.code, TOO_LONG);
}

#[test]
fn what_is_neither_a_welcome_nor_a_reply_is_no_answer() {
    for result in ["{}", r#"{"kind":"weather","value":{}}"#, r#"{"kind":"done"}"#, "7"] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        let Ok(FromServer::Answer { id: 1, answer: Err(failure) }) = FromServer::read(line.as_bytes()) else {
            panic!("{line}")
        };
        assert_eq!(failure.code, NOT_UNDERSTOOD, "{line}");
    }
    // Nothing is no result.
    assert!(FromServer::read(br#"{"jsonrpc":"2.0","id":1,"result":null}"#).is_err());
}

#[test]
fn what_is_not_known_is_passed_over() {
    let read = |line: &str| FromServer::read(line.as_bytes()).unwrap();
    assert_eq!(read(r#"{"jsonrpc":"2.0","method":"weather","params":{}}"#), FromServer::Unknown);
    assert_eq!(read(r#"{"jsonrpc":"2.0","method":"event","params":{"event":"rain"}}"#), FromServer::Unknown);
    let event = RestartEvent::BuildOutput { line: "cc".to_owned() };
    let line = notification_line(&Notification::Event(event.clone()), Some(4)).unwrap().unwrap();
    assert_eq!(read(&line), FromServer::Event { id: 4, event });
    assert!(FromServer::read(br#"{"jsonrpc":"2.0","id":1}"#).is_err());
}

#[test]
fn a_complaint_does_not_repeat_a_long_line() {
    let long = "\u{e9}".repeat(10_000);
    let lines = [
        serde_json::json!({ "jsonrpc": "2.0", "id": 4, "method": long }),
        serde_json::json!({ "jsonrpc": "2.0", "id": 4, "method": "maintenance", "params": { "on": long } }),
        serde_json::json!({ "jsonrpc": "2.0", "id": 4, "method": "status", long: 1 }),
    ];
    for line in lines {
        let malformed = FromClient::read(line.to_string().as_bytes()).unwrap_err();
        assert_eq!((malformed.id, malformed.message.chars().count()), (Some(4), MAX_COMPLAINT));
    }
}
