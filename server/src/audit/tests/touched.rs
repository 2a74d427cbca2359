//! Somebody else has a hand in the directory, before the server starts or while it runs.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn found(options: &Options) -> Vec<String> {
    verify(options).unwrap().problems.into_iter().map(|problem| problem.problem).collect()
}

fn says(problems: &[String], what: &str) {
    assert!(problems.iter().any(|problem| problem.contains(what)), "{what}: {problems:#?}");
}

#[tokio::test]
async fn a_link_in_a_file_s_place_is_refused_and_what_it_leads_to_stays() {
    for name in ["key", "audit.jsonl", "checkpoint"] {
        let home = tempfile::tempdir().unwrap();
        let options = options(home.path());
        fs::create_dir(&options.directory).unwrap();
        let theirs = home.path().join("theirs");
        fs::write(&theirs, [7; 32]).unwrap();
        fs::set_permissions(&theirs, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&theirs, options.directory.join(name)).unwrap();
        let audit = Audit::open(&options).unwrap();
        let error = audit.intent(restart()).await.unwrap_err().to_string();
        assert!(error.contains("symbolic link") && error.contains(name), "{error}");
        assert!(audit.condition().is_some());
        assert_eq!(fs::read(&theirs).unwrap(), [7; 32], "{name}");
        fs::remove_file(options.directory.join(name)).unwrap();
        audit.intent(restart()).await.unwrap();
        audit.close(SOON).await.unwrap();
        assert_eq!(fs::read(&theirs).unwrap(), [7; 32], "{name}");
        intact(&options);
    }
}

#[tokio::test]
async fn a_pipe_makes_nobody_wait() {
    for name in ["key", "audit.jsonl", "checkpoint", "audit_00000000000000000001.jsonl"] {
        let home = tempfile::tempdir().unwrap();
        let options = options(home.path());
        with_audit(&options, async |audit| assert!(audit.intent(restart()).await.is_ok())).await;
        let path = options.directory.join(name);
        let _ = fs::remove_file(&path);
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(verify(&options).unwrap_err().to_string().contains("ordinary file"), "{name}");
        let audit = Audit::open(&options).unwrap();
        assert!(audit.intent(restart()).await.unwrap_err().to_string().contains("ordinary file"), "{name}");
        let _ = audit.close(SOON).await;
    }
}

/// Only root can give a file to somebody else.
#[tokio::test]
async fn a_file_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    with_audit(&options, async |_| {}).await;
    std::os::unix::fs::chown(options.directory.join("key"), Some(4242), None).unwrap();
    let audit = Audit::open(&options).unwrap();
    let error = audit.intent(restart()).await.unwrap_err().to_string();
    assert!(error.contains("user 4242"), "{error}");
    // The whole directory is a user's whom root looks after.
    std::os::unix::fs::chown(&options.directory, Some(4242), None).unwrap();
    intact(&options);
}

#[tokio::test]
async fn what_is_written_while_the_file_is_gone_is_not_lost() {
    for remove in ["audit.jsonl", "checkpoint", ""] {
        let home = tempfile::tempdir().unwrap();
        let options = options(home.path());
        let audit = Audit::open(&options).unwrap();
        let begun = audit.intent(restart()).await.unwrap();
        match remove {
            "" => fs::remove_dir_all(&options.directory).unwrap(),
            name => fs::rename(options.directory.join(name), home.path().join(name)).unwrap(),
        }
        let seq = audit.intent(restart()).await.unwrap();
        assert!(seq > begun, "{remove}");
        let found_there = newest(&options.directory, 1, |_| true).unwrap().remove(0);
        assert_eq!(found_there.seq, seq, "{remove}: an intent resolves when it can be read");
        audit.outcome(seq, AuditOutcome::Done, "");
        audit.close(SOON).await.unwrap();
        says(&found(&options), "removed or replaced while the server ran");
        let words = words(&options);
        assert!(!words.iter().any(|word| word.ends_with("Unknown")), "{remove}: {words:?}");
    }
}

#[tokio::test]
async fn what_is_added_or_cut_off_while_the_server_runs_stays_told() {
    for (cut, add) in
        [(0, "half a line of somebody's"), (0, "a line\n"), (300, ""), (1, ""), (usize::MAX, "")]
    {
        let home = tempfile::tempdir().unwrap();
        let options = options(home.path());
        let audit = Audit::open(&options).unwrap();
        for _ in 0..3 {
            audit.intent(restart()).await.unwrap();
        }
        let path = options.directory.join("audit.jsonl");
        let mut content = fs::read(&path).unwrap();
        content.truncate(content.len().saturating_sub(cut));
        content.extend_from_slice(add.as_bytes());
        fs::write(&path, &content).unwrap();
        let seq = audit.intent(restart()).await.unwrap();
        audit.close(SOON).await.unwrap();
        assert!(seq > 4, "{seq}");
        says(&found(&options), "was changed while the server ran");
        let own = all(&options);
        assert_eq!(own.last().map(|record| record.seq), Some(seq), "nothing is written into their line");
        with_audit(&options, async |_| {}).await;
        says(&found(&options), "was changed while the server ran");
    }
}

/// The first line names the file when it is put away.
#[tokio::test]
async fn an_invented_number_names_no_file_and_stops_nothing() {
    for number in ["18446744073709551615", "9007199254740991", "3"] {
        let home = tempfile::tempdir().unwrap();
        let options = options(home.path());
        with_audit(&options, async |audit| assert!(audit.intent(restart()).await.is_ok())).await;
        let path = options.directory.join("audit.jsonl");
        let content = fs::read_to_string(&path).unwrap();
        fs::write(&path, content.replacen("{\"seq\":1,", &format!("{{\"seq\":{number},"), 1)).unwrap();
        fs::remove_file(options.directory.join("checkpoint")).unwrap();
        with_audit(&options, async |audit| {
            audit.intent(restart()).await.unwrap();
        })
        .await;
        says(&found(&options), "found at its start");
        let files = contents(&options.directory);
        assert!(files.contains_key("audit_00000000000000000001.jsonl"), "{:?}", files.keys());
    }
}

#[tokio::test]
async fn a_key_that_is_replaced_while_the_server_runs_proves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let audit = Audit::open(&options).unwrap();
    audit.intent(restart()).await.unwrap();
    fs::write(options.directory.join("key"), [5; 32]).unwrap();
    audit.intent(restart()).await.unwrap();
    says(&found(&options), "not written with this key");
    audit.close(SOON).await.unwrap();
    with_audit(&options, async |audit| assert!(audit.intent(restart()).await.is_ok())).await;
    says(&found(&options), "the checkpoint was damaged");
    assert!(all(&options).windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
}
