//! The key, and the keyed hash of a record. The key is never logged or shown.

use std::fmt;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::disk::InPlace;
use super::error::AuditError;
use super::options::Options;
use super::ours;

/// Bytes of the key.
const BYTES: usize = 32;
/// Bytes of SHA-256's block, to which a key is filled up with zeros.
const BLOCK: usize = 64;

/// A keyed hash as its hexadecimal digits.
pub(super) type Digits = [u8; 64];

/// What stands before the first record.
pub(super) const ZEROS: Digits = [b'0'; 64];

/// The key, ready to be used.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    pub(super) fn new(bytes: &[u8; BYTES]) -> Self {
        let mut block = [0; BLOCK];
        for (place, byte) in block.iter_mut().zip(bytes) {
            *place = *byte;
        }
        Self(Hmac::new(&block.into()))
    }

    /// HMAC-SHA-256 of this.
    pub(super) fn digits(&self, content: &[u8]) -> Digits {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| DIGITS.get(usize::from(value & 15)).copied().unwrap_or(b'0');
        let mut hash = self.0.clone();
        hash.update(content);
        let mut digits = ZEROS;
        for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.finalize().into_bytes()) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte)]);
        }
        digits
    }

    /// Reads the key.
    ///
    /// # Errors
    /// A file that is not there, that others can read or have made, or that holds no key.
    pub(super) fn read(options: &Options) -> Result<Self, AuditError> {
        let path = &options.key();
        let unusable = |problem: String| AuditError::Key { path: path.to_owned(), problem };
        let file = match &options.key_file {
            Some(configured) => ours::read_configured(configured, &options.directory),
            None => ours::read(path),
        };
        let file = file.map_err(AuditError::io("open", path))?;
        let found = file.metadata().map_err(AuditError::io("look at", path))?;
        let mode = found.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            let closed = format!("others may read or change it (mode {mode:03o}); chmod 600 closes it");
            return Err(unusable(closed));
        }
        let mut content = Vec::new();
        file.take(BYTES as u64 + 1).read_to_end(&mut content).map_err(AuditError::io("read", path))?;
        let bytes: [u8; BYTES] = content.try_into().map_err(|_| {
            unusable(format!("it has to hold exactly {BYTES} bytes, such as from `head -c 32 /dev/urandom`"))
        })?;
        Ok(Self::new(&bytes))
    }

    /// Reads the key, and makes one before where there is none. Of several processes
    /// that do this at once all get the same: a key appears whole, and once.
    /// Returns whether it is new.
    ///
    /// # Errors
    /// As [`Self::read`], or when it cannot be written.
    pub(super) fn read_or_make(disk: &impl InPlace, options: &Options) -> Result<(Self, bool), AuditError> {
        match Self::read(options) {
            Err(AuditError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let made = make(disk, &options.key())?;
                Ok((Self::read(options)?, made))
            }
            read => Ok((read?, false)),
        }
    }
}

fn make(disk: &impl InPlace, path: &Path) -> Result<bool, AuditError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| AuditError::Random(error.to_string()))?;
    let part = path.with_extension(format!("{}.part", uuid::Uuid::new_v4().simple()));
    let made = write(disk, &part, path, &bytes);
    if !matches!(made, Ok(true)) {
        // Under its last name it is not there any more, or never was.
        let _ = disk.remove(&part);
    }
    made
}

fn write(disk: &impl InPlace, part: &Path, path: &Path, bytes: &[u8]) -> Result<bool, AuditError> {
    let file = disk.create(part).map_err(AuditError::io("create", part))?;
    disk.write(&file, bytes).map_err(AuditError::io("write", part))?;
    disk.sync(&file).map_err(AuditError::io("sync", part))?;
    match disk.rename_new(part, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(AuditError::io("create", path)(error)),
    }
    let parent = path.parent().unwrap_or(Path::new("."));
    disk.sync_directory(parent).map_err(AuditError::io("sync", parent))?;
    Ok(true)
}
