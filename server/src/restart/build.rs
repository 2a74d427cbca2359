//! A program file that workers are started from: opened once, its content's hash
//! recorded, and started from that open file, so that what runs is what was
//! looked at, whatever happens to the path. A program that replaces another is
//! copied to a place of ours first: going back must not depend on a file that
//! somebody else writes.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Read and written at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// Largest program that is accepted.
const MAX_PROGRAM_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Which content a path had, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified_seconds: i64,
    modified_nanoseconds: i64,
}

impl Identity {
    /// Of what is at this path now.
    ///
    /// # Errors
    ///
    /// The system's reason.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&fs::metadata(path)?))
    }
}

impl From<&fs::Metadata> for Identity {
    fn from(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified_seconds: metadata.mtime(),
            modified_nanoseconds: metadata.mtime_nsec(),
        }
    }
}

/// See the module. Clones share the open file.
#[derive(Debug, Clone)]
pub struct Build {
    path: PathBuf,
    identity: Identity,
    kept: Arc<OnceLock<PathBuf>>,
    file: Arc<File>,
    sha256: Arc<OnceLock<String>>,
}

impl Build {
    /// The program that this process was started from.
    ///
    /// # Errors
    ///
    /// The system's reason.
    pub fn own() -> io::Result<Self> {
        let file = File::open("/proc/self/exe")?;
        let path = std::env::current_exe()?;
        let identity = Identity::from(&file.metadata()?);
        Ok(Self { path, identity, kept: Arc::default(), file: Arc::new(file), sha256: Arc::default() })
    }

    /// The program at this path, copied into `keep` under the name of its hash.
    ///
    /// # Errors
    ///
    /// No regular file, not executable, empty, too large, or the system's reason;
    /// the message says which and names the path.
    pub fn open(path: &Path, keep: &Path) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let source = File::open(path).map_err(named)?;
        let metadata = source.metadata().map_err(named)?;
        acceptable(&metadata).map_err(named)?;
        let (kept, sha256) = keep_copy(source, keep).map_err(named)?;
        let file = File::open(&kept).map_err(named)?;
        Ok(Self {
            path: path.to_owned(),
            identity: Identity::from(&metadata),
            kept: Arc::new(kept.into()),
            file: Arc::new(file),
            sha256: Arc::new(sha256.into()),
        })
    }

    /// A copy that an earlier front has kept. Its content is checked.
    ///
    /// # Errors
    ///
    /// It is gone, or not what it was.
    pub fn kept(plan: &PlannedBuild) -> io::Result<Self> {
        let kept = plan.kept.clone().ok_or_else(|| io::Error::other("no copy was kept"))?;
        let file = File::open(&kept)?;
        let metadata = file.metadata()?;
        acceptable(&metadata)?;
        let build = Self {
            path: plan.path.clone(),
            identity: plan.identity,
            kept: Arc::new(kept.clone().into()),
            file: Arc::new(file),
            sha256: Arc::default(),
        };
        if build.sha256()? == plan.sha256 {
            Ok(build)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} is not what it was", kept.display())))
        }
    }

    /// What to start: the open file by a name that every child of this process can use.
    pub fn program(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()))
    }

    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which content the path had then.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// SHA-256 of the content in hexadecimal. Reads the file the first time.
    ///
    /// # Errors
    ///
    /// The system's reason.
    pub fn sha256(&self) -> io::Result<String> {
        if let Some(known) = self.sha256.get() {
            return Ok(known.clone());
        }
        let mut digest = Sha256::new();
        let mut reader = self.file.try_clone()?;
        io::Seek::rewind(&mut reader)?;
        each_block(&mut reader, |bytes| {
            digest.update(bytes);
            Ok(())
        })?;
        let text = hex(&digest.finalize());
        Ok(self.sha256.get_or_init(|| text).clone())
    }

    /// The hash, where it is known already.
    pub fn known_sha256(&self) -> Option<&str> {
        self.sha256.get().map(String::as_str)
    }

    /// Makes sure that there is a copy, for the case that the path gets another
    /// content and this process ends.
    ///
    /// # Errors
    ///
    /// The system's reason.
    pub fn keep(&self, keep: &Path) -> io::Result<()> {
        if self.kept.get().is_some_and(|kept| kept.exists()) {
            return Ok(());
        }
        let mut source = self.file.try_clone()?;
        io::Seek::rewind(&mut source)?;
        let (kept, sha256) = keep_copy(source, keep)?;
        self.kept.get_or_init(|| kept);
        self.sha256.get_or_init(|| sha256);
        Ok(())
    }

    /// The copy, where there is one.
    pub fn copy(&self) -> Option<&Path> {
        self.kept.get().map(PathBuf::as_path)
    }

    /// For the plan. Reads the file when its hash is not known.
    ///
    /// # Errors
    ///
    /// The system's reason.
    pub fn planned(&self) -> io::Result<PlannedBuild> {
        let (sha256, kept) = (self.sha256()?, self.kept.get().cloned());
        Ok(PlannedBuild { path: self.path.clone(), identity: self.identity, sha256, kept })
    }
}

/// A build as the plan file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedBuild {
    /// Where it was found.
    pub path: PathBuf,
    /// Which content the path had then.
    pub identity: Identity,
    /// SHA-256 of the content.
    pub sha256: String,
    /// The copy.
    pub kept: Option<PathBuf>,
}

/// Removes the copies that nobody wants any more.
///
/// # Errors
///
/// The directory cannot be read; a file that cannot be removed stays.
pub fn prune(keep: &Path, wanted: &[PathBuf]) -> io::Result<()> {
    for entry in fs::read_dir(keep)? {
        let path = entry?.path();
        if !wanted.contains(&path)
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!(path = %path.display(), %error, "a build that is not wanted stays");
        }
    }
    Ok(())
}

fn acceptable(metadata: &fs::Metadata) -> io::Result<()> {
    let problem = if !metadata.is_file() {
        "is no regular file"
    } else if metadata.permissions().mode() & 0o111 == 0 {
        "is not executable (chmod +x)"
    } else if metadata.len() == 0 {
        "is empty"
    } else if metadata.len() > MAX_PROGRAM_BYTES {
        "is too large to be a program"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

/// Copies and hashes in one pass. The copy gets its name when it is whole.
fn keep_copy(mut source: File, keep: &Path) -> io::Result<(PathBuf, String)> {
    DirBuilder::new().recursive(true).mode(0o700).create(keep)?;
    let mut copy_to = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempfile_in(keep)?;
    let mut digest = Sha256::new();
    each_block(&mut source, |bytes| {
        digest.update(bytes);
        copy_to.write_all(bytes)
    })?;
    let sha256 = hex(&digest.finalize());
    let path = keep.join(&sha256);
    if path.exists() {
        return Ok((path, sha256));
    }
    copy_to.as_file().sync_all()?;
    // A file that is open for writing cannot be started: close it before it is.
    copy_to.into_temp_path().persist(&path).map_err(|error| error.error)?;
    File::open(keep)?.sync_all()?;
    Ok((path, sha256))
}

/// Reads everything, block by block.
fn each_block(from: &mut impl Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let read = from.read(&mut block)?;
        if read == 0 {
            return Ok(());
        }
        take(block.get(..read).unwrap_or_default())?;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(directory: &Path, name: &str, text: &str) -> PathBuf {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn what_runs_is_what_was_opened_whatever_happens_to_the_path() {
        let place = tempfile::tempdir().unwrap();
        let path = program(place.path(), "tool", "#!/bin/sh\necho first\n");
        let build = Build::open(&path, &place.path().join("builds")).unwrap();
        program(place.path(), "tool", "#!/bin/sh\necho second\n");
        let said = std::process::Command::new(build.program()).output().unwrap();
        assert_eq!(said.stdout, b"first\n");
        assert_ne!(Identity::of(&path).unwrap(), build.identity());
        assert_eq!(
            Build::kept(&build.planned().unwrap()).unwrap().sha256().unwrap(),
            build.sha256().unwrap()
        );
    }

    #[test]
    fn what_is_no_program_is_refused_with_the_reason() {
        let place = tempfile::tempdir().unwrap();
        let keep = place.path().join("builds");
        let plain = place.path().join("plain");
        fs::write(&plain, "x").unwrap();
        let empty = program(place.path(), "empty", "");
        for (path, reason) in [
            (place.path().join("missing"), "No such file"),
            (place.path().to_owned(), "regular file"),
            (plain, "not executable"),
            (empty, "empty"),
        ] {
            let error = Build::open(&path, &keep).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(&*path.to_string_lossy()), "{error}");
        }
    }

    #[test]
    fn a_kept_copy_that_was_changed_is_refused_and_others_are_pruned() {
        let place = tempfile::tempdir().unwrap();
        let keep = place.path().join("builds");
        let one = Build::open(&program(place.path(), "one", "1"), &keep).unwrap().planned().unwrap();
        let two = Build::open(&program(place.path(), "two", "2"), &keep).unwrap().planned().unwrap();
        prune(&keep, &[two.kept.clone().unwrap()]).unwrap();
        assert!(Build::kept(&one).is_err());
        fs::write(two.kept.as_ref().unwrap(), "3").unwrap();
        assert!(Build::kept(&two).unwrap_err().to_string().contains("not what it was"));
    }
}
