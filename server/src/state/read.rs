//! Reading a snapshot: first its hash over the raw bytes, then its content, one
//! task at a time. What fails the first is never parsed.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

use super::error::StateError;
use super::format::{BEFORE_HASH, BEHIND_HASH, HASH_DIGITS, HASHED_END, SEAL_BYTES, Snapshot, VERSION};
use crate::store::export::hexadecimal;
use crate::tasks::{Session, Task};

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;
/// Largest snapshot that is read, uncompressed: a small file must not fill the memory or run for ever.
const MAX_BYTES: u64 = 4 << 30;

/// Something in a snapshot.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// A session that work belongs to.
    Session(&'a Session),
    /// A closed task that an open one refers to.
    Related(&'a Task),
    /// An open task.
    Active(&'a Task),
}

/// Verifies a snapshot and reads everything but its tasks, which are checked and counted.
///
/// # Errors
///
/// When it cannot be read, is not what was written, or is of a newer program.
pub fn read(path: &Path) -> Result<Snapshot, StateError> {
    scan(path, &mut |_| Ok(()))
}

/// Verifies a snapshot and reads it, giving out its sessions and tasks on the way.
///
/// # Errors
///
/// As [`read`], and what `each` returns.
pub fn scan(
    path: &Path,
    each: &mut dyn FnMut(Item<'_>) -> Result<(), StateError>,
) -> Result<Snapshot, StateError> {
    sealed(path, false, each)
}

/// Verifies a snapshot and reads what stands before its tasks.
///
/// # Errors
///
/// As [`read`].
pub fn read_header(path: &Path) -> Result<Snapshot, StateError> {
    sealed(path, true, &mut |_| Ok(()))
}

/// Reads a bulk without a tail, which has been verified.
pub(super) fn scan_bulk(
    path: &Path,
    each: &mut dyn FnMut(Item<'_>) -> Result<(), StateError>,
) -> Result<Snapshot, StateError> {
    // The object is still open.
    parse(path, Box::new(open(path)?.chain(HASHED_END)), false, each)
}

/// Reads what stands before the tasks in such a bulk.
pub(super) fn read_bulk_header(path: &Path) -> Result<Snapshot, StateError> {
    parse(path, Box::new(open(path)?.chain(HASHED_END)), true, &mut |_| Ok(()))
}

fn sealed(
    path: &Path,
    header_only: bool,
    each: &mut dyn FnMut(Item<'_>) -> Result<(), StateError>,
) -> Result<Snapshot, StateError> {
    let (integrity_hash, size_bytes) = verify_hash(path)?;
    let snapshot = parse(path, open(path)?, header_only, each)?;
    Ok(Snapshot { integrity_hash, size_bytes, ..snapshot })
}

/// The file's content, uncompressed.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, StateError> {
    let file = File::open(path).map_err(StateError::file("read the snapshot", path))?;
    let file = BufReader::with_capacity(BUFFER, file);
    if path.extension().is_some_and(|extension| extension == "gz") {
        // Also refuses what stands behind the compressed part.
        Ok(Box::new(flate2::bufread::MultiGzDecoder::new(file)))
    } else {
        Ok(Box::new(file))
    }
}

/// A failure to read: of the content, or of the access to it.
pub(super) fn unreadable(path: &Path, error: io::Error) -> StateError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            StateError::broken(path, error.to_string())
        }
        _ => StateError::file("read the snapshot", path)(error),
    }
}

/// Its hash, which has been found right, and its size.
fn verify_hash(path: &Path) -> Result<(String, u64), StateError> {
    verify_content(path, &mut open(path)?.take(MAX_BYTES))
}

/// Whether a text is a whole snapshot with the right hash.
#[cfg(test)]
pub(super) fn is_sealed(mut text: &[u8]) -> bool {
    verify_content(Path::new("memory"), &mut text).is_ok()
}

fn verify_content(path: &Path, content: &mut dyn Read) -> Result<(String, u64), StateError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    // The last bytes read so far: they may be the seal, which is not hashed.
    let mut held = Vec::with_capacity(BUFFER + SEAL_BYTES);
    let mut bytes = 0;
    loop {
        let read = content.read(&mut buffer).map_err(|error| unreadable(path, error))?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        bytes += read as u64;
        held.extend_from_slice(part);
        let hashed = held.len().saturating_sub(SEAL_BYTES);
        hasher.update(held.get(..hashed).unwrap_or_default());
        held.drain(..hashed);
    }
    hasher.update(HASHED_END);
    let stated = stated_hash(&held).ok_or_else(|| StateError::broken(path, "it has no integrity_hash"))?;
    if hexadecimal(&hasher.finalize()) != stated {
        return Err(StateError::broken(path, "its content is not what its integrity_hash says"));
    }
    Ok((stated.to_owned(), bytes))
}

fn stated_hash(seal: &[u8]) -> Option<&str> {
    let hash = seal.strip_prefix(BEFORE_HASH)?.strip_suffix(BEHIND_HASH)?;
    let lowercase = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let is_hash = hash.len() == HASH_DIGITS && hash.iter().all(lowercase);
    std::str::from_utf8(hash).ok().filter(|_| is_hash)
}

fn parse(
    path: &Path,
    content: Box<dyn Read>,
    header_only: bool,
    each: &mut dyn FnMut(Item<'_>) -> Result<(), StateError>,
) -> Result<Snapshot, StateError> {
    let mut snapshot = Snapshot::default();
    let mut stopped = None;
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(BUFFER, content));
    let content = Content { snapshot: &mut snapshot, header_only, each, stopped: &mut stopped };
    let parsed = content.deserialize(&mut json).and_then(|()| json.end());
    match (stopped, parsed) {
        (Some(Stop::Enough), _) | (None, Ok(())) => {}
        (Some(Stop::Failed(error)), _) => return Err(error),
        (Some(Stop::TooNew), _) => {
            let path = path.to_owned();
            return Err(StateError::TooNew { path, found: snapshot.version, known: VERSION });
        }
        (None, Err(error)) => return Err(StateError::broken(path, error.to_string())),
    }
    if snapshot.version == 0 {
        return Err(StateError::broken(path, "it has no version"));
    }
    Ok(snapshot)
}

/// Why reading ended before the end.
enum Stop {
    Enough,
    TooNew,
    Failed(StateError),
}

struct Content<'a, 'b> {
    snapshot: &'a mut Snapshot,
    header_only: bool,
    each: &'a mut (dyn FnMut(Item<'_>) -> Result<(), StateError> + 'b),
    stopped: &'a mut Option<Stop>,
}

impl<'de> DeserializeSeed<'de> for Content<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Content<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a snapshot")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.member(&key, &mut map)?;
        }
        Ok(())
    }
}

impl Content<'_, '_> {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let Self { snapshot, header_only, each, stopped } = self;
        match key {
            "version" => {
                snapshot.version = map.next_value()?;
                if snapshot.version > VERSION {
                    **stopped = Some(Stop::TooNew);
                    return Err(A::Error::custom("a newer version"));
                }
            }
            "timestamp" => snapshot.timestamp = map.next_value()?,
            "server_version" => snapshot.server_version = map.next_value()?,
            "generation" => snapshot.generation = map.next_value()?,
            "restart_id" => snapshot.restart_id = map.next_value()?,
            "restart_reason" => snapshot.restart_reason = map.next_value()?,
            "database_state" => snapshot.database_state = map.next_value()?,
            "suspended_tasks" => snapshot.suspended_tasks = map.next_value()?,
            "work_sessions" | "related_tasks" | "active_tasks" if *header_only => {
                **stopped = Some(Stop::Enough);
                return Err(A::Error::custom("enough"));
            }
            "work_sessions" => {
                let each = |session: &Session| each(Item::Session(session));
                snapshot.work_sessions = map.next_value_seed(Array::new(each, stopped))?;
            }
            "related_tasks" => {
                let each = |task: &Task| each(Item::Related(task));
                snapshot.related_tasks = map.next_value_seed(Array::new(each, stopped))?;
            }
            "active_tasks" => {
                let each = |task: &Task| each(Item::Active(task));
                snapshot.active_tasks = map.next_value_seed(Array::new(each, stopped))?;
            }
            "client_sessions" => snapshot.client_sessions = map.next_value()?,
            "counters" => snapshot.counters = map.next_value()?,
            // The hash has been checked; what else there is, a later minor change has added.
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// An array whose elements are given out one by one.
struct Array<'a, F, T> {
    each: F,
    stopped: &'a mut Option<Stop>,
    of: std::marker::PhantomData<T>,
}

impl<'a, F, T> Array<'a, F, T> {
    const fn new(each: F, stopped: &'a mut Option<Stop>) -> Self {
        Self { each, stopped, of: std::marker::PhantomData }
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(&T) -> Result<(), StateError>> DeserializeSeed<'de>
    for Array<'_, F, T>
{
    type Value = u64;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(&T) -> Result<(), StateError>> Visitor<'de> for Array<'_, F, T> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(element) = elements.next_element::<T>()? {
            if let Err(error) = (self.each)(&element) {
                *self.stopped = Some(Stop::Failed(error));
                return Err(A::Error::custom("stopped"));
            }
            count += 1;
        }
        Ok(count)
    }
}
