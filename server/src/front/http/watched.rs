//! A connection whose client must not keep it for nothing: who sends the head of a request
//! too slowly, reads too slowly or asks for nothing for too long, is cut off.
//!
//! The time that a server takes for its answer is not the client's, and is not counted.
//!
//! A connection that waits for a request needs nothing that reads one: see [`Watched::wake`].

use std::future::Future as _;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::warm::{Place, Warm};

/// Most bytes that are read of a request before there is anything that reads it.
const FIRST_READ: usize = 8 * 1024;

/// How long each of the three may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From the first byte of a head to its last.
    pub(super) head: Duration,
    /// Without a byte taken of what is to be sent.
    pub(super) write: Duration,
    /// Without a request.
    pub(super) idle: Duration,
}

/// Requests of a connection whose heads have been read.
#[derive(Debug)]
pub(super) struct Activity {
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// Whether the client is awaited to send a request, and has everything that was sent.
    is_resting: AtomicBool,
    place: Place,
    /// Who has found nothing to read while a request was under way: what was sent may be
    /// read before the request counts as ended, and nothing else would have it look again.
    reader: AtomicWaker,
}

impl Activity {
    /// That of a new connection among these.
    pub(super) fn new(warm: &Warm) -> Self {
        let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (is_resting, reader) = (AtomicBool::new(false), AtomicWaker::new());
        Self { begun, ended, is_resting, place: warm.place(), reader }
    }

    /// Waits until the connection is to rest, and can.
    pub(super) async fn rests(&self) {
        loop {
            self.place.told_to_rest().await;
            if self.is_resting.load(Ordering::Relaxed) && !self.is_busy() {
                return;
            }
        }
    }

    fn rest(&self, is_resting: bool) {
        if self.is_resting.swap(is_resting, Ordering::Relaxed) != is_resting {
            if is_resting { self.place.idle() } else { self.place.busy() }
        }
    }

    /// A request has been read; it ends with what is returned.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    fn is_busy(&self) -> bool {
        self.begun() != self.ended.load(Ordering::Relaxed)
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
        self.0.reader.wake();
    }
}

/// What the client is expected to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// Nothing: it waits itself.
    Nothing,
    /// The first byte of a request.
    Request,
    /// The rest of a head.
    Head,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    patience: Patience,
    activity: Arc<Activity>,
    awaited: Awaited,
    /// Requests that had begun when that was last looked at.
    begun: usize,
    /// What was read of a request before there was anything that reads it.
    first: Bytes,
    read_by: Pin<Box<Sleep>>,
    /// Only while something could not be written.
    write_by: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    /// A new connection: the first head is awaited from now on.
    pub(super) fn new(stream: S, patience: Patience, activity: Arc<Activity>) -> Self {
        let read_by = Box::pin(tokio::time::sleep_until(Instant::now() + patience.head));
        let (awaited, first) = (Awaited::Head, Bytes::new());
        Self { stream, patience, activity, awaited, begun: 0, first, read_by, write_by: None }
    }

    /// The same after something else has read from it, and this of the next request.
    pub(super) fn having_read(self, first: &[u8]) -> Self {
        // Its own copy: most are empty, and what they are a part of is not.
        Self { first: Bytes::copy_from_slice(first), ..self }
    }

    fn expect(&mut self, awaited: Awaited, within: Duration) {
        self.awaited = awaited;
        self.read_by.as_mut().reset(Instant::now() + within);
    }

    /// A head that was awaited has come, however soon its request was answered.
    fn notice(&mut self) {
        let begun = self.activity.begun();
        if std::mem::replace(&mut self.begun, begun) != begun {
            self.awaited = Awaited::Nothing;
        }
    }

    /// Whether the client does not do what it is to do now.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if self.activity.is_busy() {
            self.activity.reader.register(context.waker());
            return false;
        }
        if self.awaited == Awaited::Nothing {
            self.expect(Awaited::Request, self.patience.idle);
        }
        self.activity.rest(self.awaited == Awaited::Request && self.write_by.is_none());
        self.read_by.as_mut().poll(context).is_ready()
    }

    /// What a write came to; without progress for too long, an error.
    fn written<T>(&mut self, result: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write_by = None;
            return result;
        }
        let within = self.patience.write;
        self.activity.rest(false);
        let by =
            self.write_by.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + within)));
        if by.as_mut().poll(context).is_ready() { Poll::Ready(Err(late("read"))) } else { Poll::Pending }
    }
}

fn late(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("the client did not {what} in time"))
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Waits for the begin of a request. `false`: none will come.
    ///
    /// # Errors
    ///
    /// When none comes in time, or the connection fails.
    pub(super) async fn wake(&mut self) -> io::Result<bool> {
        poll_fn(|context| {
            if !self.first.is_empty() {
                return Poll::Ready(Ok(true));
            }
            let mut room = [MaybeUninit::uninit(); FIRST_READ];
            let mut buffer = ReadBuf::uninit(&mut room);
            let read = Pin::new(&mut *self).poll_read(context, &mut buffer);
            read.map_ok(|()| {
                self.first = Bytes::copy_from_slice(buffer.filled());
                !self.first.is_empty()
            })
        })
        .await
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let length = self.first.len().min(buffer.remaining());
            buffer.put_slice(self.first.get(..length).unwrap_or_default());
            self.first.advance(length);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        self.notice();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(result) => {
                self.activity.rest(false);
                let has_begun = buffer.filled().len() > before && !self.activity.is_busy();
                if has_begun && self.awaited != Awaited::Head {
                    let within = self.patience.head;
                    self.expect(Awaited::Head, within);
                }
                // Bytes that come one by one would never let it be late otherwise.
                if has_begun && self.is_late(context) {
                    return Poll::Ready(Err(late("send the head of a request")));
                }
                Poll::Ready(result)
            }
            Poll::Pending if self.is_late(context) => Poll::Ready(Err(late("send a request"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(result, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(result, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.written(result, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(context);
        self.written(result, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        write: Duration::from_secs(30),
        idle: Duration::from_secs(120),
    };

    fn connected() -> (DuplexStream, Watched<DuplexStream>, Arc<Activity>) {
        let (client, server) = duplex(64);
        let activity = Arc::new(Activity::new(&Warm::default()));
        (client, Watched::new(server, PATIENCE, Arc::clone(&activity)), activity)
    }

    /// How many seconds pass until this has failed.
    async fn seconds_until_late<T>(action: impl Future<Output = io::Result<T>>) -> u64 {
        let begun = Instant::now();
        let error = action.await.err().map(|error| error.kind());
        assert_eq!(error, Some(io::ErrorKind::TimedOut));
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_byte_by_byte_is_late() {
        let (mut client, mut server, _) = connected();
        let trickle = tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep_until(Instant::now() + Duration::from_secs(1)).await;
            }
        });
        let all = async {
            let mut byte = [0; 1];
            loop {
                server.read_exact(&mut byte).await?;
            }
            #[expect(unreachable_code, reason = "names the type")]
            io::Result::Ok(())
        };
        assert_eq!(seconds_until_late(all).await, 10);
        drop(server);
        trickle.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_between_two_requests_is_not_late_with_a_head() {
        let (mut client, mut server, activity) = connected();
        client.write_all(b"x").await.unwrap();
        server.read_u8().await.unwrap();
        drop(activity.begin());
        assert_eq!(seconds_until_late(server.read_u8()).await, 120);
        let (mut client, mut server, activity) = connected();
        client.write_all(b"x").await.unwrap();
        server.read_u8().await.unwrap();
        drop(activity.begin());
        client.write_all(b"x").await.unwrap();
        server.read_u8().await.unwrap();
        assert_eq!(seconds_until_late(server.read_u8()).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_thinks_is_not_a_client_that_is_late() {
        let (mut client, mut server, activity) = connected();
        client.write_all(b"x").await.unwrap();
        server.read_u8().await.unwrap();
        let busy = activity.begin();
        let waited = tokio::time::timeout(Duration::from_secs(3600), server.read_u8()).await;
        assert!(waited.is_err(), "{waited:?}");
        drop(busy);
        assert_eq!(seconds_until_late(server.read_u8()).await, 120);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_is_idle_from_the_end_of_its_request_though_nothing_else_happens_then() {
        let (mut client, mut server, activity) = connected();
        client.write_all(b"x").await.unwrap();
        server.read_u8().await.unwrap();
        let busy = activity.begin();
        let waiting = tokio::spawn(async move {
            let late = seconds_until_late(server.read_u8());
            tokio::time::timeout(Duration::from_secs(3600), late).await
        });
        tokio::task::yield_now().await;
        drop(busy);
        assert_eq!(waiting.await.unwrap().ok(), Some(120));
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_cut_off_and_who_reads_slowly_is_not() {
        let (mut client, mut server, _activity) = connected();
        server.write_all(&[0; 64]).await.unwrap();
        let slow = tokio::spawn(async move {
            for _ in 0..4 {
                tokio::time::sleep_until(Instant::now() + Duration::from_secs(20)).await;
                client.read_exact(&mut [0; 64]).await.unwrap();
            }
            client
        });
        for _ in 0..4 {
            server.write_all(&[0; 64]).await.unwrap();
        }
        let _client = slow.await.unwrap();
        assert_eq!(seconds_until_late(server.write_all(&[0; 65])).await, 30);
    }
}
