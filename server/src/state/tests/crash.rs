//! Power failures and full disks at every operation.

use std::time::Duration;

use super::super::keeper::Keeper;
use super::model::{Recorder, Survives};
use super::*;

const SURVIVALS: [Survives; 3] = [Survives::All, Survives::Half, Survives::Nothing];

/// Looks at what each power failure would leave.
fn at_every_crash(recorder: &Recorder, check: impl Fn(usize, &Path)) -> usize {
    let mut images = 0;
    for count in 0..=recorder.operations() {
        for (data, names) in SURVIVALS.iter().flat_map(|data| SURVIVALS.map(|names| (*data, names))) {
            let directory = tempfile::tempdir().unwrap();
            for (name, content) in recorder.image(count, data, names) {
                std::fs::write(directory.path().join(name), content).unwrap();
            }
            check(count, directory.path());
            images += 1;
        }
    }
    images
}

#[test]
fn after_every_crash_the_newest_or_the_one_before_is_found() {
    let home = tempfile::tempdir().unwrap();
    take(&RealDisk, home.path(), 1, at("2026-11-21T11:00:00Z"), 20).unwrap();
    let recorder = Recorder::new(home.path(), None);
    take(&recorder, home.path(), 2, at("2026-11-21T11:00:01Z"), 1500).unwrap();
    let done = recorder.operations();
    let images = at_every_crash(&recorder, |count, directory| {
        let found = newest_valid(directory).unwrap();
        let (name, snapshot) = found.snapshot.expect("a valid snapshot");
        assert_eq!(name, CURRENT, "after {count} operations");
        assert!(found.set_aside.is_empty());
        assert!([1, 2].contains(&snapshot.generation));
        if count == done {
            assert_eq!(snapshot.generation, 2, "it was reported as done");
            assert_eq!(list(directory).unwrap().len(), 2);
        }
        sweep_parts(directory).unwrap();
        assert!(super::names(directory).iter().all(|name| !name.starts_with('.')));
    });
    assert!(images > 90, "{images} images");
}

#[test]
fn after_every_crash_of_the_rotation_no_backup_is_lost() {
    let home = tempfile::tempdir().unwrap();
    for number in 1..=4 {
        take(&RealDisk, home.path(), number, at(&format!("2026-11-0{number}T11:00:00Z")), 20).unwrap();
    }
    let recorder = Recorder::new(home.path(), None);
    let policy = Policy {
        backups: 2,
        compress_after: Duration::from_secs(3600),
        remove_after: Duration::from_secs(86400 * 365),
    };
    let mut keeper = Keeper::new(home.path().to_owned(), policy);
    let kept = keeper.keep(&recorder, Kind::Snapshot, at("2026-11-21T11:00:00Z")).unwrap();
    assert_eq!((kept.compressed.len(), kept.removed.len()), (2, 1));
    at_every_crash(&recorder, |count, directory| {
        let entries = list(directory).unwrap();
        for generation in [2, 3] {
            let forms = entries
                .iter()
                .filter(|entry| entry.parts.as_ref().is_some_and(|parts| parts.generation == generation));
            let valid = forms.filter(|entry| read(&directory.join(&entry.name)).is_ok()).count();
            assert!(valid > 0, "generation {generation} after {count} operations");
        }
        assert_eq!(newest_valid(directory).unwrap().snapshot.unwrap().1.generation, 4);
    });
}

#[test]
fn a_full_disk_at_any_operation_changes_nothing() {
    let mut failed = 0;
    for fail_at in 0.. {
        let home = tempfile::tempdir().unwrap();
        take(&RealDisk, home.path(), 1, at("2026-11-21T11:00:00Z"), 20).unwrap();
        let recorder = Recorder::new(home.path(), Some(fail_at));
        let taken = take(&recorder, home.path(), 2, at("2026-11-21T11:00:01Z"), 2000);
        let found = newest_valid(home.path()).unwrap();
        assert!(found.set_aside.is_empty());
        let generation = found.snapshot.unwrap().1.generation;
        if taken.is_ok() {
            assert_eq!((generation, recorder.operations() > fail_at), (2, false));
            break;
        }
        failed += 1;
        let error = taken.unwrap_err().to_string();
        assert!(error.contains("the disk is full"), "{error}");
        let names = names(home.path());
        if generation == 1 {
            assert_eq!(names, [CURRENT], "operation {fail_at}");
        } else {
            // It had its name when the directory could not be synced.
            assert_eq!(names.len(), 2, "operation {fail_at}: {names:?}");
        }
    }
    assert!(failed >= 8, "{failed} operations were made to fail");
}

#[test]
fn a_broken_one_is_set_aside_and_the_next_is_used() {
    let home = tempfile::tempdir().unwrap();
    for number in 1..=3 {
        take(&RealDisk, home.path(), number, at("2026-11-21T11:00:00Z"), 5).unwrap();
    }
    let newest = home.path().join(CURRENT);
    let mut damaged = std::fs::read(&newest).unwrap();
    damaged[100] ^= 1;
    std::fs::write(&newest, damaged).unwrap();
    let found = newest_valid(home.path()).unwrap();
    let (name, snapshot) = found.snapshot.unwrap();
    assert_eq!(snapshot.generation, 2);
    assert_eq!(name, "backup_state_20261121T110000.000Z_2.json");
    assert_eq!(found.set_aside.len(), 1);
    assert_eq!(found.set_aside[0].renamed, "current_state.json.broken");
    assert!(home.path().join("current_state.json.broken").exists());
    // Not for ever more of them.
    for _ in 0..20 {
        std::fs::write(&newest, "damaged").unwrap();
        assert_eq!(newest_valid(home.path()).unwrap().set_aside.len(), 1);
    }
    let broken = names(home.path()).iter().filter(|name| name.ends_with(".broken")).count();
    assert_eq!(broken, 10);
    // And a snapshot that is taken over a broken one does not make it a backup.
    std::fs::write(&newest, "damaged").unwrap();
    let sealed = take(&RealDisk, home.path(), 9, at("2026-11-21T11:00:00Z"), 5).unwrap();
    assert!(sealed.rotated.is_none() && sealed.set_aside.is_some());
}

/// A disk that takes everything and cannot make it durable.
#[derive(Default)]
struct Undurable {
    syncs: std::sync::atomic::AtomicUsize,
}

impl Disk for Undurable {
    type File = std::fs::File;

    fn create(&self, path: &Path) -> std::io::Result<Self::File> {
        RealDisk.create(path)
    }

    fn append(&self, path: &Path) -> std::io::Result<Self::File> {
        RealDisk.append(path)
    }

    fn write(&self, file: &Self::File, bytes: &[u8]) -> std::io::Result<()> {
        RealDisk.write(file, bytes)
    }

    fn sync(&self, _: &Self::File) -> std::io::Result<()> {
        self.syncs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Err(rustix::io::Errno::IO.into())
    }

    fn link(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        RealDisk.link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        RealDisk.rename_new(from, to)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> std::io::Result<()> {
        RealDisk.sync_directory(path)
    }
}

/// Large enough to be synced while it is written, too.
#[test]
fn a_sync_that_failed_is_not_tried_again() {
    for tasks in [10, 40_000] {
        let home = tempfile::tempdir().unwrap();
        let disk = Undurable::default();
        let part = part_path(home.path());
        let mut source = Given { database: DatabaseState::default(), tasks: (0..tasks).map(task) };
        let error = write_bulk_on(&disk, &part, &header(1), at("2026-11-21T11:00:00Z"), &[], &mut source)
            .unwrap_err();
        assert!(error.to_string().contains("sync the snapshot"), "{error}");
        assert_eq!(disk.syncs.into_inner(), 1, "{tasks} tasks");
        assert!(names(home.path()).is_empty());
    }
}

#[test]
fn a_large_snapshot_is_whole() {
    let home = tempfile::tempdir().unwrap();
    let sealed = take(&RealDisk, home.path(), 1, at("2026-11-21T11:00:00Z"), 20_000).unwrap();
    assert!(sealed.size_bytes > 8 << 20, "{}", sealed.size_bytes);
    assert_eq!(read(&home.path().join(CURRENT)).unwrap().active_tasks, 20_000);
}
