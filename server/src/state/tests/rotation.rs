//! What stays and what goes.

use std::time::Duration;

use proptest::prelude::*;

use super::super::rotation::{Action, Candidate, Keeper, plan};
use super::*;

const HOUR: i64 = 3600;

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (any::<bool>(), 0..2000_i64, 0..5_u64, any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 0..40).prop_map(|parts| {
        let mut all: Vec<Candidate> = parts
            .into_iter()
            .map(|(is_snapshot, hours, generation, compressed, verified)| {
                let kind = if is_snapshot { Kind::Snapshot } else { Kind::Database };
                let taken = Timestamp::from_second(hours * HOUR).unwrap();
                Candidate { name: Name::new(kind, taken, generation).compressed(compressed), verified }
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.dedup_by(|a, b| a.name == b.name);
        all
    })
}

proptest! {
    #[test]
    fn the_plan_keeps_its_promises(
        all in candidates(), backups in 1..10_u32, compress in 0..1000_u64, remove in 1..2000_u64,
        now in 0..3000_i64,
    ) {
        let policy = Policy {
            backups,
            compress_after: Duration::from_secs(compress * 3600),
            remove_after: Duration::from_secs(remove * 3600),
        };
        let now = Timestamp::from_second(now * HOUR).unwrap();
        let actions = plan(&all, &policy, now);
        for kind in [Kind::Snapshot, Kind::Database] {
            let of_kind: Vec<&Candidate> = all.iter().filter(|one| one.name.kind == kind).collect();
            let newest = of_kind.iter().filter(|one| one.verified).map(|one| &one.name).max();
            let removed: Vec<&Name> = actions.iter().filter_map(|action| match action {
                Action::Remove(name) if name.kind == kind => Some(name),
                _ => None,
            }).collect();
            // The newest verified one always stays; without one, everything does.
            match newest {
                Some(newest) => prop_assert!(!removed.contains(&newest)),
                None => prop_assert!(removed.is_empty()),
            }
            let left: Vec<&&Candidate> = of_kind.iter().filter(|one| !removed.contains(&&one.name)).collect();
            if newest.is_some() {
                prop_assert!(left.len() <= backups as usize + 1);
                for one in &left {
                    let age = now.duration_since(one.name.taken).as_secs();
                    prop_assert!(age < remove as i64 * HOUR || Some(&one.name) == newest);
                }
            }
            // Nothing that is young and among the newest goes.
            for name in &removed {
                let newer = of_kind.iter().filter(|one| &one.name > name).count();
                let age = now.duration_since(name.taken).as_secs();
                prop_assert!(newer >= backups as usize || age >= remove as i64 * HOUR);
            }
        }
        for action in &actions {
            if let Action::Compress(name) = action {
                prop_assert!(!name.compressed);
                // What is of the future, because the clock went back, counts as new.
                prop_assert!(now.duration_since(name.taken).as_secs().max(0) >= compress as i64 * HOUR);
            }
        }
    }
}

#[test]
fn names_within_a_millisecond_do_not_collide() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..12 {
        take(&RealDisk, home.path(), 3, at("2026-11-21T11:00:00.5Z"), 2).unwrap();
    }
    assert_eq!(list(home.path()).unwrap().len(), 12);
    let keeper = &mut Keeper::new(home.path().to_owned(), compressing());
    keeper.keep(&RealDisk, Kind::Snapshot, at("2026-11-22T11:00:00Z")).unwrap();
    // The names of compressed ones are not used again either.
    take(&RealDisk, home.path(), 3, at("2026-11-21T11:00:00.5Z"), 2).unwrap();
    let entries = list(home.path()).unwrap();
    assert_eq!(entries.len(), 13);
    assert_eq!(entries[1].name, "backup_state_20261121T110000.500Z_3-12.json");
    for entry in entries {
        read(&home.path().join(entry.name)).unwrap();
    }
}

fn compressing() -> Policy {
    Policy { backups: 100, compress_after: Duration::ZERO, remove_after: Duration::from_secs(86400) }
}

#[test]
fn the_newest_that_is_really_good_stays_when_all_are_old() {
    let home = tempfile::tempdir().unwrap();
    for number in 1..=4 {
        take(&RealDisk, home.path(), number, at(&format!("2026-11-0{number}T11:00:00Z")), 2).unwrap();
    }
    // The newest backup, generation 3, is damaged.
    let newest = list(home.path()).unwrap()[1].name.clone();
    std::fs::write(home.path().join(&newest), "damaged").unwrap();
    let mut archive = Archive::new(home.path(), compressing());
    let kept = archive.keep(Kind::Snapshot, at("2027-11-21T11:00:00Z")).unwrap();
    assert_eq!(kept.set_aside[0].name, newest);
    assert_eq!(kept.removed, ["backup_state_20261101T110000.000Z_1.json"]);
    assert_eq!(kept.compressed, ["backup_state_20261102T110000.000Z_2.json.gz"]);
    // Again: the compressed one is read back, and is all there is.
    let mut archive = Archive::new(home.path(), compressing());
    let kept = archive.keep(Kind::Snapshot, at("2028-11-21T11:00:00Z")).unwrap();
    assert_eq!(kept, super::super::rotation::Kept::default());
    let left: Vec<String> = list(home.path()).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(left, [CURRENT, "backup_state_20261102T110000.000Z_2.json.gz"]);
    std::fs::remove_file(home.path().join(CURRENT)).unwrap();
    assert_eq!(archive.newest_valid().unwrap().snapshot.unwrap().1.generation, 2);
}
