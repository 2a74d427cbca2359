//! Where what came in goes: to the loop. Bounded by the loop's own channel; when that
//! is full, the sender waits. Changes of the view wait meanwhile in the client's queue,
//! which has a bound and in the end asks for a whole new state: so nothing is missing.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::heard::Heard;
use crate::msg::Msg;
use crate::record::Recording;

/// See the module. Clones lead to the same place.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    out: mpsc::Sender<Msg>,
    recording: Option<Arc<Recording>>,
}

impl Sink {
    /// To this loop.
    pub(crate) fn new(out: mpsc::Sender<Msg>) -> Self {
        Self { out, recording: None }
    }

    /// The same, and into a file.
    pub(crate) fn recorded(self, recording: Arc<Recording>) -> Self {
        Self { recording: Some(recording), ..self }
    }

    /// Something came in. Waits while the loop has no room.
    pub(crate) async fn heard(&self, heard: Heard) {
        if let Some(recording) = &self.recording {
            recording.take(&heard).await;
        }
        self.say(Msg::Heard(heard)).await;
    }

    /// The same for what may be left out when there is no room for it at once.
    pub(crate) fn heard_perhaps(&self, heard: Heard) {
        // The loop is full or gone: who sent this has said that it can be spared.
        let _ = self.out.try_send(Msg::Heard(heard));
    }

    /// Any other message.
    pub(crate) async fn say(&self, msg: Msg) {
        // The loop has ended: then nobody needs it.
        let _ = self.out.send(msg).await;
    }
}
