//! Changes of the lists of tools and prompts, on their way from the tools that make them
//! to the clients that wait for them. Bounded: who misses some is told of every list.

use rmcp::service::SubscriptionContext;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Changes that wait for one client.
const WAITING: usize = 16;

/// Which list has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Tools,
    Prompts,
}

/// The changes of one worker.
#[derive(Debug, Clone)]
pub(super) struct Changes(broadcast::Sender<List>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl Changes {
    /// Tells everybody who listens.
    pub(super) fn tell(&self, list: List) {
        // Nobody listens: nobody is to be told.
        drop(self.0.send(list));
    }

    /// Forwards changes to a subscriber until it leaves. `again`: another worker has begun
    /// to serve it, and what changed meanwhile went untold.
    pub(super) async fn listen(&self, context: &SubscriptionContext, again: bool) {
        let mut changes = self.0.subscribe();
        if again {
            forward(context, List::Tools).await;
            forward(context, List::Prompts).await;
        }
        let forwarding = async {
            loop {
                match changes.recv().await {
                    Ok(list) => forward(context, list).await,
                    Err(RecvError::Lagged(_)) => {
                        forward(context, List::Tools).await;
                        forward(context, List::Prompts).await;
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        };
        tokio::select! {
            () = forwarding => {}
            () = context.cancelled() => {}
        }
    }
}

/// Tells a subscriber of a list that it asked about. A client that is gone hears nothing.
async fn forward(context: &SubscriptionContext, list: List) {
    let (accepted, sink) = (context.accepted(), context.sink());
    match list {
        List::Tools if accepted.tools_list_changed == Some(true) => {
            drop(sink.notify_tool_list_changed().await);
        }
        List::Prompts if accepted.prompts_list_changed == Some(true) => {
            drop(sink.notify_prompt_list_changed().await);
        }
        List::Tools | List::Prompts => {}
    }
}
