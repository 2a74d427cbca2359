//! The log files of the workspace as administrators follow them.

use std::path::PathBuf;

use futures::FutureExt;
use futures::future::BoxFuture;
use task_orchestrator_shared::admin::log::{LogFilter, LogLine, LogLines};

use crate::admin::{Follow, LogSource, LogSourceError};
use crate::logging::follow::{FollowError, Follower};

/// The directory that front and workers write to.
pub(super) struct LogFiles {
    pub(super) directory: PathBuf,
}

impl LogSource for LogFiles {
    fn open(&self, filter: &LogFilter) -> Result<(Vec<LogLine>, Box<dyn Follow>), LogSourceError> {
        let (newest, follower) = Follower::open(&self.directory, filter).map_err(|error| match error {
            FollowError::Pattern(_) | FollowError::Session(_) => LogSourceError::Filter(error.to_string()),
            FollowError::Read { .. } => LogSourceError::Unreadable(error.to_string()),
        })?;
        Ok((newest, Box::new(Following(follower))))
    }
}

struct Following(Follower);

impl Follow for Following {
    fn next(&mut self) -> BoxFuture<'_, LogLines> {
        self.0.next().boxed()
    }
}
