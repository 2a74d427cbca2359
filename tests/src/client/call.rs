//! Requests and tool calls: what is expected of their answers.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Client, ToolReply};

impl Client {
    /// Sends a request and gives the whole response.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub fn exchange(&self, method: &str, params: Value) -> Result<Value> {
        let id = self.send(method, params)?;
        Ok(self.response(&json!(id))?.message)
    }

    /// Sends a request and gives its result.
    ///
    /// # Errors
    ///
    /// When the answer is an error.
    pub fn request(&self, method: &str, params: Value) -> Result<Value> {
        let mut response = self.exchange(method, params)?;
        match response.get_mut("result").map(Value::take) {
            Some(result) => Ok(result),
            None => bail!("{method} failed: {response}"),
        }
    }

    /// Sends a request that must fail and gives the error's code and the error.
    ///
    /// # Errors
    ///
    /// When it succeeds.
    pub fn failing(&self, method: &str, params: Value) -> Result<(i64, Value)> {
        let response = self.exchange(method, params)?;
        error_of(&response)
    }

    /// Calls a tool, whatever comes of it.
    ///
    /// # Errors
    ///
    /// When the answer is a protocol error or no tool result.
    pub fn tool(&self, name: &str, arguments: Value) -> Result<ToolReply> {
        ToolReply::read(self.request("tools/call", json!({"name": name, "arguments": arguments}))?)
            .with_context(|| name.to_owned())
    }

    /// Calls a tool that must succeed; gives its structured result.
    ///
    /// # Errors
    ///
    /// When the tool says that it failed.
    pub fn call(&self, name: &str, arguments: Value) -> Result<Value> {
        let reply = self.tool(name, arguments)?;
        ensure!(!reply.is_error, "{name} failed: {}", reply.body);
        Ok(reply.body)
    }

    /// Calls a tool that must refuse; gives the error object.
    ///
    /// # Errors
    ///
    /// When it does not refuse, or the error object lacks one of its fields.
    pub fn refused(&self, name: &str, arguments: Value) -> Result<Value> {
        let reply = self.tool(name, arguments)?;
        ensure!(reply.is_error, "{name} should have been refused: {}", reply.body);
        for field in ["error_code", "error", "hint", "retryable", "details"] {
            ensure!(reply.body.get(field).is_some(), "no {field} in {}", reply.body);
        }
        Ok(reply.body)
    }

    /// Whether the server still answers: what follows a malformed line.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn still_answers(&self) -> Result<()> {
        self.call("orchestrator_get_status", json!({})).context("the request after it").map(drop)
    }
}

/// The code and the whole of a response's error.
///
/// # Errors
///
/// When the response is none.
pub fn error_of(response: &Value) -> Result<(i64, Value)> {
    let error = response.get("error").with_context(|| format!("not refused: {response}"))?;
    let code = error.get("code").and_then(Value::as_i64).with_context(|| format!("no code: {error}"))?;
    ensure!(error.get("message").is_some_and(Value::is_string), "no message: {error}");
    Ok((code, error.clone()))
}
