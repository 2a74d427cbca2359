//! What stays and what goes.

use std::time::Duration;

use proptest::prelude::*;

use super::super::keeper::Keeper;
use super::super::rotation::{Action, Candidate, plan};
use super::*;

const HOUR: i64 = 3600;

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let one =
        (any::<bool>(), 0..2000_i64, 0..5_u64, any::<bool>(), any::<bool>(), proptest::bool::weighted(0.2));
    proptest::collection::vec(one, 0..40).prop_map(|parts| {
        let mut all: Vec<Candidate> = parts
            .into_iter()
            .map(|(is_snapshot, hours, generation, compressed, verified, pinned)| {
                let kind = if is_snapshot { Kind::Snapshot } else { Kind::Database };
                let taken = Timestamp::from_second(hours * HOUR).unwrap();
                let name = Name::new(kind, taken, generation).compressed(compressed);
                Candidate { name, verified, pinned }
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
            // Nothing pinned goes, and it takes the place of nothing else.
            let (pinned, others): (Vec<&Candidate>, Vec<&Candidate>) =
                of_kind.iter().partition(|one| one.pinned);
            prop_assert!(pinned.iter().all(|one| !removed.contains(&&one.name)));
            let left: Vec<&&Candidate> = others.iter().filter(|one| !removed.contains(&&one.name)).collect();
            if newest.is_some() {
                prop_assert!(left.len() <= backups as usize + 1);
                for one in &left {
                    let age = now.duration_since(one.name.taken).as_secs();
                    prop_assert!(age < remove as i64 * HOUR || Some(&one.name) == newest);
                }
            }
            // Nothing that is young and among the newest goes.
            for name in &removed {
                let newer = others.iter().filter(|one| &one.name > name).count();
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

#[test]
fn what_is_pinned_stays_and_does_not_count() {
    let policy = Policy {
        backups: 2,
        compress_after: Duration::from_secs(10 * 86400),
        remove_after: Duration::from_secs(20 * 86400),
    };
    // By the day in November; what is pinned, what was verified; what is removed on the 21st.
    let table: [[&[i64]; 4]; 6] = [
        [&[20, 19, 18, 17], &[], &[20], &[18, 17]],
        [&[20, 19, 18, 17], &[20, 18], &[20], &[]],
        [&[20, 19, 18, 17], &[17], &[20], &[18]],
        [&[20, 19, 18, 17, 16], &[20], &[16], &[17]],
        [&[20, 1], &[1], &[20], &[]],
        [&[20, 19, 18], &[18], &[], &[]],
    ];
    let name = |day: i64| Name::new(Kind::Database, Timestamp::from_second(day * 86400).unwrap(), 1);
    for [days, pinned, verified, removed] in table {
        let candidates: Vec<Candidate> = days
            .iter()
            .map(|day| Candidate {
                name: name(*day),
                verified: verified.contains(day),
                pinned: pinned.contains(day),
            })
            .collect();
        let actions = plan(&candidates, &policy, Timestamp::from_second(21 * 86400).unwrap());
        let gone = actions.iter().filter(|action| matches!(action, Action::Remove(_)));
        let expected: Vec<Action> = removed.iter().map(|day| Action::Remove(name(*day))).collect();
        assert_eq!(gone.cloned().collect::<Vec<_>>(), expected, "{days:?} {pinned:?} {verified:?}");
    }
    let old = Candidate { name: name(1), verified: true, pinned: true };
    let actions = plan(&[old], &policy, Timestamp::from_second(21 * 86400).unwrap());
    assert_eq!(actions, [Action::Compress(name(1))], "it may be compressed");
}

#[test]
fn a_pin_outlives_compression_and_goes_with_its_file() {
    let home = tempfile::tempdir().unwrap();
    for number in 1..=4 {
        take(&RealDisk, home.path(), number, at(&format!("2026-11-0{number}T11:00:00Z")), 2).unwrap();
    }
    let mut archive = Archive::new(home.path(), compressing());
    let first = "backup_state_20261101T110000.000Z_1.json";
    assert!(archive.pin(first).unwrap() && !archive.pin(first).unwrap());
    for (name, expected) in [(CURRENT, "current"), ("../secret", "no such"), ("pins.json", "no such")] {
        let error = archive.pin(name).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(home.path().join("pins.json")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let kept = archive.keep(Kind::Snapshot, at("2027-11-21T11:00:00Z")).unwrap();
    assert_eq!(kept.removed, ["backup_state_20261102T110000.000Z_2.json"]);
    assert!(home.path().join(format!("{first}.gz")).exists());
    assert_eq!(archive.pins().unwrap(), Pins::from([first.to_owned()]));
    assert!(names(home.path()).iter().all(|name| !name.starts_with('.')), "{:?}", names(home.path()));
    // By the name that it has now.
    assert!(archive.unpin(&format!("{first}.gz")).unwrap());
    assert!(archive.pin(&format!("{first}.gz")).unwrap());
    std::fs::remove_file(home.path().join(format!("{first}.gz"))).unwrap();
    archive.keep(Kind::Snapshot, at("2027-11-21T11:00:00Z")).unwrap();
    assert!(archive.pins().unwrap().is_empty());
}

#[test]
fn nothing_is_removed_while_nobody_knows_what_is_pinned() {
    let home = tempfile::tempdir().unwrap();
    for number in 1..=4 {
        take(&RealDisk, home.path(), number, at(&format!("2026-11-0{number}T11:00:00Z")), 2).unwrap();
    }
    let before = list(home.path()).unwrap();
    let too_many: Vec<String> = (0..=MAX_PINS as u64)
        .map(|n| Name::new(Kind::Database, Timestamp::UNIX_EPOCH, n).to_string())
        .collect();
    let too_many = serde_json::to_string(&too_many).unwrap();
    let too_long = format!("[]{}", " ".repeat(200_000));
    for text in ["", "{", r#"["../x"]"#, r#"["current_state.json"]"#, &too_many, &too_long] {
        std::fs::write(home.path().join("pins.json"), text).unwrap();
        let mut archive = Archive::new(home.path(), compressing());
        let failed = archive.keep(Kind::Snapshot, at("2027-11-21T11:00:00Z")).unwrap_err();
        assert!(failed.is_broken(), "{text:.40}: {failed}");
        assert_eq!(list(home.path()).unwrap(), before);
    }
}

#[test]
fn one_pin_too_many_is_refused_and_old_ones_make_room() {
    let home = tempfile::tempdir().unwrap();
    let name = |n: u64| Name::new(Kind::Database, Timestamp::UNIX_EPOCH, n).to_string();
    for n in 0..=MAX_PINS as u64 {
        std::fs::write(home.path().join(name(n)), "").unwrap();
    }
    let pins: Pins = (0..MAX_PINS as u64).map(name).collect();
    std::fs::write(home.path().join("pins.json"), serde_json::to_vec(&pins).unwrap()).unwrap();
    let mut archive = Archive::new(home.path(), compressing());
    assert!(matches!(archive.pin(&name(MAX_PINS as u64)), Err(PinError::TooMany)));
    std::fs::remove_file(home.path().join(name(0))).unwrap();
    assert!(archive.pin(&name(MAX_PINS as u64)).unwrap());
    assert_eq!(archive.pins().unwrap().len(), MAX_PINS);
}

#[test]
fn what_was_verified_of_one_kind_is_remembered_while_the_other_is_rotated() {
    let home = tempfile::tempdir().unwrap();
    for number in 1..=2 {
        take(&RealDisk, home.path(), number, at(&format!("2026-11-0{number}T11:00:00Z")), 2).unwrap();
    }
    let mut keeper = Keeper::new(home.path().to_owned(), Policy::KEEP_ALL);
    let now = at("2026-11-21T11:00:00Z");
    keeper.plan(Kind::Snapshot, now).unwrap();
    keeper.plan(Kind::Database, now).unwrap();
    let name = "backup_state_20261101T110000.000Z_1.json";
    assert_eq!(keeper.is_good(name), Some(true));
    std::fs::write(home.path().join(name), "other").unwrap();
    assert_eq!(keeper.is_good(name), None, "it was written since");
    keeper.plan(Kind::Snapshot, now).unwrap();
    assert_eq!(keeper.is_good(name), Some(false));
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
    assert_eq!(kept, super::super::keeper::Kept::default());
    let left: Vec<String> = list(home.path()).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(left, [CURRENT, "backup_state_20261102T110000.000Z_2.json.gz"]);
    std::fs::remove_file(home.path().join(CURRENT)).unwrap();
    assert_eq!(archive.newest_valid().unwrap().snapshot.unwrap().1.generation, 2);
}
