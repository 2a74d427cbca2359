//! Signals as something that can be waited for.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use tokio::signal::unix;

use crate::config::Signal;

/// Installed signal handlers. Signals that come before anybody waits are kept;
/// several of one kind at once count as one.
#[derive(Debug, Default)]
pub struct SignalWatch {
    streams: Vec<(Signal, unix::Signal)>,
}

impl SignalWatch {
    /// Hears nothing: for a part that is only shut down by the program itself.
    pub fn none() -> Self {
        Self::default()
    }

    pub(super) fn install(signals: &[Signal]) -> io::Result<Self> {
        let streams = signals
            .iter()
            .map(|signal| Ok((*signal, unix::signal(signal.kind())?)))
            .collect::<io::Result<_>>()?;
        Ok(Self { streams })
    }

    /// The next signal; pending for ever if none is watched. Cancel safe.
    pub(super) async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            for (signal, stream) in &mut self.streams {
                if let Poll::Ready(Some(())) = stream.poll_recv(context) {
                    return Poll::Ready(*signal);
                }
            }
            Poll::Pending
        })
        .await
    }
}
