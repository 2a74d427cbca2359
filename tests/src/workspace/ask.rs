//! What one-shot commands say to programs, and what a restore has written down.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Workspace;

impl Workspace {
    /// The object that a command prints with `--json`.
    ///
    /// # Errors
    ///
    /// When it fails, or prints something else.
    pub fn ask(&self, arguments: &[&str]) -> Result<Value> {
        let (verb, rest) = arguments.split_first().context("a verb")?;
        let output = self.run(verb, &[rest, &["--json"]].concat())?;
        ensure!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).with_context(|| format!("{arguments:?}: {output:?}"))
    }

    /// What a command says that ends with this exit code.
    ///
    /// # Errors
    ///
    /// When it ends with another one.
    pub fn ends_with(&self, code: i32, arguments: &[&str]) -> Result<String> {
        let (verb, rest) = arguments.split_first().context("a verb")?;
        let output = self.run(verb, rest)?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        ensure!(output.status.code() == Some(code), "{arguments:?}: {}, {said}", output.status);
        Ok(said)
    }

    /// The titles of the tasks that restores have written down as lost.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or is no JSON.
    pub fn lost_titles(&self) -> Result<Vec<String>> {
        let mut titles = Vec::new();
        for entry in fs::read_dir(self.state("server_state"))? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lost_")) {
                let export: Value = serde_json::from_slice(&fs::read(&path)?)?;
                titles_in(&export, &mut titles);
            }
        }
        Ok(titles)
    }
}

fn titles_in(value: &Value, titles: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            titles.extend(fields.get("title").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| titles_in(value, titles));
        }
        Value::Array(values) => values.iter().for_each(|value| titles_in(value, titles)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
