//! What is no proper message gets the error that JSON-RPC prescribes, and the
//! next proper one its answer.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_tests::client::error_of;
use task_orchestrator_tests::{Client, Workspace};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

/// Opens a session, misbehaves, and then wants an ordinary call answered.
fn after(misbehaviour: impl FnOnce(&Client) -> Result<()>) -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        misbehaviour(&client)?;
        client.still_answers()?;
        client.quit()
    })
}

/// The line must be answered under the id with the code.
fn expect(client: &Client, line: &[u8], id: &Value, code: i64) -> Result<()> {
    client.send_raw(line)?;
    client.send_raw(b"\n")?;
    let shown = || String::from_utf8_lossy(line.get(..line.len().min(120)).unwrap_or_default()).into_owned();
    let response = client.response(id).with_context(shown)?.message;
    let (found, error) = error_of(&response).with_context(shown)?;
    ensure!(found == code, "{} should be {code}: {error}", shown());
    client.still_answers().with_context(shown)
}

#[test]
fn what_is_no_json_is_a_parse_error_without_an_id() -> Result<()> {
    after(|client| {
        for line in
            [&b"hello"[..], b"{", b"{\"jsonrpc\":\"2.0\",\"id\":1,", b"{]", b"'x'", b"\x01\x02", b"nul"]
        {
            expect(client, line, &Value::Null, PARSE_ERROR)?;
        }
        Ok(())
    })
}

#[test]
fn nul_bytes_and_invalid_utf8_are_parse_errors() -> Result<()> {
    after(|client| {
        let broken: [&[u8]; 3] = [
            b"\0",
            b"{\"jsonrpc\":\"2.0\",\0\"id\":901,\"method\":\"ping\"}",
            b"{\"jsonrpc\":\"2.0\",\"id\":902,\"method\":\"tools/call\",\"params\":{\"name\":\"\xff\xfe\"}}",
        ];
        for line in broken {
            client.send_raw(line)?;
            client.send_raw(b"\n")?;
            // With the id where it could still be told, without one otherwise.
            let response = client.inbox().wait(task_orchestrator_tests::wait::DEADLINE, |received| {
                [Value::Null, json!(901), json!(902)].iter().find_map(|id| received.take(id))
            })?;
            let (code, error) = error_of(&response.message)?;
            ensure!([PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS].contains(&code), "{error}");
            client.still_answers()?;
        }
        Ok(())
    })
}

#[test]
fn json_that_is_no_message_is_an_invalid_request() -> Result<()> {
    after(|client| {
        let lines: [&[u8]; 8] = [
            b"{}",
            b"42",
            b"\"ping\"",
            b"null",
            br#"{"method":"ping"}"#,
            br#"{"jsonrpc":"1.0","method":"ping"}"#,
            br#"{"jsonrpc":"2.0","method":17}"#,
            br#"{"jsonrpc":"2.0","foo":1}"#,
        ];
        for line in lines {
            expect(client, line, &Value::Null, INVALID_REQUEST)?;
        }
        // Where there is an id, the error belongs to it.
        expect(client, br#"{"jsonrpc":"1.0","id":"told","method":"ping"}"#, &json!("told"), INVALID_REQUEST)?;
        expect(client, br#"{"jsonrpc":"2.0","id":77,"method":17}"#, &json!(77), INVALID_REQUEST)
    })
}

#[test]
fn a_batch_is_refused_clearly() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::launch(workspace)?;
        client.initialize("2025-03-26")?;
        for batch in [&br#"[{"jsonrpc":"2.0","id":501,"method":"ping"}]"#[..], b"[]", b"[1,2]"] {
            expect(&client, batch, &Value::Null, INVALID_REQUEST)?;
        }
        let answered = client.inbox().look(|received| received.times_answered(&json!(501)));
        ensure!(answered == 0, "a part of the refused batch was carried out");
        client.quit()
    })
}

#[test]
fn an_unknown_method_and_an_unknown_tool_are_named() -> Result<()> {
    after(|client| {
        let (code, error) = client.failing("tasks/of_my_own", json!({}))?;
        ensure!(code == METHOD_NOT_FOUND, "{error}");
        let (code, error) = client.failing("tools/call", json!({"name": "no_such_tool", "arguments": {}}))?;
        ensure!(code == INVALID_PARAMS && error.to_string().contains("no_such_tool"), "{error}");
        Ok(())
    })
}

#[test]
fn parameters_of_a_wrong_type_are_named() -> Result<()> {
    after(|client| {
        let cases = [
            ("orchestrator_plan_task", json!({"title": 7, "description": "x"}), "title"),
            (
                "orchestrator_plan_task",
                json!({"title": "t", "description": "x", "subtasks": "none"}),
                "subtasks",
            ),
            ("orchestrator_query_tasks", json!({"limit": "ten"}), "limit"),
            ("orchestrator_execute_task", json!({}), "task_id"),
            ("orchestrator_execute_task", json!({"task_id": ["a"]}), "task_id"),
            ("orchestrator_update_task", json!({"task_id": "a", "status": "sleeping"}), "status"),
        ];
        for (tool, arguments, field) in cases {
            let (code, error) =
                client.failing("tools/call", json!({"name": tool, "arguments": arguments}))?;
            ensure!(code == INVALID_PARAMS, "{tool} {arguments}: {error}");
            ensure!(error.to_string().contains(field), "{tool} {arguments} does not name {field}: {error}");
        }
        for (id, params) in [("list", json!([])), ("text", json!("x")), ("number", json!(3))] {
            client
                .send_line(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}))?;
            let (code, error) = error_of(&client.response(&json!(id))?.message)?;
            ensure!([INVALID_PARAMS, INVALID_REQUEST].contains(&code), "{id}: {error}");
        }
        Ok(())
    })
}

#[test]
fn a_hundred_thousand_levels_break_nothing() -> Result<()> {
    after(|client| {
        const DEPTH: usize = 100_000;
        let (open, close) = ("[".repeat(DEPTH), "]".repeat(DEPTH));
        let nested = [
            format!(
                r#"{{"jsonrpc":"2.0","id":"deep0","method":"tools/call","params":{{"x":{open}{close}}}}}"#
            ),
            format!(r#"{{"jsonrpc":"2.0","id":"deep1","method":"nope","params":{open}{close}}}"#),
            format!(
                r#"{{"jsonrpc":"2.0","id":"deep2","method":"ping","x":{}1{}}}"#,
                r#"{"a":"#.repeat(DEPTH),
                "}".repeat(DEPTH)
            ),
        ];
        for (number, line) in nested.into_iter().enumerate() {
            client.send_raw(line.as_bytes())?;
            client.send_raw(b"\n")?;
            let response = client.inbox().wait(task_orchestrator_tests::wait::DEADLINE, |received| {
                received.take(&json!(format!("deep{number}"))).or_else(|| received.take(&Value::Null))
            })?;
            // A ping with an odd member may well be answered; the others may not.
            ensure!(
                response.message.get("error").is_some() || line.contains("\"ping\""),
                "{}",
                response.message
            );
            client.still_answers()?;
        }
        Ok(())
    })
}

#[test]
fn a_key_given_twice_in_the_envelope_is_refused() -> Result<()> {
    after(|client| {
        let lines: [&[u8]; 3] = [
            br#"{"jsonrpc":"2.0","id":601,"id":602,"method":"ping"}"#,
            br#"{"jsonrpc":"2.0","id":603,"method":"ping","method":"tools/list"}"#,
            br#"{"jsonrpc":"2.0","id":604,"method":"ping","params":{},"params":{}}"#,
        ];
        for line in lines {
            client.send_raw(line)?;
            client.send_raw(b"\n")?;
            let response = client.inbox().wait(task_orchestrator_tests::wait::DEADLINE, |received| {
                [Value::Null, json!(601), json!(602), json!(603), json!(604)]
                    .iter()
                    .find_map(|id| received.take(id))
            })?;
            let (code, error) = error_of(&response.message)?;
            ensure!(code == INVALID_REQUEST || code == PARSE_ERROR, "{error}");
            client.still_answers()?;
        }
        Ok(())
    })
}

#[test]
fn ids_that_mcp_does_not_allow_are_refused() -> Result<()> {
    after(|client| {
        for id in ["null", "{}", "[1]", "true", "1.5"] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            client.send_raw(line.as_bytes())?;
            client.send_raw(b"\n")?;
            let wanted: Value = serde_json::from_str(id)?;
            let response = client.inbox().wait(task_orchestrator_tests::wait::DEADLINE, |received| {
                received.take(&Value::Null).or_else(|| received.take(&wanted))
            })?;
            let (code, error) = error_of(&response.message).with_context(|| format!("id {id}"))?;
            ensure!(code == INVALID_REQUEST, "id {id}: {error}");
            client.still_answers()?;
        }
        Ok(())
    })
}

/// Both in flight: one result and one refusal. One after the other: two results.
#[test]
fn an_id_in_flight_twice_is_answered_for_both() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let call = json!({
            "jsonrpc": "2.0", "id": "same", "method": "tools/call",
            "params": {"name": "orchestrator_plan_task", "arguments": {"title": "t", "description": "d"}},
        });
        client.send_raw(format!("{call}\n{call}\n").as_bytes())?;
        let first = client.response(&json!("same"))?.message;
        let second = client.response(&json!("same"))?.message;
        let refusals = [&first, &second].iter().filter(|response| response.get("error").is_some()).count();
        ensure!(refusals <= 1, "{first} {second}");
        let tasks = client.call("orchestrator_query_tasks", json!({}))?;
        ensure!(tasks.get("total_count") == Some(&json!(2 - refusals)), "{refusals} refused: {tasks}");
        client.close_input();
        ensure!(client.exit()?.code() == Some(0));
        Ok(())
    })
}

#[test]
fn empty_lines_and_carriage_returns_do_no_harm() -> Result<()> {
    after(|client| {
        client.send_raw(b"\n\n   \n\r\n\t\n")?;
        client.send_raw(b"{\"jsonrpc\":\"2.0\",\"id\":\"cr\",\"method\":\"ping\"}\r\n")?;
        let response = client.response(&json!("cr"))?.message;
        ensure!(response.get("result").is_some(), "{response}");
        client.send_raw(b"  {\"id\":\"blank\",\"method\":\"ping\",\"jsonrpc\":\"2.0\"}  \n")?;
        let response = client.response(&json!("blank"))?.message;
        ensure!(response.get("result").is_some(), "{response}");
        Ok(())
    })
}

#[test]
fn half_a_line_and_the_end_of_input_end_the_shim_well() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.send_raw(br#"{"jsonrpc":"2.0","id":"half","method":"tools/call","para"#)?;
        client.close_input();
        let status = client.exit()?;
        ensure!(status.code() == Some(0), "the shim ended with {status}");
        client.assert_pure()?;
        // The front has lost nothing by it.
        let next = Client::open(workspace)?;
        next.still_answers()?;
        next.quit()
    })
}

/// A last line without its newline is a whole message all the same.
#[test]
fn a_last_request_without_a_newline_is_answered_or_refused() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.send_raw(br#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#)?;
        client.close_input();
        let response = client.response(&json!("last"))?.message;
        ensure!(response.get("result").is_some(), "{response}");
        ensure!(client.exit()?.code() == Some(0));
        Ok(())
    })
}
