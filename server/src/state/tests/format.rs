//! The format: what is read is what was written, or nothing.

use super::*;
use crate::tasks::Task;

#[test]
fn a_snapshot_reads_back_whole() {
    let home = tempfile::tempdir().unwrap();
    let taken = at("2026-11-21T11:22:33.1239Z");
    let sealed = take(&RealDisk, home.path(), 7, taken, 300).unwrap();
    assert_eq!(names(home.path()), [CURRENT]);
    let mut tasks: Vec<Task> = Vec::new();
    let snapshot = scan(&home.path().join(CURRENT), &mut |item| {
        if let Item::Active(task) = item {
            tasks.push(task.clone());
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(tasks, (0..300).map(task).collect::<Vec<_>>());
    assert_eq!(snapshot.timestamp, at("2026-11-21T11:22:33.123Z"));
    assert_eq!((snapshot.version, snapshot.generation, snapshot.active_tasks), (1, 7, 300));
    assert_eq!((snapshot.restart_id.as_str(), snapshot.restart_reason.as_str()), ("r7", "manual_request"));
    assert_eq!(snapshot.client_sessions[0].record.get(), tail().client_sessions[0].record.get());
    assert_eq!(snapshot.counters, tail().counters);
    assert_eq!(snapshot.suspended_tasks[0].get(), r#"{"call":1}"#);
    assert_eq!((snapshot.integrity_hash, snapshot.size_bytes), (sealed.sha256, sealed.size_bytes));
    assert_eq!((sealed.active_tasks, sealed.client_sessions), (300, 1));
    let text = std::fs::read_to_string(home.path().join(CURRENT)).unwrap();
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(object.len(), 14);
    assert!(text.starts_with(r#"{"version":1,"timestamp":"2026-11-21T11:22:33.123Z","server_version":""#));
    assert!(text.ends_with("\"}\n"));
}

/// The hash as the format's description says it, computed another way.
#[test]
fn the_hash_is_that_of_the_content_without_it() {
    use sha2::Digest as _;
    let home = tempfile::tempdir().unwrap();
    let sealed = take(&RealDisk, home.path(), 1, at("2026-11-21T11:22:33Z"), 3).unwrap();
    let text = std::fs::read_to_string(home.path().join(CURRENT)).unwrap();
    let body = format!("{}}}", text.rsplit_once(r#","integrity_hash":""#).unwrap().0);
    assert_eq!(crate::store::export::hexadecimal(&sha2::Sha256::digest(body)), sealed.sha256);
}

/// A snapshot of a little more than 64 KiB.
fn large(home: &Path) -> Vec<u8> {
    for tasks in (100..).step_by(10) {
        take(&RealDisk, home, 1, at("2026-11-21T11:22:33Z"), tasks).unwrap();
        let whole = std::fs::read(home.join(CURRENT)).unwrap();
        if whole.len() >= 64 * 1024 {
            assert!(read::is_sealed(&whole));
            return whole;
        }
    }
    unreachable!()
}

/// Flips single bits, those for which it is asked, and looks that each is found.
fn flip(whole: &[u8], is_wanted: impl Fn(usize, usize) -> bool + Sync) {
    std::thread::scope(|scope| {
        for bits in [[0, 1, 2, 3], [4, 5, 6, 7]] {
            let (mut damaged, is_wanted) = (whole.to_vec(), &is_wanted);
            scope.spawn(move || {
                for (place, bit) in (0..damaged.len()).flat_map(|place| bits.map(|bit| (place, bit))) {
                    if is_wanted(place, bit) {
                        damaged[place] ^= 1 << bit;
                        assert!(!read::is_sealed(&damaged), "byte {place}, bit {bit}");
                        damaged[place] ^= 1 << bit;
                    }
                }
            });
        }
    });
}

/// A bit of every byte, and all of them at both ends, where the structure is.
#[test]
fn a_flipped_bit_in_any_byte_is_found() {
    let home = tempfile::tempdir().unwrap();
    let whole = large(home.path());
    let length = whole.len();
    flip(&whole, |place, bit| place < 512 || place + 512 > length || bit == place % 8);
}

#[test]
#[ignore = "half a million hashes of 64 KiB take half a minute"]
fn every_flipped_bit_is_found() {
    let home = tempfile::tempdir().unwrap();
    flip(&large(home.path()), |_, _| true);
}

#[test]
fn every_truncation_is_found() {
    let home = tempfile::tempdir().unwrap();
    let whole = large(home.path());
    for length in 0..whole.len() {
        assert!(!read::is_sealed(&whole[..length]), "cut to {length}");
    }
    let path = home.path().join("cut.json");
    for length in [0, 1, 85, 86, 87, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(super::read(&path).unwrap_err().is_broken(), "cut to {length}");
    }
}

#[test]
fn a_newer_version_is_not_taken_for_damage() {
    let home = tempfile::tempdir().unwrap();
    take(&RealDisk, home.path(), 1, at("2026-11-21T11:22:33Z"), 3).unwrap();
    let path = home.path().join(CURRENT);
    let text = std::fs::read_to_string(&path).unwrap().replace(r#"{"version":1,"#, r#"{"version":2,"#);
    std::fs::write(&path, reseal(&text)).unwrap();
    assert!(matches!(super::read(&path), Err(StateError::TooNew { found: 2, .. })));
    let found = newest_valid(home.path()).unwrap();
    assert!(found.snapshot.is_none() && found.set_aside.is_empty());
    assert_eq!(names(home.path()), [CURRENT]);
    // It is kept, although this program cannot read it.
    let sealed = take(&RealDisk, home.path(), 2, at("2026-11-21T11:22:33Z"), 3).unwrap();
    assert!(sealed.rotated.is_some() && sealed.set_aside.is_none());
}

fn reseal(text: &str) -> String {
    use sha2::Digest as _;
    let body = text.rsplit_once(r#","integrity_hash":""#).unwrap().0;
    let hash = crate::store::export::hexadecimal(&sha2::Sha256::digest(format!("{body}}}")));
    format!("{body},\"integrity_hash\":\"{hash}\"}}\n")
}

#[test]
fn names_are_read_as_they_are_written() {
    let taken = at("2026-11-21T11:22:33.123Z");
    let name = Name::new(Kind::Snapshot, taken, 42);
    assert_eq!(name.to_string(), "backup_state_20261121T112233.123Z_42.json");
    let second = Name::new(Kind::Database, taken, 42).next().compressed(true);
    assert_eq!(second.to_string(), "database_20261121T112233.123Z_42-2.db.gz");
    for name in [name, second] {
        assert_eq!(Name::parse(&name.to_string()), Some(name));
    }
    for other in ["backup_state_20261121T112233.123Z_042.json", "database_x_1.db", CURRENT, "", "../x"] {
        assert_eq!(Name::parse(other), None, "{other}");
    }
}
