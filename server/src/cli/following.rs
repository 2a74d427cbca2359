//! Following the server of the workspace: a link that keeps a connection, and what a
//! command makes of it. The link ends with the command.

use std::time::Duration;

use task_orchestrator_shared::client::{ConnectError, Link, LinkEvent, LinkEvents, Update};

use super::GlobalArgs;
use super::ask::target;
use super::heard::{Heard, Why};

/// Runs a command on what the server tells. Must not be called on a runtime.
///
/// # Errors
/// No workspace, or no runtime.
pub(super) fn following<T>(
    global: &GlobalArgs,
    command: impl AsyncFnOnce(&mut Hearing) -> T,
) -> anyhow::Result<T> {
    let (workspace, _) = global.find_workspace()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(async {
        // The link ends when it is dropped.
        let (_link, events) = Link::open(target(global, &workspace), true);
        command(&mut Hearing::of_link(events)).await
    }))
}

/// Where what is heard comes from.
#[derive(Debug)]
pub(super) struct Hearing(LinkEvents);

impl Hearing {
    /// From a link that subscribes.
    fn of_link(events: LinkEvents) -> Self {
        Self(events)
    }

    /// The next thing that is heard; `None` when nothing more can be. Can be dropped
    /// at any time without losing anything.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = heard(self.0.next().await?) {
                return Some(heard);
            }
        }
    }
}

/// What an event of a link means for who follows.
fn heard(event: LinkEvent) -> Option<Heard> {
    match event {
        LinkEvent::Connecting { .. } => None,
        LinkEvent::Live(welcome) | LinkEvent::Incompatible { welcome, .. } => Some(Heard::Live(welcome)),
        LinkEvent::Update(Update::View(view)) => Some(Heard::View(view)),
        LinkEvent::Update(Update::Delta(delta)) => Some(Heard::Delta(delta)),
        LinkEvent::Lost { error, retry_in } => Some(away(why(&error), error.to_string(), retry_in)),
        LinkEvent::Denied { why, retry_in } => Some(away(Why::Denied, why, retry_in)),
    }
}

fn away(why: Why, text: String, retry_in: Duration) -> Heard {
    Heard::Away { why, text, retry_in }
}

fn why(error: &ConnectError) -> Why {
    match error {
        ConnectError::NoServer => Why::Nobody,
        ConnectError::Denied(_) | ConnectError::Planted { .. } => Why::Denied,
        ConnectError::TooOld { .. } | ConnectError::Refused { .. } => Why::Unable,
        ConnectError::TimedOut(_) | ConnectError::Lost | ConnectError::Io(_) => Why::Lost,
    }
}

#[cfg(test)]
mod tests {
    use task_orchestrator_shared::admin::view::Delta;

    use super::*;

    #[test]
    fn each_event_of_a_link_is_heard_for_what_it_is() {
        let retry_in = Duration::from_secs(1);
        for (error, expected) in [
            (ConnectError::NoServer, Why::Nobody),
            (ConnectError::Lost, Why::Lost),
            (ConnectError::TimedOut(retry_in), Why::Lost),
            (ConnectError::TooOld { pid: None }, Why::Unable),
            (ConnectError::Denied(String::new()), Why::Denied),
        ] {
            let text = error.to_string();
            let told = heard(LinkEvent::Lost { error, retry_in });
            assert_eq!(told, Some(Heard::Away { why: expected, text, retry_in }));
        }
        assert_eq!(heard(LinkEvent::Connecting { attempt: 1 }), None);
        let delta = Delta { seq: 1, at: String::new(), changes: Vec::new() };
        assert_eq!(heard(LinkEvent::Update(Update::Delta(delta.clone()))), Some(Heard::Delta(delta)));
        let denied = heard(LinkEvent::Denied { why: "no".to_owned(), retry_in });
        assert_eq!(denied, Some(away(Why::Denied, "no".to_owned(), retry_in)));
    }
}
