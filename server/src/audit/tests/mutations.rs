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

/// What may be done to the files.
const KINDS: [&str; 14] = [
    "edit a bit",
    "delete a byte",
    "insert a byte",
    "delete a record",
    "repeat a record",
    "exchange two records",
    "exchange two records of two files",
    "insert a record with a new number",
    "cut off bytes at the end",
    "cut off records at the end",
    "edit the checkpoint",
    "copy one half of the checkpoint over the other",
    "the same, and cut off records at the end",
    "remove a file",
];

/// Changes something in one of these ways.
fn mutate(files: &mut Files, kind: &str, dice: &mut Dice) {
    let names = logs(files);
    let name = names[dice.below(names.len())].clone();
    match kind {
        "edit a bit" => edit(files.get_mut(&name).unwrap(), dice),
        "delete a byte" => {
            let content = files.get_mut(&name).unwrap();
            content.remove(dice.below(content.len()));
        }
        "insert a byte" => {
            let content = files.get_mut(&name).unwrap();
            content.insert(dice.below(content.len() + 1), b" \n0a\"}"[dice.below(6)]);
        }
        "cut off bytes at the end" => {
            let last = files.get_mut("audit.jsonl").unwrap();
            last.truncate(dice.below(last.len()));
        }
        "cut off records at the end" => cut(files, dice),
        "edit the checkpoint" => edit(files.get_mut("checkpoint").unwrap(), dice),
        "copy one half of the checkpoint over the other" => copy_half(files, dice),
        "the same, and cut off records at the end" => {
            copy_half(files, dice);
            cut(files, dice);
        }
        "remove a file" => drop(files.remove(&name)),
        _ => move_records(files, kind, (&name, &names[dice.below(names.len())]), dice),
    }
}

fn edit(content: &mut [u8], dice: &mut Dice) {
    content[dice.below(content.len())] ^= 1 << dice.below(8);
}

fn cut(files: &mut Files, dice: &mut Dice) {
    let mut last = lines(&files["audit.jsonl"]);
    last.truncate(dice.below(last.len()));
    files.insert("audit.jsonl".to_owned(), last.concat());
}

fn copy_half(files: &mut Files, dice: &mut Dice) {
    let checkpoint = files.get_mut("checkpoint").unwrap();
    let (from, to) = if dice.below(2) == 0 { (0..512, 512) } else { (512..1024, 0) };
    checkpoint.copy_within(from, to);
}

fn move_records(files: &mut Files, kind: &str, (name, second): (&str, &str), dice: &mut Dice) {
    let mut of = lines(&files[name]);
    let (one, other) = (dice.below(of.len()), dice.below(of.len()));
    match kind {
        "delete a record" => drop(of.remove(one)),
        "repeat a record" => of.insert(other, of[one].clone()),
        "exchange two records" => of.swap(one, other),
        "exchange two records of two files" if name != second => {
            let mut theirs = lines(&files[second]);
            let place = dice.below(theirs.len());
            std::mem::swap(&mut of[one], &mut theirs[place]);
            files.insert(second.to_owned(), theirs.concat());
        }
        "exchange two records of two files" => of.swap(one, other),
        "insert a record with a new number" => {
            let mut record: AuditRecord = serde_json::from_slice(&of[one]).unwrap();
            record.seq += dice.below(20_000) as u64;
            let mut line = serde_json::to_vec(&record).unwrap();
            line.push(b'\n');
            of.insert(other, line);
        }
        kind => panic!("{kind}"),
    }
    files.insert(name.to_owned(), of.concat());
}

fn put(options: &Options, before: &Files, files: &Files) {
    for name in before.keys().filter(|name| !files.contains_key(*name)) {
        std::fs::remove_file(options.directory.join(name)).unwrap();
    }
    for (name, content) in files.iter().filter(|(name, content)| before.get(*name) != Some(content)) {
        std::fs::write(options.directory.join(name), content).unwrap();
    }
}

/// Changes it in this way, checks that it is found, and puts it back as it was.
fn is_found(options: &Options, files: &Files, kind: &str, dice: &mut Dice) -> bool {
    let mut changed = files.clone();
    mutate(&mut changed, kind, dice);
    if changed == *files {
        return false;
    }
    put(options, files, &changed);
    let verdict = verify(options).unwrap();
    assert!(!verdict.intact && !verdict.problems.is_empty(), "not found: {kind}, with {}", dice.0);
    for (name, content) in files.iter().filter(|(name, content)| changed.get(*name) != Some(content)) {
        let path = options.directory.join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    true
}

#[tokio::test]
async fn every_change_is_found() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 6000, ..options(home.path()) };
    let files = log(&options, 40).await;
    assert!(logs(&files).len() > 3, "{:?}", logs(&files));
    intact(&options);
    let mut dice = Dice(42);
    for kind in KINDS {
        let found = (0..80).filter(|_| is_found(&options, &files, kind, &mut dice)).count();
        assert!(found > 50, "{kind} changed something {found} times");
    }
    intact(&options);
}

#[tokio::test]
async fn every_change_of_ten_thousand_records_is_found() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 1 << 20, ..options(home.path()) };
    let files = log(&options, 5000).await;
    assert!(intact(&options) > 10_000);
    assert!(logs(&files).len() > 3, "{:?}", logs(&files));
    let mut dice = Dice(7);
    for kind in KINDS {
        let found = (0..5).any(|_| is_found(&options, &files, kind, &mut dice));
        assert!(found, "{kind} never changed anything");
    }
    intact(&options);
}

#[tokio::test]
async fn every_change_of_whole_files_is_found() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 100_000, ..options(home.path()) };
    let files = log(&options, 500).await;
    assert!(intact(&options) > 1000);
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
