//! Reads a request from bytes. The first line is `METHOD URI SITE LIMIT STRETCH`, then
//! headers, an empty line, the body. In values and body the byte 1 has the byte behind it
//! come so often as the first line says, so that few bytes make what is long.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};

/// Longest value or body after that.
const MAX: usize = 300_000;

pub struct Input {
    pub method: Method,
    pub uri: Uri,
    pub site: usize,
    pub limit: usize,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
}

impl Input {
    /// `None` for what no HTTP library takes for a request.
    pub fn read(data: &[u8]) -> Option<Self> {
        let mut lines = data.splitn(2, |byte| *byte == b'\n');
        let mut words = str::from_utf8(lines.next()?).ok()?.split(' ');
        let (method, uri) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let mut number = || words.next().and_then(|word| word.parse::<usize>().ok());
        let (site, limit) = (number().unwrap_or(0), number().unwrap_or(usize::MAX));
        let times = number().unwrap_or(1).min(70_000);
        let (mut rest, mut headers) = (lines.next()?, Vec::new());
        loop {
            let (line, more) = rest.split_at(rest.iter().position(|byte| *byte == b'\n')?);
            rest = &more[1..];
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|byte| *byte == b':')?;
            let value = stretched(line[colon + 1..].trim_ascii(), times);
            headers
                .push((HeaderName::from_bytes(&line[..colon]).ok()?, HeaderValue::from_bytes(&value).ok()?));
        }
        Some(Self { method, uri, site, limit, headers, body: stretched(rest, times) })
    }

    pub fn request(&self, body: &[u8]) -> Request<Bytes> {
        let mut request = Request::new(Bytes::copy_from_slice(body));
        (*request.method_mut(), *request.uri_mut()) = (self.method.clone(), self.uri.clone());
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.clone());
        }
        request
    }

    /// Every value of a header.
    pub fn all(&self, name: &str) -> Vec<&[u8]> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_bytes()).collect()
    }

    /// The first value, where it is visible ASCII.
    pub fn text(&self, name: &str) -> Option<&str> {
        let first = *self.all(name).first()?;
        str::from_utf8(first).ok().filter(|_| is_visible(first))
    }
}

/// Whether these are spaces and visible ASCII.
pub fn is_visible(value: &[u8]) -> bool {
    value.iter().all(|byte| (32..127).contains(byte) || *byte == b'\t')
}

fn stretched(bytes: &[u8], times: usize) -> Vec<u8> {
    let (mut stretched, mut bytes) = (Vec::new(), bytes.iter());
    while let Some(byte) = bytes.next() {
        let (byte, times) = if *byte == 1 { (bytes.next().unwrap_or(byte), times) } else { (byte, 1) };
        let room = MAX.saturating_sub(stretched.len());
        stretched.extend(std::iter::repeat_n(*byte, times.min(room)));
    }
    stretched
}
