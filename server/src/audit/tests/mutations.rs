//! Whatever is changed in the files by somebody without the key is found.

use super::super::key::Key;
use super::super::line;
use super::*;

/// A small generator, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }
}

type Files = BTreeMap<String, Vec<u8>>;

/// A log of so many records in several files, orderly closed.
async fn log(options: &Options, records: u32) -> Files {
    let audit = Audit::open(options).unwrap();
    let mut waiting = Vec::new();
    let together = (records as usize / 25).clamp(1, 200);
    for number in 0..records {
        waiting.push(audit.intent(attempt(number, Operation::PinBackup, Some("current_state.json"))));
        if waiting.len() == together {
            for intent in waiting.drain(..) {
                audit.outcome(intent.await.unwrap(), AuditOutcome::Done, "pinned");
            }
        }
    }
    audit.close(SOON).await.unwrap();
    contents(&options.directory)
}

fn lines(content: &[u8]) -> Vec<Vec<u8>> {
    content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// The names of the files with records, in order.
fn logs(files: &Files) -> Vec<String> {
    let mut names: Vec<String> = files.keys().filter(|name| name.starts_with("audit_")).cloned().collect();
    names.push("audit.jsonl".to_owned());
    names
}

/// Writes the whole chain anew with another key.
fn forge(files: &mut Files, key: &Key, change: impl Fn(&mut AuditRecord)) {
    let mut prev = "0".repeat(64);
    for name in logs(files) {
        let mut content = Vec::new();
        for line in lines(&files[&name]) {
            let mut record: AuditRecord = serde_json::from_slice(&line).unwrap();
            change(&mut record);
            record.prev.clone_from(&prev);
            line::seal(key, &mut record, &mut content).unwrap();
            prev = record.mac;
        }
        files.insert(name, content);
    }
}

/// Changes something. Returns what it was.
fn mutate(files: &mut Files, dice: &mut Dice) -> &'static str {
    let names = logs(files);
    let name = names[dice.below(names.len())].clone();
    let content = files.get_mut(&name).unwrap();
    let mut of = lines(content);
    let (one, other) = (dice.below(of.len()), dice.below(of.len()));
    match dice.below(12) {
        0 | 1 => {
            let place = dice.below(content.len());
            content[place] ^= 1 << dice.below(8);
            return "edit";
        }
        2 => {
            let place = dice.below(content.len());
            content.remove(place);
            return "delete a byte";
        }
        3 => {
            let place = dice.below(content.len() + 1);
            content.insert(place, b" \n0a\"}"[dice.below(6)]);
            return "insert a byte";
        }
        4 => drop(of.remove(one)),
        5 => {
            let line = of[one].clone();
            of.insert(other, line);
        }
        6 if one != other => of.swap(one, other),
        7 => {
            let second = names[dice.below(names.len())].clone();
            if second == name {
                drop(of.remove(one));
            } else {
                let mut theirs = lines(&files[&second]);
                let place = dice.below(theirs.len());
                std::mem::swap(&mut of[one], &mut theirs[place]);
                files.insert(second, theirs.concat());
            }
        }
        8 => {
            let last = files.get_mut("audit.jsonl").unwrap();
            let keep = dice.below(last.len());
            last.truncate(keep);
            return "cut bytes";
        }
        9 => {
            let mut last = lines(&files["audit.jsonl"]);
            last.truncate(dice.below(last.len()));
            files.insert("audit.jsonl".to_owned(), last.concat());
            return "cut records";
        }
        10 => {
            let checkpoint = files.get_mut("checkpoint").unwrap();
            let place = dice.below(checkpoint.len());
            checkpoint[place] ^= 1 << dice.below(8);
            return "edit the checkpoint";
        }
        _ => {
            files.remove(&name);
            return "remove a file";
        }
    }
    files.insert(name, of.concat());
    "move records"
}

fn put(options: &Options, before: &Files, files: &Files) {
    for name in before.keys().filter(|name| !files.contains_key(*name)) {
        std::fs::remove_file(options.directory.join(name)).unwrap();
    }
    for (name, content) in files {
        std::fs::write(options.directory.join(name), content).unwrap();
    }
}

#[tokio::test]
async fn every_change_is_found() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 10_000, ..options(home.path()) };
    let files = log(&options, 40).await;
    assert!(logs(&files).len() > 3);
    intact(&options);
    let mut dice = Dice(42);
    let mut done = 0;
    while done < 2500 {
        let mut changed = files.clone();
        let what = mutate(&mut changed, &mut dice);
        if changed == files {
            continue;
        }
        done += 1;
        put(&options, &files, &changed);
        let verdict = verify(&options).unwrap();
        assert!(!verdict.intact && !verdict.problems.is_empty(), "{what}, number {done}");
        for name in changed.keys() {
            if changed[name] != *files.get(name).unwrap_or(&Vec::new()) {
                std::fs::write(options.directory.join(name), &files[name]).unwrap();
            }
        }
        for name in files.keys().filter(|name| !changed.contains_key(*name)) {
            let path = options.directory.join(name);
            std::fs::write(&path, &files[name]).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
    }
    assert!(verify(&options).unwrap().intact, "put back as it was");
}

#[tokio::test]
async fn ten_thousand_records_and_changes_of_the_whole() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 1 << 20, ..options(home.path()) };
    let files = log(&options, 5000).await;
    assert!(intact(&options) > 10_000);
    let names = logs(&files);
    assert!(names.len() > 3, "{names:?}");
    let wrong = Key::new(&[9; 32]);
    type Change<'a> = Box<dyn Fn(&mut Files) + 'a>;
    let first = |files: &mut Files| files.remove(&names[0]).unwrap();
    let changes: Vec<(&str, Change<'_>)> = vec![
        ("the chain is computed anew with another key", Box::new(|files| forge(files, &wrong, |_| {}))),
        (
            "and one user becomes another",
            Box::new(|files| {
                forge(files, &wrong, |record| {
                    if let AuditEvent::Intent(attempt) = &mut record.event {
                        attempt.actor.uid = 0;
                    }
                });
            }),
        ),
        ("the oldest file is removed", Box::new(|files| drop(first(files)))),
        ("a file in the middle is removed", Box::new(|files| drop(files.remove(&names[1]).unwrap()))),
        ("the file that is written is removed", Box::new(|files| drop(files.remove("audit.jsonl").unwrap()))),
        (
            "two files are exchanged",
            Box::new(|files| {
                let (one, two) = (files[&names[0]].clone(), files[&names[1]].clone());
                files.insert(names[0].clone(), two);
                files.insert(names[1].clone(), one);
            }),
        ),
        ("the checkpoint is removed", Box::new(|files| drop(files.remove("checkpoint").unwrap()))),
        (
            "the checkpoint is of another key",
            Box::new(|files| {
                files.insert("checkpoint".to_owned(), vec![b'x'; 1024]);
            }),
        ),
        (
            "all files are removed",
            Box::new(|files| files.retain(|name, _| name == "key" || name == "checkpoint")),
        ),
    ];
    for (what, change) in changes {
        let mut changed = files.clone();
        change(&mut changed);
        put(&options, &files, &changed);
        let verdict = verify(&options).unwrap();
        assert!(!verdict.intact, "{what}");
        assert!(verdict.problems.len() <= 100, "{what}");
        std::fs::remove_dir_all(&options.directory).unwrap();
        std::fs::create_dir(&options.directory).unwrap();
        for (name, content) in &files {
            crate::workspace::replace_private_file(&options.directory.join(name), content).unwrap();
        }
    }
    intact(&options);
}

/// The one thing that the files alone cannot tell: an earlier moment of everything,
/// as it truly was. Only a copy elsewhere of the last number and hash shows it.
#[tokio::test]
async fn an_earlier_log_together_with_its_checkpoint_is_not_found() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let earlier = log(&options, 10).await;
    log(&options, 10).await;
    let later = verify(&options).unwrap().last_seq;
    put(&options, &contents(&options.directory), &earlier);
    let verdict = verify(&options).unwrap();
    assert!(verdict.intact && verdict.last_seq < later, "this is the limit of what is promised");
    // With the log alone put back, it is found.
    let files = log(&options, 10).await;
    let mut changed = files.clone();
    changed.insert("audit.jsonl".to_owned(), earlier["audit.jsonl"].clone());
    put(&options, &files, &changed);
    assert!(!verify(&options).unwrap().intact);
}

#[tokio::test]
async fn the_key_being_gone_is_told_and_nothing_written_is_no_problem() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    assert!(verify(&options).unwrap().intact);
    log(&options, 3).await;
    std::fs::remove_file(options.directory.join("key")).unwrap();
    assert!(verify(&options).unwrap().problems[0].problem.contains("key is missing"));
    // The next start makes a new one, goes on behind, and what was before stays unproved.
    let records = log(&options, 3).await;
    assert!(records.contains_key("audit_00000000000000000001.jsonl"));
    let verdict = verify(&options).unwrap();
    assert!(!verdict.intact);
    assert!(verdict.problems.iter().any(|problem| problem.problem.contains("the key was missing")));
    assert!(all(&options).windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
}
