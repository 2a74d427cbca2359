//! A disk that records what is done to it, fails when it is told to, and shows
//! what a power failure at any moment would leave.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use super::super::disk::{Disk, RealDisk};

/// One operation, by names in the one directory and numbers of files.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Create(String, usize),
    Write(usize, Vec<u8>),
    Sync(usize),
    Link(String, String),
    Rename(String, String),
    Remove(String),
    SyncDirectory,
}

/// What of the unsynced survives.
#[derive(Debug, Clone, Copy)]
pub(super) enum Survives {
    All,
    Half,
    Nothing,
}

#[derive(Default)]
struct State {
    ops: Vec<Op>,
    names: BTreeMap<String, usize>,
    files: usize,
    before: BTreeMap<String, Vec<u8>>,
}

/// The real disk, recorded.
pub(super) struct Recorder {
    state: Mutex<State>,
    fail_at: Option<usize>,
}

impl Recorder {
    /// What is in the directory is on the disk.
    pub(super) fn new(directory: &Path, fail_at: Option<usize>) -> Self {
        let mut state = State::default();
        for name in super::names(directory) {
            state.before.insert(name.clone(), std::fs::read(directory.join(&name)).unwrap());
            state.names.insert(name, state.files);
            state.files += 1;
        }
        Self { state: Mutex::new(state), fail_at }
    }

    pub(super) fn operations(&self) -> usize {
        self.state.lock().unwrap().ops.len()
    }

    /// Fails, or lets it be done and records it.
    fn record(&self, op: impl FnOnce(&mut State) -> io::Result<Op>) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if self.fail_at == Some(state.ops.len()) {
            // Once is enough: what follows is cleaning up.
            let count = state.ops.len();
            state.ops.push(Op::SyncDirectory);
            assert_eq!(state.ops.len(), count + 1);
            return Err(rustix::io::Errno::NOSPC.into());
        }
        let op = op(&mut state)?;
        state.ops.push(op);
        Ok(())
    }

    /// What the directory holds after a power failure behind the first `count` operations.
    pub(super) fn image(&self, count: usize, data: Survives, names: Survives) -> BTreeMap<String, Vec<u8>> {
        let state = self.state.lock().unwrap();
        let mut disk = Image::of(&state.before);
        for op in state.ops.iter().take(count) {
            disk.apply(op);
        }
        disk.after_power_failure(data, names)
    }
}

/// A directory, as it is and as it is certain to be.
struct Image {
    files: BTreeMap<usize, (Vec<u8>, usize)>,
    names: BTreeMap<String, usize>,
    /// Every state of the names since the last that is certain, that one first.
    history: Vec<BTreeMap<String, usize>>,
}

impl Image {
    fn of(before: &BTreeMap<String, Vec<u8>>) -> Self {
        let names: BTreeMap<String, usize> = before.keys().cloned().zip(0..).collect();
        let files =
            before.values().enumerate().map(|(number, data)| (number, (data.clone(), data.len()))).collect();
        Self { files, history: vec![names.clone()], names }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Create(name, number) => {
                self.files.insert(*number, (Vec::new(), 0));
                self.names.insert(name.clone(), *number);
            }
            Op::Write(number, bytes) => self.files.get_mut(number).unwrap().0.extend(bytes),
            Op::Sync(number) => {
                let file = self.files.get_mut(number).unwrap();
                file.1 = file.0.len();
            }
            Op::Link(from, to) => drop(self.names.insert(to.clone(), self.names[from])),
            Op::Rename(from, to) => {
                let number = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), number);
            }
            Op::Remove(name) => drop(self.names.remove(name)),
            Op::SyncDirectory => self.history.clear(),
        }
        self.history.push(self.names.clone());
    }

    fn after_power_failure(self, data: Survives, names: Survives) -> BTreeMap<String, Vec<u8>> {
        let place = match names {
            Survives::All => self.history.len() - 1,
            Survives::Half => self.history.len() / 2,
            Survives::Nothing => 0,
        };
        self.history[place]
            .iter()
            .map(|(name, number)| {
                let (content, synced) = &self.files[number];
                let kept = match data {
                    Survives::All => content.len(),
                    Survives::Half => synced + (content.len() - synced) / 2,
                    Survives::Nothing => *synced,
                };
                (name.clone(), content[..kept].to_vec())
            })
            .collect()
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

impl Disk for Recorder {
    type File = (usize, File);

    fn create(&self, path: &Path) -> io::Result<Self::File> {
        let mut made = None;
        self.record(|state| {
            made = Some((state.files, RealDisk.create(path)?));
            state.names.insert(name(path), state.files);
            state.files += 1;
            Ok(Op::Create(name(path), state.files - 1))
        })?;
        Ok(made.unwrap())
    }

    fn append(&self, path: &Path) -> io::Result<Self::File> {
        Ok((self.state.lock().unwrap().names[&name(path)], RealDisk.append(path)?))
    }

    fn write(&self, file: &Self::File, bytes: &[u8]) -> io::Result<()> {
        let number = file.0;
        let written = self.record(|_| {
            RealDisk.write(&file.1, bytes)?;
            Ok(Op::Write(number, bytes.to_vec()))
        });
        if written.is_err() {
            // A full disk takes a part.
            RealDisk.write(&file.1, &bytes[..bytes.len() / 2])?;
        }
        written
    }

    fn sync(&self, file: &Self::File) -> io::Result<()> {
        self.record(|_| Ok(Op::Sync(file.0)))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.record(|state| {
            RealDisk.link(from, to)?;
            let number = state.names[&name(from)];
            state.names.insert(name(to), number);
            Ok(Op::Link(name(from), name(to)))
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.record(|state| {
            RealDisk.rename(from, to)?;
            let number = state.names.remove(&name(from)).unwrap();
            state.names.insert(name(to), number);
            Ok(Op::Rename(name(from), name(to)))
        })
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.record(|state| {
            RealDisk.rename_new(from, to)?;
            let number = state.names.remove(&name(from)).unwrap();
            state.names.insert(name(to), number);
            Ok(Op::Rename(name(from), name(to)))
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.record(|state| {
            RealDisk.remove(path)?;
            state.names.remove(&name(path));
            Ok(Op::Remove(name(path)))
        })
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        self.record(|_| Ok(Op::SyncDirectory))
    }
}
