//! `tokens.json`: read whole, written whole. Who changes it holds a lock, so that two do
//! not lose each other's change; who reads it needs none, for it is replaced at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags};
use serde::{Deserialize, Serialize};
use task_orchestrator_shared::admin::token::SealedToken;

use super::error::TokenError;
use super::secret::{check_name, expiry_of, lock_of};

/// Tokens that are kept; more are refused.
pub const MAX_TOKENS: usize = 1000;

/// Longest file that is read.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    tokens: Vec<SealedToken>,
}

/// All tokens of the file; none where there is no file.
///
/// # Errors
/// It cannot be read, others could have written it, or it is not of this form.
pub fn read(path: &Path) -> Result<Vec<SealedToken>, TokenError> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TokenError::file("open", path)(error)),
    };
    check_owner(path, &file)?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(TokenError::file("read", path))?;
    let broken = |why: String| TokenError::Broken { path: path.to_owned(), why };
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(broken(format!("it has more than {MAX_FILE_BYTES} bytes")));
    }
    let Content { version, tokens } =
        serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
    if version != VERSION {
        return Err(broken(format!("it is of version {version}, and this program knows {VERSION}")));
    }
    if tokens.len() > MAX_TOKENS {
        return Err(broken(format!("it has more than {MAX_TOKENS} tokens")));
    }
    tokens.iter().try_for_each(check).map_err(|error| broken(error.to_string()))?;
    Ok(tokens)
}

fn check_owner(path: &Path, file: &File) -> Result<(), TokenError> {
    let metadata = file.metadata().map_err(TokenError::file("look at", path))?;
    let owners = [rustix::process::geteuid().as_raw(), 0];
    let why = if !metadata.is_file() {
        "it is no file"
    } else if !owners.contains(&metadata.uid()) {
        "it belongs to another user"
    } else if metadata.mode() & 0o077 != 0 {
        "others than its owner may open it"
    } else {
        return Ok(());
    };
    Err(TokenError::NotOurs { path: path.to_owned(), why })
}

fn check(token: &SealedToken) -> Result<(), TokenError> {
    check_name(&token.name)?;
    expiry_of(token)?;
    lock_of(token).map(drop)
}

/// Keeps one more.
///
/// # Errors
/// Its name is taken, there is no room, or the file cannot be written.
pub fn add(path: &Path, token: SealedToken) -> Result<(), TokenError> {
    check(&token)?;
    change(path, |tokens| {
        if tokens.iter().any(|other| other.name == token.name || other.id == token.id) {
            return Err(TokenError::Exists(token.name));
        }
        if tokens.len() >= MAX_TOKENS {
            return Err(TokenError::Full(MAX_TOKENS));
        }
        tokens.push(token);
        Ok(())
    })
}

/// Forgets one: from then on nobody is let in with it.
///
/// # Errors
/// There is none of that name, or the file cannot be written.
pub fn revoke(path: &Path, name: &str) -> Result<(), TokenError> {
    check_name(name)?;
    change(path, |tokens| {
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() == before { Err(TokenError::Missing(name.to_owned())) } else { Ok(()) }
    })
}

fn change(
    path: &Path,
    change: impl FnOnce(&mut Vec<SealedToken>) -> Result<(), TokenError>,
) -> Result<(), TokenError> {
    let lock = beside(path, "lock");
    let locked = OpenOptions::new().create(true).append(true).mode(0o600).open(&lock);
    let locked = locked.map_err(TokenError::file("open", &lock))?;
    rustix::fs::flock(&locked, FlockOperation::LockExclusive)
        .map_err(|error| TokenError::file("lock", &lock)(error.into()))?;
    let mut tokens = read(path)?;
    change(&mut tokens)?;
    write(path, Content { version: VERSION, tokens })
}

fn write(path: &Path, content: Content) -> Result<(), TokenError> {
    let part = beside(path, "part");
    // Left by somebody who died between the two steps; the lock says that nobody writes it.
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(TokenError::file("remove", &part)(error));
        }
        _ => {}
    }
    let text = serde_json::to_string_pretty(&content)
        .map_err(|error| TokenError::Broken { path: path.to_owned(), why: error.to_string() })?;
    let failed = |action| TokenError::file(action, path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(TokenError::file("create", &part))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed("write"))?;
    std::fs::rename(&part, path).map_err(failed("replace"))?;
    let directory = path.parent().unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(TokenError::file("sync", directory))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
