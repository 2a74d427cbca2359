//! The two halves of a local stream, made so that nobody is woken for nothing.
//!
//! Whenever the peer takes bytes out of a local socket, Linux wakes whoever waits to write
//! into it (`unix_write_space` in `net/unix/af_unix.c`), and the runtime's own stream waits
//! for input and for room at once, always. So each request would wake a process on either
//! side of each hop that has nothing to do, and make the one that reads wait until it has
//! done so. Here the reading half waits for input alone, and the writing half for room, only
//! while there is none.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags};
use rustix::net::SendFlags;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::pipe;

/// What the runtime has for the end of a pipe waits for input only, and takes any
/// descriptor.
type Input = pipe::Receiver;

/// And this for room only.
type Room = pipe::Sender;

/// The end of a stream that is read.
#[derive(Debug)]
pub struct Reading(Arc<Input>);

/// The end of a stream that is written. The peer sees the end once it is dropped.
#[derive(Debug)]
pub struct Writing {
    stream: Arc<Input>,
    /// While there was no room; a descriptor of its own for the same stream.
    full: Option<Room>,
}

/// Takes a stream apart, within a runtime.
///
/// # Errors
///
/// When the system does not let it be waited for.
pub fn halves(stream: UnixStream) -> io::Result<(Reading, Writing)> {
    stream.set_nonblocking(true)?;
    let stream = Arc::new(Input::from_owned_fd_unchecked(OwnedFd::from(stream))?);
    Ok((Reading(Arc::clone(&stream)), Writing { stream, full: None }))
}

/// Waits in this thread for input or the end, and for nothing else: a thread that reads is
/// woken as well when the peer does.
///
/// # Errors
///
/// The system's own.
pub fn wait_for_input(stream: &UnixStream) -> io::Result<()> {
    let mut wanted = [PollFd::new(stream, PollFlags::IN)];
    Ok(rustix::io::retry_on_intr(|| rustix::event::poll(&mut wanted, None)).map(drop)?)
}

impl AsyncRead for Reading {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read_buf(buffer) {
                Err(error) if is_over_soon(&error) => {}
                read => return Poll::Ready(read.map(drop)),
            }
        }
    }
}

impl AsyncWrite for Writing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let written = match &self.full {
                None => rustix::net::send(&*self.stream, bytes, SendFlags::NOSIGNAL).map_err(io::Error::from),
                Some(room) => {
                    ready!(room.poll_write_ready(context))?;
                    room.try_write(bytes)
                }
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.full.is_none() => {
                    let again = self.stream.as_fd().try_clone_to_owned()?;
                    self.full = Some(Room::from_owned_fd_unchecked(again)?);
                }
                Err(error) if is_over_soon(&error) => {}
                written => {
                    self.full = None;
                    return Poll::Ready(written);
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.end())
    }
}

impl Writing {
    fn end(&self) -> io::Result<()> {
        Ok(rustix::net::shutdown(&*self.stream, rustix::net::Shutdown::Write)?)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // A peer that is gone needs to be told nothing.
        let _ = self.end();
    }
}

/// Whether it is to be tried once more, after waiting where the runtime says so.
fn is_over_soon(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const PART: usize = 8192;

    fn pair() -> ((Reading, Writing), UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (halves(ours).unwrap(), theirs)
    }

    #[tokio::test]
    async fn what_is_more_than_there_is_room_for_arrives_whole_and_in_order() {
        let ((_reading, mut writing), mut theirs) = pair();
        let sent: Vec<u8> = (0..5_000_000_u32).map(|number| (number % 251) as u8).collect();
        let expected = sent.clone();
        let received = std::thread::spawn(move || {
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).unwrap();
            received
        });
        writing.write_all(&sent).await.unwrap();
        writing.write_all(b"the last").await.unwrap();
        drop(writing);
        let received = received.join().unwrap();
        assert!(received.starts_with(&expected) && received.ends_with(b"the last"));
        assert_eq!(received.len(), expected.len() + 8);
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_makes_the_writer_wait_and_one_that_does_lets_it_go_on() {
        let ((_reading, mut writing), mut theirs) = pair();
        let bytes = vec![7; 1_000_000];
        let mut sent = 0;
        let full = loop {
            let write = writing.write(&bytes);
            tokio::select! {
                biased;
                count = write => sent += count.unwrap(),
                () = std::future::ready(()) => break sent,
            }
        };
        assert!(writing.full.is_some() && full > 0);
        std::thread::spawn(move || io::copy(&mut theirs, &mut io::sink()));
        assert!(writing.write(&bytes).await.unwrap() > 0);
        assert!(writing.full.is_none());
    }

    #[tokio::test]
    async fn much_and_little_are_read_to_the_end() {
        let ((mut reading, _writing), mut theirs) = pair();
        let sent: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 241) as u8).collect();
        let expected = sent.clone();
        let writer = std::thread::spawn(move || {
            for part in [1, PART - 1, PART, PART + 1, usize::MAX] {
                let (now, _) = sent.split_at(part.min(sent.len()));
                theirs.write_all(now).unwrap();
            }
        });
        let mut received = Vec::new();
        reading.read_to_end(&mut received).await.unwrap();
        writer.join().unwrap();
        assert!(received.ends_with(&expected));
        assert_eq!(received.len(), expected.len() + 1 + 3 * PART);
    }

    /// How often this thread has given its processor away, and whether it waits.
    #[cfg(target_os = "linux")]
    fn waits(thread: &std::path::Path) -> (u64, bool) {
        let status = std::fs::read_to_string(thread.join("status")).unwrap();
        let of = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim();
        (of("voluntary_ctxt_switches:").parse().unwrap(), of("State:").starts_with('S'))
    }

    /// How often somebody who waits for input is woken while the peer reads a hundred times.
    #[cfg(target_os = "linux")]
    fn woken(read: impl FnOnce(UnixStream) -> u8 + Send + 'static) -> u64 {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        // Room is made once all is read that came at a time.
        (0..100).for_each(|_| ours.write_all(&[1]).unwrap());
        let (tell, told) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            tell.send(std::fs::read_link("/proc/thread-self").unwrap()).unwrap();
            read(ours)
        });
        let thread = std::path::Path::new("/proc").join(told.recv().unwrap());
        let asleep = || loop {
            match waits(&thread) {
                (times, true) => return times,
                (_, false) => std::thread::yield_now(),
            }
        };
        let before = asleep();
        for _ in 0..100 {
            theirs.read_exact(&mut [0]).unwrap();
            asleep();
        }
        let woken = asleep() - before;
        theirs.write_all(&[9]).unwrap();
        assert_eq!(waiting.join().unwrap(), 9);
        woken
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_waits_for_input_is_not_woken_when_the_peer_reads() {
        let in_a_runtime = woken(|stream| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let (mut reading, _writing) = halves(stream).unwrap();
                reading.read_u8().await.unwrap()
            })
        });
        let in_a_thread = woken(|mut stream| {
            wait_for_input(&stream).unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            byte[0]
        });
        assert!(in_a_runtime < 50 && in_a_thread < 50, "{in_a_runtime} and {in_a_thread} times");
    }
}
