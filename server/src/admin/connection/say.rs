//! What a caller is told.

use std::io;
use std::sync::Arc;

use futures::FutureExt;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::codec::{
    Answered, Failure, Notification, answer_line, notification_line,
};
use task_orchestrator_shared::admin::log::LogLines;
use task_orchestrator_shared::role::Role;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Connection, Ended};
use crate::admin::asked::Told;
use crate::admin::calls::{self, Wanted};
use crate::admin::finished::Finished;
use crate::admin::outbox::Text;
use crate::admin::requests::Said;
use crate::admin::streams::Changes;

impl Connection {
    pub(super) fn say(&mut self, said: Said) -> Result<(), Ended> {
        match said {
            Said::Later => Ok(()),
            Said::Event(id, event) => self.notify(&Notification::Event(*event), id).map(drop),
            Said::Finished(id, finished, since) => self.say_finished(id, *finished, since),
        }
    }

    fn say_finished(&mut self, id: Option<u64>, finished: Finished, since: Instant) -> Result<(), Ended> {
        let answer = match finished {
            Finished::Reply(reply) => Ok(Answered::Reply(reply)),
            Finished::Failed(failure) => Err(failure),
            Finished::Rejected(failure) => {
                self.close();
                Err(failure)
            }
            Finished::Welcome(welcome, caller) => {
                (self.version, self.skew) = (Some(welcome.protocol), welcome.skew);
                self.peer.known_as(caller);
                Ok(Answered::Welcome(welcome))
            }
            Finished::Subscribed(view, subscription) => {
                if subscription.number == self.newest.subscription {
                    self.changes = Changes::Live(subscription);
                }
                Ok(Answered::Reply(view))
            }
            Finished::Following(lines, following) => {
                self.following = Some(following).filter(|one| one.number == self.newest.following);
                Ok(Answered::Reply(Reply::LogLines(lines)))
            }
            Finished::Renewed(view, subscription) => {
                if subscription.number == self.newest.subscription {
                    self.changes = Changes::Live(subscription);
                    let fits = self.notify(&Notification::View(view), None)?;
                    return if fits { Ok(()) } else { self.lose_changes() };
                }
                return Ok(());
            }
            Finished::FollowsOn(following) => {
                self.following = Some(following).filter(|one| one.number == self.newest.following);
                return Ok(());
            }
            Finished::NotRenewed => return self.lose_changes(),
        };
        self.answer(id, &answer, since)
    }

    fn answer(
        &mut self,
        id: Option<u64>,
        answer: &Result<Answered, Failure>,
        since: Instant,
    ) -> Result<(), Ended> {
        let line = answer_line(id, answer).map_err(io::Error::from)?;
        self.outbox.put(Text::Own(line), Some(since));
        Ok(())
    }

    /// Whether it fits on a line; otherwise it is left out.
    fn notify(&mut self, notification: &Notification, id: Option<u64>) -> Result<bool, Ended> {
        let line = notification_line(notification, id).map_err(io::Error::from)?;
        let fits = line.is_some();
        if let Some(line) = line {
            self.outbox.put(Text::Own(line), None);
        }
        Ok(fits)
    }

    pub(super) fn say_change(&mut self, change: Result<(Arc<Told>, Role), RecvError>) -> Result<(), Ended> {
        if let Ok((told, role)) = change
            && let Some(line) = told.line(role)
        {
            self.outbox.put(Text::Shared(line), None);
            return Ok(());
        }
        self.renew()
    }

    /// Changes were lost, or come from elsewhere now: the whole view is asked for anew.
    fn renew(&mut self) -> Result<(), Ended> {
        let Changes::Live(subscription) = std::mem::replace(&mut self.changes, Changes::Renewing) else {
            return Ok(());
        };
        if subscription.is_fresh && subscription.deltas.is_closed() {
            // One that ends before it begins is not asked for again and again.
            return self.lose_changes();
        }
        let wanted = Wanted { number: subscription.number, place: subscription.place };
        let renewal = calls::renew(Arc::clone(&self.shared), Arc::clone(self.peer.caller()), wanted);
        let (_, events) = mpsc::channel(1);
        self.requests.begin(None, false, renewal.boxed(), events);
        Ok(())
    }

    /// Lines wait until it is known whether they may still be seen.
    pub(super) fn ask_to_follow_on(&mut self) {
        let Some(following) = self.following.take() else { return };
        let asking = calls::follow_on(Arc::clone(&self.shared), Arc::clone(self.peer.caller()), following);
        let (_, events) = mpsc::channel(1);
        self.requests.begin(None, false, asking.boxed(), events);
    }

    /// A reader who waits for changes and would get none has to know: the connection ends.
    fn lose_changes(&mut self) -> Result<(), Ended> {
        tracing::debug!("an admin caller can be told of no more changes");
        self.close();
        Ok(())
    }

    pub(super) fn say_lines(&mut self, lines: LogLines) -> Result<(), Ended> {
        let count = u64::try_from(lines.lines.len()).unwrap_or(u64::MAX);
        let missed = lines.missed.saturating_add(count);
        if !self.notify(&Notification::Log(lines), None)? {
            self.notify(&Notification::Log(LogLines { lines: Vec::new(), missed }), None)?;
        }
        Ok(())
    }
}
