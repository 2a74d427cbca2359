//! The flags that go with every operation that changes something: what the audit is
//! told, and what keeps a command from being carried out twice or too late. Nothing
//! here decides anything: the server does.

use clap::Args;
use task_orchestrator_shared::admin::Context;
use task_orchestrator_shared::admin::request::{MAX_KEY_BYTES, MAX_REASON};

/// What the audit is told, and the fence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Options of what changes something")]
pub struct PrivilegedArgs {
    /// Why, for the audit; at most 1000 characters
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
    /// What keeps it from being done twice or too late.
    #[command(flatten)]
    pub fence: FenceArgs,
}

/// What keeps an operation from being done twice or too late.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Options of what changes something")]
pub struct FenceArgs {
    /// Only if this generation serves: with another one, what you looked at is over
    #[arg(long, value_name = "N")]
    pub expect_generation: Option<u64>,
    /// Your name for this intention: given again, it is not done again
    #[arg(long = "key", value_name = "KEY", value_parser = key)]
    pub idempotency_key: Option<String>,
}

impl PrivilegedArgs {
    /// As it goes with a request.
    pub(super) fn context(&self) -> Context {
        self.fence.context(self.reason.as_deref())
    }
}

impl FenceArgs {
    /// As it goes with a request, with the reason that was given elsewhere.
    pub(super) fn context(&self, reason: Option<&str>) -> Context {
        Context {
            expected_generation: self.expect_generation,
            idempotency_key: self.idempotency_key.clone(),
            reason: reason.map(str::to_owned),
        }
    }
}

/// A reason is for the audit and the history, where it must fit.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if length <= MAX_REASON {
        Ok(text.to_owned())
    } else {
        Err(format!("{length} characters; at most {MAX_REASON}"))
    }
}

/// What the server takes as a key.
fn key(text: &str) -> Result<String, String> {
    let fits = (1..=MAX_KEY_BYTES).contains(&text.len());
    if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(format!("1 to {MAX_KEY_BYTES} visible ASCII characters are a key"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(words: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(["task-orchestrator"].iter().chain(words))
    }

    #[test]
    fn what_goes_with_a_request_is_what_was_typed() {
        let line =
            ["maintenance", "on", "--reason", "the disk", "--expect-generation", "7", "--key", "night-1"];
        let Command::Maintenance(args) = parse(&line).unwrap().command else { panic!() };
        let expected = Context {
            expected_generation: Some(7),
            idempotency_key: Some("night-1".to_owned()),
            reason: Some("the disk".to_owned()),
        };
        assert_eq!(args.privileged.context(), expected);
        let Command::Maintenance(args) = parse(&["maintenance", "on"]).unwrap().command else { panic!() };
        assert_eq!(args.privileged.context(), Context::default());
    }

    #[test]
    fn what_the_server_would_not_take_is_a_usage_error() {
        let (long_reason, long_key) = ("x".repeat(1001), "k".repeat(129));
        for (flag, value) in [
            ("--reason", long_reason.as_str()),
            ("--key", ""),
            ("--key", "two words"),
            ("--key", "\u{e4}"),
            ("--key", long_key.as_str()),
            ("--expect-generation", "newest"),
        ] {
            let error = parse(&["maintenance", "on", flag, value]).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{flag} {value}");
        }
        for value in ["k", &"k".repeat(128)] {
            assert!(parse(&["restart", "--key", value]).is_ok());
        }
    }
}
