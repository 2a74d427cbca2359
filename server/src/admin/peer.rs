//! Who is at the other end of a connection, as the kernel says. Refuses nobody:
//! whoever carries a request out decides.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::net::UnixStream;

use super::asked::Caller;
use crate::access::{self, Account};

/// How long the user database may take. It may be at the other end of a network.
const PATIENCE: Duration = Duration::from_secs(3);

/// The other end.
#[derive(Debug)]
pub(super) struct Peer {
    caller: Arc<Caller>,
    /// Readable once the process has ended.
    process: Option<OwnedFd>,
}

impl Peer {
    /// Asks the kernel, and the user database for the user's groups.
    ///
    /// # Errors
    ///
    /// The kernel does not say.
    pub(super) async fn of(stream: &UnixStream) -> io::Result<Self> {
        let peer = stream.peer_cred()?;
        let (uid, gid) = (peer.uid(), peer.gid());
        // Nothing is decided by the process: it may have passed its connection on,
        // and its number may be another one's since. Held by a descriptor from here
        // on, the number is at least told only while its process lives.
        let pid = peer.pid().and_then(Pid::from_raw);
        let process = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let Account { name: user, mut groups } = known(uid).await;
        if !groups.contains(&gid) {
            groups.insert(0, gid);
        }
        let pid = pid.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok());
        let caller = Caller { uid, user, gid, groups, pid, client: None, wanted: None, only_looks: false };
        Ok(Self { caller: Arc::new(caller), process })
    }

    /// Who it is at this moment.
    pub(super) fn caller(&mut self) -> &Arc<Caller> {
        if self.process.as_ref().is_none_or(has_ended) && self.caller.pid.is_some() {
            self.process = None;
            self.caller = Arc::new(Caller { pid: None, ..Caller::clone(&self.caller) });
        }
        &self.caller
    }

    /// The same caller, who has said more of itself.
    pub(super) fn known_as(&mut self, caller: Arc<Caller>) {
        self.caller = caller;
    }
}

/// What the user database knows, off this thread. Never from `/proc`: what is there
/// may be another process's by the time it is read. Without an answer there are no
/// groups: what is granted to one is not granted to who cannot be shown to be in it.
async fn known(uid: u32) -> Account {
    let asked = tokio::task::spawn_blocking(move || access::account(uid));
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(account)) => account,
        Ok(Err(_)) | Err(_) => {
            tracing::warn!(uid, "the user database does not say in time who an admin caller is");
            Account::default()
        }
    }
}

fn has_ended(process: &OwnedFd) -> bool {
    let mut looked = [PollFd::new(process, PollFlags::IN)];
    // What cannot be looked at is not told of either.
    poll(&mut looked, Some(&Timespec::default())).map_or(true, |ready| ready > 0)
}

/// Whether nobody is at the other end of a socket, as opposed to somebody who has
/// only said that no more requests follow.
pub(super) fn is_hung_up(socket: impl AsFd) -> bool {
    let mut looked = [PollFd::new(&socket, PollFlags::empty())];
    match poll(&mut looked, Some(&Timespec::default())) {
        Ok(_) => looked.iter().any(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR)),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_told_of_only_while_it_lives() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        let caller = Caller {
            uid: 1,
            user: None,
            gid: 2,
            groups: vec![2],
            pid: Some(child.id()),
            client: None,
            wanted: None,
            only_looks: false,
        };
        let process = pidfd_open(pid, PidfdFlags::empty()).ok();
        let mut peer = Peer { caller: Arc::new(caller), process };
        assert_eq!(peer.caller().pid, Some(child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!((peer.caller().pid, peer.caller().uid), (None, 1));
    }
}
