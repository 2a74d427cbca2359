//! HTTP in figures: connections, responses, streams and what went through them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;

/// See the module.
#[derive(Debug)]
pub(crate) struct Network {
    responses: Family<[(&'static str, &'static str); 1], Counter>,
    /// What most responses touch: found without looking it up.
    successes: Counter,
    connections: Gauge,
    streams: Gauge,
    events: Counter,
    resumed: Counter,
}

impl Network {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let responses: Family<[(&'static str, &'static str); 1], Counter> = Family::default();
        for class in ["1xx", "2xx", "3xx", "4xx", "5xx"] {
            responses.get_or_create_owned(&[("class", class)]);
        }
        let this = Self {
            successes: responses.get_or_create_owned(&[("class", "2xx")]),
            responses,
            connections: Gauge::default(),
            streams: Gauge::default(),
            events: Counter::default(),
            resumed: Counter::default(),
        };
        let responses = "Responses of /mcp, by class of their status";
        registry.register("http_responses", responses, this.responses.clone());
        registry.register("http_open_connections", "Connections over TCP", this.connections.clone());
        registry.register("http_open_streams", "Responses that are event streams", this.streams.clone());
        registry.register("http_stream_events", "Events sent on streams", this.events.clone());
        let resumed = "Streams that went on behind the last event that their client had seen";
        registry.register("http_streams_resumed", resumed, this.resumed.clone());
        this
    }
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub(crate) struct Connection(Arc<Metrics>);

impl Connection {
    pub(crate) fn new(metrics: &Arc<Metrics>) -> Self {
        metrics.network.connections.inc();
        Self(Arc::clone(metrics))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.network.connections.dec();
    }
}

impl Network {
    /// A response is on its way; where it is a stream, what goes through it is counted.
    pub(crate) fn responded(metrics: &Arc<Metrics>, response: Response, resumes: bool) -> Response {
        let network = &metrics.network;
        match response.status() {
            status if status.is_success() => network.successes.inc(),
            status => network.responses.get_or_create(&[("class", class(status))]).inc(),
        };
        let is_stream = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if !is_stream {
            return response;
        }
        if resumes && response.status().is_success() {
            network.resumed.inc();
        }
        network.streams.inc();
        response.map(|inner| Body::new(Counted { inner, metrics: Arc::clone(metrics) }))
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

/// A stream whose events are counted, open until it is dropped.
struct Counted {
    inner: Body,
    metrics: Arc<Metrics>,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.metrics.network.events.inc_by(events_in(data));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.network.streams.dec();
    }
}

/// Events that end in these bytes. A comment, which only keeps a stream alive, is none:
/// it is written by itself and begins with a colon.
fn events_in(data: &[u8]) -> u64 {
    if data.starts_with(b":") {
        return 0;
    }
    memchr::memmem::find_iter(data, b"\n\n").count() as u64
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn stream(text: &'static str) -> Response {
        let mut response = Response::new(Body::from(text));
        let kind = header::HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    #[tokio::test]
    async fn events_of_streams_are_counted_and_comments_are_not() {
        let metrics = Metrics::new();
        let text = "id: 1-1\ndata: {}\n\nid: 1-2\ndata: {}\n\n";
        let response = Network::responded(&metrics, stream(text), true);
        assert_eq!(metrics.network.streams.get(), 1);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), text);
        assert_eq!((metrics.network.events.get(), metrics.network.streams.get()), (2, 0));
        let response = Network::responded(&metrics, stream(":\n\n"), false);
        drop(response.into_body().collect().await);
        assert_eq!((metrics.network.events.get(), metrics.network.resumed.get()), (2, 1));
    }

    #[test]
    fn responses_are_counted_by_their_class() {
        let metrics = Metrics::new();
        for status in [200, 202, 404, 400, 503] {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            drop(Network::responded(&metrics, response, true));
        }
        let of = |class| metrics.network.responses.get_or_create_owned(&[("class", class)]).get();
        assert_eq!(["2xx", "3xx", "4xx", "5xx"].map(of), [2, 0, 2, 1]);
        assert_eq!((metrics.network.resumed.get(), metrics.network.streams.get()), (0, 0));
    }

    #[test]
    fn a_connection_is_open_until_it_is_dropped() {
        let metrics = Metrics::new();
        let connection = Connection::new(&metrics);
        assert_eq!(metrics.network.connections.get(), 1);
        drop(connection);
        assert_eq!(metrics.network.connections.get(), 0);
    }
}
