//! Records that are kept: durable, in order, over files and starts.

use std::os::unix::fs::PermissionsExt;

use super::super::key::Key;
use super::*;
use crate::state::RealDisk;

#[tokio::test]
async fn an_intent_resolves_when_it_can_be_read_and_the_outcome_follows() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let audit = Audit::open(&options).unwrap();
    let seq = audit.intent(restart()).await.unwrap();
    assert_eq!((seq, audit.condition()), (2, None));
    let found = newest(&options.directory, 1, |_| true).unwrap().remove(0);
    assert_eq!(found.event, AuditEvent::Intent(Box::new(restart())));
    audit.outcome(seq, AuditOutcome::Done, "restarted");
    audit.denied(attempt(7, Operation::Stop, None), "user 7 has no role");
    let newest = audit.newest(2).await.unwrap();
    assert_eq!(newest.iter().map(word).collect::<Vec<_>>(), ["denied stop", "outcome 2 Done"]);
    assert!(audit.verify().await.unwrap().intact);
    audit.close(SOON).await.unwrap();
    assert!(matches!(audit.intent(restart()).await, Err(AuditError::Closed)));
    assert_eq!(intact(&options), 4);
}

#[tokio::test]
async fn only_the_user_can_read_any_of_it() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 1, ..options(home.path()) };
    with_audit(&options, async |audit| {
        for _ in 0..3 {
            audit.intent(restart()).await.unwrap();
        }
    })
    .await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&options.directory), 0o700);
    let names = contents(&options.directory);
    assert!(names.len() > 5, "{:?}", names.keys());
    for name in names.keys() {
        assert_eq!(mode(&options.directory.join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn rotation_keeps_the_chain_and_says_before_it_removes() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 4096, files: 3, ..options(home.path()) };
    for _ in 0..3 {
        with_audit(&options, async |audit| {
            for _ in 0..40 {
                let of = audit.intent(restart()).await.unwrap();
                audit.outcome(of, AuditOutcome::Done, "");
            }
        })
        .await;
        intact(&options);
    }
    let names: Vec<String> = contents(&options.directory).into_keys().collect();
    assert_eq!(names.len(), 3 + 3, "{names:?}");
    let records = all(&options);
    assert!(records[0].seq > 100);
    let removed = records.iter().filter(|record| word(record) == "removed").count();
    assert!(removed > 2, "{removed}");
    assert!(records.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1 && pair[1].prev == pair[0].mac));
    // With fewer kept than there are, the next start takes away what is too much.
    let options = Options { files: 1, ..options };
    with_audit(&options, async |_| {}).await;
    intact(&options);
    assert_eq!(contents(&options.directory).len(), 3 + 1);
}

#[test]
fn a_key_is_made_once_whoever_comes_first() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { directory: home.path().to_owned(), ..options(home.path()) };
    let made = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| Key::read_or_make(&RealDisk, &options).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(made.iter().filter(|(_, new)| *new).count(), 1);
    let digits = made[0].0.digits(b"x");
    assert!(made.iter().all(|(key, _)| key.digits(b"x") == digits));
    assert_eq!(contents(home.path()).keys().collect::<Vec<_>>(), ["key"]);
}

/// RFC 4231 has no key of 32 bytes; this is HMAC by its definition.
#[test]
fn the_hash_is_hmac_sha_256() {
    use sha2::{Digest as _, Sha256};
    let key = [7; 32];
    let pad = |byte: u8| (0..64).map(move |place| byte ^ if place < 32 { key[place] } else { 0 });
    let inner: Vec<u8> = pad(0x36).chain(*b"what is covered").collect();
    let outer: Vec<u8> = pad(0x5c).chain(Sha256::digest(inner)).collect();
    let expected: String = Sha256::digest(outer).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(Key::new(&key).digits(b"what is covered").to_vec(), expected.into_bytes());
}

#[tokio::test]
async fn a_key_of_elsewhere_is_used_unless_others_can_read_it() {
    let home = tempfile::tempdir().unwrap();
    let key_file = home.path().join("elsewhere");
    std::fs::write(&key_file, [1; 32]).unwrap();
    std::fs::set_permissions(&key_file, PermissionsExt::from_mode(0o640)).unwrap();
    let options = Options { key_file: Some(key_file.clone()), ..options(home.path()) };
    let audit = Audit::open(&options).unwrap();
    let error = audit.intent(restart()).await.unwrap_err().to_string();
    assert!(error.contains("mode 640"), "{error}");
    assert!(audit.condition().unwrap().contains("elsewhere"));
    std::fs::set_permissions(&key_file, PermissionsExt::from_mode(0o600)).unwrap();
    audit.intent(restart()).await.unwrap();
    audit.close(SOON).await.unwrap();
    assert!(!options.directory.join("key").exists());
    intact(&options);
    std::fs::write(&key_file, [1; 31]).unwrap();
    assert!(verify(&options).unwrap_err().to_string().contains("32 bytes"));
}

#[tokio::test]
async fn what_had_no_outcome_when_the_server_died_is_unknown() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 2000, ..options(home.path()) };
    let mut expected = Vec::new();
    with_audit(&options, async |audit| {
        for number in 0..5 {
            let of = audit.intent(restart()).await.unwrap();
            if number == 4 {
                expected.push(format!("outcome {of} Unknown"));
            } else {
                audit.outcome(of, AuditOutcome::Failed, "");
            }
        }
    })
    .await;
    with_audit(&options, async |_| {}).await;
    with_audit(&options, async |_| {}).await;
    let unknown: Vec<String> = words(&options).into_iter().filter(|word| word.contains("Unknown")).collect();
    assert_eq!(unknown, expected);
    intact(&options);
}

#[tokio::test]
async fn half_a_line_behind_the_checkpoint_is_cut_off_and_told() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    with_audit(&options, async |audit| assert!(audit.intent(restart()).await.is_ok())).await;
    let path = options.directory.join("audit.jsonl");
    let mut content = std::fs::read(&path).unwrap();
    content.extend_from_slice(b"{\"seq\":3,\"at\":\"2026-");
    std::fs::write(&path, content).unwrap();
    let verdict = verify(&options).unwrap();
    assert!(verdict.problems[0].problem.starts_with("half a line"), "{:?}", verdict.problems);
    with_audit(&options, async |_| {}).await;
    intact(&options);
    assert_eq!(words(&options)[2..4], ["repaired", "opened"]);
}

#[tokio::test]
async fn what_is_cut_off_before_the_checkpoint_stays_told() {
    for (bytes, checkpoint_too) in [(1, false), (700, false), (700, true)] {
        let home = tempfile::tempdir().unwrap();
        let options = options(home.path());
        with_audit(&options, async |audit| {
            for _ in 0..5 {
                audit.intent(restart()).await.unwrap();
            }
        })
        .await;
        let path = options.directory.join("audit.jsonl");
        let content = std::fs::read(&path).unwrap();
        std::fs::write(&path, &content[..content.len() - bytes]).unwrap();
        if checkpoint_too {
            std::fs::remove_file(options.directory.join("checkpoint")).unwrap();
        }
        with_audit(&options, async |audit| assert!(audit.intent(restart()).await.is_ok())).await;
        let verdict = verify(&options).unwrap();
        let told = verdict.problems.iter().any(|problem| problem.problem.contains("found at its start"));
        assert!(told, "{bytes} {:?}", verdict.problems);
        assert_eq!(verdict.files[0], "audit_00000000000000000001.jsonl", "it is kept");
        let kept = std::fs::read(options.directory.join(&verdict.files[0])).unwrap();
        assert_eq!(kept, content[..content.len() - bytes]);
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_a_condition_until_it_can() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    // A file in its place stops root, too.
    std::fs::write(&options.directory, "in the way").unwrap();
    let audit = Audit::open(&options).unwrap();
    audit.outcome(0, AuditOutcome::Done, "kept");
    audit.later(attempt(1000, Operation::Rollback, None), AuditOutcome::Done, "in safe mode");
    assert!(audit.intent(restart()).await.is_err());
    assert!(audit.condition().is_some());
    std::fs::remove_file(&options.directory).unwrap();
    let seq = audit.intent(restart()).await.unwrap();
    assert_eq!((seq, audit.condition()), (6, None));
    assert_eq!(
        words(&options),
        [
            "opened",
            "resumed",
            "outcome 0 Done",
            "intent rollback",
            "outcome 4 Done",
            "intent graceful_restart"
        ]
    );
    audit.close(SOON).await.unwrap();
    intact(&options);
}

#[tokio::test]
async fn who_watches_gets_what_is_new_and_the_slow_miss_some() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let audit = Audit::open(&options).unwrap();
    audit.flush().await.unwrap();
    let (mut watch, mut slow) = (audit.watch(), audit.watch());
    for expected in 2..200 {
        assert_eq!(audit.intent(restart()).await.unwrap(), expected);
        assert_eq!(watch.recv().await.unwrap()[0].seq, expected);
    }
    audit.close(SOON).await.unwrap();
    drop(audit);
    let mut missed = 0;
    while let Some(records) = slow.recv().await {
        missed = records[0].seq;
    }
    assert!((2..100).contains(&missed), "{missed}");
}

#[tokio::test]
async fn a_caller_s_texts_are_bounded() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let long = "ä".repeat(100_000);
    let mut huge = attempt(1000, Operation::Stop, Some(&long));
    huge.parameters = json!({ "text": &long });
    huge.reason = Some(long.clone());
    huge.method.clone_from(&long);
    huge.actor.client = Some(long);
    with_audit(&options, async |audit| {
        audit.intent(huge.clone()).await.unwrap();
        audit.denied(huge.clone(), &"n".repeat(100_000));
    })
    .await;
    intact(&options);
    let size = contents(&options.directory)["audit.jsonl"].len();
    assert!(size < 10_000, "{size}");
}
