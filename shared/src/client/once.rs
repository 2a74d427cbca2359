//! One question of a program that has no runtime of its own: a one-shot command.

use std::time::Duration;

use super::{CallError, Client, Target};
use crate::admin::{Context, Reply, Request};
use crate::restart::RestartEvent;

/// Connects, asks, passes on what happens until the answer, and hangs up. `limit` is
/// for all of it together. Must not be called on a runtime.
///
/// # Errors
///
/// [`CallError`]. After [`CallError::TimedOut`] and [`CallError::Lost`] the server may go
/// on with the request, whoever waits.
pub fn once(
    target: &Target,
    request: Request,
    context: Context,
    limit: Option<Duration>,
    on_event: impl FnMut(RestartEvent),
) -> Result<Reply, CallError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let asked = async {
            let Target { socket, hello, options } = target.clone();
            let client = Client::connect(&socket.path(), hello, options).await?;
            client.call_with_events(request, context, on_event).await
        };
        match limit {
            Some(limit) => {
                tokio::time::timeout(limit, asked).await.map_err(|_| CallError::TimedOut(limit))?
            }
            None => asked.await,
        }
    })
}
