//! A full disk, and room again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::disk::Watched;
use super::*;

/// A disk that takes nothing while it is full.
fn disk() -> (Watched, Arc<AtomicBool>) {
    let full = Arc::new(AtomicBool::new(false));
    let is_full = Arc::clone(&full);
    let disk = Watched::new(move |_, what, path| {
        if what == "write" && path.ends_with("audit.jsonl") && is_full.load(Ordering::SeqCst) {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        Ok(())
    });
    (disk, full)
}

/// Waits until it is written again, without asking for it.
async fn resumed(news: &mut tokio::sync::mpsc::Receiver<Vec<AuditRecord>>) {
    let records = tokio::time::timeout(SOON, news.recv()).await.expect("it is tried again").unwrap();
    assert_eq!(word(&records[0]), "resumed");
}

#[tokio::test]
async fn with_room_again_the_condition_ends_though_nobody_asks() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let (disk, full) = disk();
    let audit = Audit::open_on(disk, &options).unwrap();
    audit.intent(restart()).await.unwrap();
    full.store(true, Ordering::SeqCst);
    assert!(audit.intent(restart()).await.is_err());
    assert!(audit.flush().await.is_err());
    assert!(audit.condition().is_some(), "a full disk stays a condition");
    let mut news = audit.watch();
    full.store(false, Ordering::SeqCst);
    resumed(&mut news).await;
    assert_eq!(audit.condition(), None);
    audit.close(SOON).await.unwrap();
    assert_eq!(words(&options), ["opened", "intent graceful_restart", "resumed"]);
    intact(&options);
}

#[tokio::test]
async fn what_was_done_without_a_record_is_written_when_there_is_room() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let (disk, full) = disk();
    let audit = Audit::open_on(disk, &options).unwrap();
    let of = audit.intent(restart()).await.unwrap();
    full.store(true, Ordering::SeqCst);
    assert!(audit.intent(restart()).await.is_err());
    audit.later(attempt(1000, Operation::Rollback, None), AuditOutcome::Done, "in safe mode");
    audit.outcome(of, AuditOutcome::Done, "");
    audit.denied(attempt(7, Operation::Stop, None), "no role");
    assert!(audit.flush().await.is_err());
    let mut news = audit.watch();
    full.store(false, Ordering::SeqCst);
    resumed(&mut news).await;
    assert_eq!(audit.condition(), None);
    audit.close(SOON).await.unwrap();
    let expected = [
        "opened",
        "intent graceful_restart",
        "resumed",
        "outcome 2 Done",
        "denied stop",
        "intent rollback",
        "outcome 6 Done",
    ];
    assert_eq!(words(&options), expected);
    intact(&options);
}

/// Whoever floods the audit of a full disk must not make it forget what it has found.
#[tokio::test]
async fn what_was_found_at_the_start_outlives_a_flood_on_a_full_disk() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    with_audit(&options, async |audit| assert!(audit.intent(restart()).await.is_ok())).await;
    let path = options.directory.join("audit.jsonl");
    let content = std::fs::read(&path).unwrap();
    std::fs::write(&path, &content[..content.len() - 300]).unwrap();
    let (disk, full) = disk();
    full.store(true, Ordering::SeqCst);
    let audit = Audit::open_on(disk, &options).unwrap();
    for uid in 0..2500 {
        audit.denied(attempt(uid, Operation::Stop, None), "no role");
    }
    assert!(audit.flush().await.is_err());
    full.store(false, Ordering::SeqCst);
    audit.intent(restart()).await.unwrap();
    audit.close(SOON).await.unwrap();
    let words = words(&options);
    assert!(words.contains(&"broken".to_owned()) && words.contains(&"lost".to_owned()));
    assert!(!verify(&options).unwrap().intact);
}

#[tokio::test]
async fn hostile_text_is_one_record_and_comes_back_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { max_file_size: 1000, ..options(home.path()) };
    let forged =
        "\n{\"seq\":9,\"event\":\"intent\"}\r\n\u{0}\u{1b}[2J\u{2028}\",\"prev\":\"00\",\"mac\":\"00\"}\n";
    let mut hostile = attempt(1000, Operation::Stop, Some(forged));
    hostile.reason = Some(forged.repeat(3));
    hostile.parameters = json!({ forged: forged.repeat(40), "event": "outcome", "of": 2 });
    let mut large = restart();
    large.parameters = json!("x".repeat(9 * 1024));
    with_audit(&options, async |audit| {
        audit.intent(hostile.clone()).await.unwrap();
        audit.intent(large.clone()).await.unwrap();
    })
    .await;
    intact(&options);
    let mut records = all(&options).into_iter().filter_map(|record| match record.event {
        AuditEvent::Intent(attempt) => Some(*attempt),
        _ => None,
    });
    assert_eq!((records.next(), records.next(), records.next()), (Some(hostile), Some(large), None));
}

/// Who may change something must not be able to keep everybody from looking.
#[tokio::test]
async fn the_longest_records_fit_into_the_view_and_into_an_answer() {
    use task_orchestrator_shared::admin::{MAX_LINE_BYTES, view};
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let long = "\u{1}".repeat(5000);
    let mut longest = attempt(1000, Operation::Stop, Some(&long));
    longest.reason = Some(long.clone());
    longest.idempotency_key = Some(long.clone());
    longest.method.clone_from(&long);
    longest.actor.client = Some(long);
    longest.parameters = json!("x".repeat(10 * 1024 - 2));
    with_audit(&options, async |audit| {
        let intents: Vec<_> = (0..1000).map(|_| audit.intent(longest.clone())).collect();
        for intent in intents {
            intent.await.unwrap();
        }
        let length = async |limit: usize| {
            let records = audit.newest(u32::try_from(limit).unwrap()).await.unwrap();
            (records.len(), serde_json::to_vec(&records).unwrap().len())
        };
        let (count, bytes) = length(view::MAX_AUDIT).await;
        assert!(count == view::MAX_AUDIT && bytes < MAX_LINE_BYTES / 4 * 3, "{bytes}");
        let (count, bytes) = length(1000).await;
        assert!(count > view::MAX_AUDIT && bytes < MAX_LINE_BYTES / 4 * 3, "{count}, {bytes}");
    })
    .await;
}
