//! Power failures, full disks and failing syncs at every operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::disk::{Moments, Watched};
use super::*;

/// Some of everything, in small files. Returns the numbers of the intents that resolved.
async fn work(audit: &Audit) -> Vec<u64> {
    let mut resolved = Vec::new();
    for number in 0..12 {
        if let Ok(seq) = audit.intent(restart()).await {
            resolved.push(seq);
            audit.outcome(seq, AuditOutcome::Done, "");
        }
        audit.denied(attempt(number, Operation::Stop, None), "no role");
    }
    let _ = audit.close(SOON).await;
    resolved
}

fn small(home: &Path) -> Options {
    Options { max_file_size: 3000, files: 2, ..options(home) }
}

#[tokio::test]
async fn after_every_power_failure_the_next_start_goes_on_and_all_is_intact() {
    let home = tempfile::tempdir().unwrap();
    let first = small(home.path());
    with_audit(&first, async |_| {}).await;
    let moments = Moments::default();
    let audit = Audit::open_on(moments.disk(&first.directory), &first).unwrap();
    let resolved = work(&audit).await;
    assert_eq!(resolved.len(), 12);
    assert!(moments.count() > 60, "{}", moments.count());
    for moment in 0..moments.count() {
        for share in 0..=2 {
            let home = tempfile::tempdir().unwrap();
            let options = small(home.path());
            std::fs::create_dir(&options.directory).unwrap();
            for (name, content) in moments.image(moment, share) {
                let content = if name == "key" { contents(&first.directory)["key"].clone() } else { content };
                std::fs::write(options.directory.join(&name), content).unwrap();
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(options.directory.join(name), mode).unwrap();
            }
            with_audit(&options, async |audit| assert!(audit.intent(restart()).await.is_ok())).await;
            let verdict = verify(&options).unwrap();
            assert!(verdict.intact, "moment {moment}, share {share}: {:#?}", verdict.problems);
        }
    }
}

#[tokio::test]
async fn an_operation_that_fails_refuses_intents_and_loses_nothing_else() {
    let mut failed = 0;
    for fail_at in 0..200 {
        let home = tempfile::tempdir().unwrap();
        let options = small(home.path());
        let reached = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&reached);
        let disk = Watched::new(move |count, _, _| {
            if count == fail_at {
                told.store(true, Ordering::SeqCst);
                return Err(rustix::io::Errno::NOSPC.into());
            }
            Ok(())
        });
        let audit = Audit::open_on(disk, &options).unwrap();
        let mut resolved = work(&audit).await;
        if !reached.load(Ordering::SeqCst) {
            assert!(fail_at > 60, "only {fail_at} operations");
            break;
        }
        failed += 1;
        assert!(resolved.len() >= 10, "operation {fail_at}: {resolved:?}");
        let verdict = verify(&options).unwrap();
        assert!(verdict.intact, "operation {fail_at}: {:#?}", verdict.problems);
        let records = all(&options);
        resolved.retain(|seq| *seq >= records[0].seq);
        for seq in resolved {
            let found = records.iter().find(|record| record.seq == seq).unwrap();
            assert_eq!(word(found), "intent graceful_restart", "operation {fail_at}");
        }
    }
    assert!(failed > 60, "{failed} operations were made to fail");
}

/// The system may have dropped what it could not write, and says so only once.
#[tokio::test]
async fn after_a_failed_sync_a_new_file_is_begun_and_the_old_one_left() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let syncs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&syncs);
    let disk = Watched::new(move |_, what, _| match what {
        "sync_data" if count.fetch_add(1, Ordering::SeqCst) == 2 => Err(rustix::io::Errno::IO.into()),
        _ => Ok(()),
    });
    let audit = Audit::open_on(disk, &options).unwrap();
    assert_eq!(audit.intent(restart()).await.unwrap(), 2);
    audit.outcome(2, AuditOutcome::Done, "written again");
    let refused = audit.intent(restart()).await.unwrap_err().to_string();
    assert!(refused.contains("sync"), "{refused}");
    assert!(audit.condition().is_some());
    let seq = audit.intent(restart()).await.unwrap();
    audit.close(SOON).await.unwrap();
    intact(&options);
    let expected = [
        "opened",
        "intent graceful_restart",
        "rotated",
        "resumed",
        "outcome 2 Done",
        "intent graceful_restart",
    ];
    assert_eq!((words(&options), seq), (expected.map(str::to_owned).to_vec(), 6));
    assert_eq!(verify(&options).unwrap().files.len(), 2);
}
