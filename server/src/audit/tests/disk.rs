//! Disks that fail at a chosen operation, record what is done to them, or wait.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::super::disk::InPlace;
use crate::state::{Disk, RealDisk};

/// What happens at an operation.
type At = Arc<dyn Fn(usize, &str, &Path) -> io::Result<()> + Send + Sync>;

/// The real disk, with something that happens before each operation that changes it.
pub(super) struct Watched {
    count: AtomicUsize,
    at: At,
}

impl Watched {
    pub(super) fn new(at: impl Fn(usize, &str, &Path) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { count: AtomicUsize::new(0), at: Arc::new(at) }
    }

    fn step(&self, what: &str, path: &Path) -> io::Result<()> {
        (self.at)(self.count.fetch_add(1, Ordering::SeqCst), what, path)
    }
}

impl Disk for Watched {
    type File = (PathBuf, File);

    fn create(&self, path: &Path) -> io::Result<Self::File> {
        self.step("create", path)?;
        Ok((path.to_owned(), RealDisk.create(path)?))
    }

    fn append(&self, path: &Path) -> io::Result<Self::File> {
        Ok((path.to_owned(), RealDisk.append(path)?))
    }

    fn write(&self, file: &Self::File, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.step("write", &file.0) {
            // A full disk takes a part.
            RealDisk.write(&file.1, &bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        RealDisk.write(&file.1, bytes)
    }

    fn sync(&self, file: &Self::File) -> io::Result<()> {
        self.step("sync", &file.0)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("link", from)?;
        RealDisk.link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", from)?;
        RealDisk.rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", from)?;
        RealDisk.rename_new(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", path)?;
        RealDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.step("sync_directory", path)
    }
}

impl InPlace for Watched {
    fn open(&self, path: &Path) -> io::Result<Self::File> {
        Ok((path.to_owned(), InPlace::open(&RealDisk, path)?))
    }

    fn open_end(&self, path: &Path) -> io::Result<Self::File> {
        Ok((path.to_owned(), RealDisk.open_end(path)?))
    }

    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.step("write_at", &file.0)?;
        RealDisk.write_at(&file.1, bytes, offset)
    }

    fn truncate(&self, file: &Self::File, length: u64) -> io::Result<()> {
        self.step("truncate", &file.0)?;
        RealDisk.truncate(&file.1, length)
    }

    fn sync_data(&self, file: &Self::File) -> io::Result<()> {
        self.step("sync_data", &file.0)
    }
}

/// What a directory held before each operation, and what of it was certain.
#[derive(Clone, Default)]
pub(super) struct Moments(Arc<Mutex<Taken>>);

/// What files held, and how much of each was certain.
type Moment = (BTreeMap<String, Vec<u8>>, BTreeMap<String, usize>);

#[derive(Default)]
struct Taken {
    directory: PathBuf,
    synced: BTreeMap<u64, usize>,
    moments: Vec<Moment>,
}

impl Moments {
    pub(super) fn disk(&self, directory: &Path) -> Watched {
        use std::os::unix::fs::MetadataExt as _;
        let mut taken = self.0.lock().unwrap();
        taken.directory = directory.to_owned();
        // What is there is on the disk.
        for entry in std::fs::read_dir(directory).unwrap() {
            let found = entry.unwrap().metadata().unwrap();
            taken.synced.insert(found.ino(), usize::try_from(found.len()).unwrap());
        }
        drop(taken);
        let moments = self.clone();
        Watched::new(move |_, what, path| {
            moments.take(what, path);
            Ok(())
        })
    }

    fn take(&self, what: &str, path: &Path) {
        use std::os::unix::fs::MetadataExt as _;
        let mut taken = self.0.lock().unwrap();
        let identity = |path: &Path| std::fs::metadata(path).unwrap().ino();
        let contents = super::contents(&taken.directory);
        let synced = contents
            .keys()
            .map(|name| {
                let known = taken.synced.get(&identity(&taken.directory.join(name)));
                (name.clone(), known.copied().unwrap_or(0))
            })
            .collect();
        taken.moments.push((contents, synced));
        // The operation itself is about to be done, and then it is certain.
        if what.starts_with("sync") && path != taken.directory {
            let length = std::fs::metadata(path).unwrap().len();
            taken.synced.insert(identity(path), usize::try_from(length).unwrap());
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap().moments.len()
    }

    /// The directory as a power failure at this moment leaves it: of what was appended
    /// and not synced, all, a half or nothing. The checkpoint is written in place, by sectors.
    pub(super) fn image(&self, moment: usize, share: usize) -> BTreeMap<String, Vec<u8>> {
        let taken = self.0.lock().unwrap();
        let (contents, synced) = &taken.moments[moment];
        contents
            .iter()
            .map(|(name, content)| {
                let certain = if name == "checkpoint" { content.len() } else { synced[name] };
                let kept = certain + (content.len().saturating_sub(certain)) * share / 2;
                (name.clone(), content[..kept.min(content.len())].to_vec())
            })
            .collect()
    }
}

/// Holds the first sync back until it is let go.
pub(super) struct Gated;

#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Gated {
    #[expect(clippy::new_ret_no_self, reason = "the disk comes with what steers it")]
    pub(super) fn new() -> (Watched, Gate) {
        let gate = Gate::default();
        let inside = gate.clone();
        let disk = Watched::new(move |_, what, _| {
            if what == "sync_data" {
                inside.change(|state| state.0 = true);
                inside.wait(|state| state.1);
            }
            Ok(())
        });
        (disk, gate)
    }
}

impl Gate {
    fn change(&self, change: impl FnOnce(&mut (bool, bool))) {
        change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
    }

    fn wait(&self, until: impl Fn(&(bool, bool)) -> bool) {
        let guard = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(guard, |state| !until(state)).unwrap());
    }

    pub(super) fn reached(&self) {
        self.wait(|state| state.0);
    }

    pub(super) fn open(&self) {
        self.change(|state| state.1 = true);
    }
}
