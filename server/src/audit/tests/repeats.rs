//! Repeats are counted, the queue has an end, and nothing of it is silent.

use std::time::Instant;

use super::super::windows::Windows;
use super::*;

#[tokio::test]
async fn a_flood_of_one_kind_is_two_records() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    with_audit(&options, async |audit| {
        for _ in 0..2000 {
            audit.denied(attempt(7, Operation::Stop, None), "no role");
        }
        audit.flush().await.unwrap();
        for _ in 0..2000 {
            audit.allowed(attempt(7, Operation::View, None));
        }
    })
    .await;
    assert_eq!(
        words(&options),
        ["opened", "denied stop", "allowed view", "repeated 2 1999", "repeated 3 1999"]
    );
    intact(&options);
}

#[test]
fn windows_end_in_time_and_count_what_came() {
    let (mut windows, begun) = (Windows::default(), Instant::now());
    let look = attempt(7, Operation::View, None);
    let first = windows.note(&look, false, 1, begun).unwrap();
    windows.began(&first, 12);
    for _ in 0..3 {
        assert!(windows.note(&look, false, 1, begun).is_none());
    }
    // Another decision, user or operation is another kind.
    assert!(windows.note(&look, true, 1, begun).is_some());
    assert!(windows.note(&attempt(8, Operation::View, None), false, 1, begun).is_some());
    assert!(windows.note(&attempt(7, Operation::ViewLogs, None), false, 1, begun).is_some());
    let almost = begun + WINDOW - Duration::from_millis(1);
    assert_eq!(windows.next_end(), Some(begun + WINDOW));
    assert!(windows.over(Some(almost)).is_empty());
    let over = windows.over(Some(begun + WINDOW));
    assert_eq!(over.iter().map(|over| (over.of, over.times)).collect::<Vec<_>>(), [(12, 3)]);
    assert!(windows.note(&look, false, 1, begun + WINDOW).is_some(), "a new window");
}

#[test]
fn each_token_and_address_is_another_kind_until_there_are_too_many() {
    let (mut windows, now) = (Windows::default(), Instant::now());
    let from = |source: String, token: &str| {
        let mut attempt = attempt(7, Operation::HealthCheck, None);
        (attempt.actor.source_ip, attempt.actor.token) = (Some(source), Some(token.to_owned()));
        attempt
    };
    assert!(windows.note(&from("192.0.2.1".to_owned(), "ci"), true, 1, now).is_some());
    assert!(windows.note(&from("192.0.2.1".to_owned(), "ci"), true, 1, now).is_none());
    assert!(windows.note(&from("192.0.2.2".to_owned(), "ci"), true, 1, now).is_some());
    assert!(windows.note(&from("192.0.2.2".to_owned(), "laptop"), true, 1, now).is_some());
    let invented = |number: u32| from(std::net::Ipv6Addr::from_bits(number.into()).to_string(), "ci");
    let written = (0..5000).filter(|number| windows.note(&invented(*number), true, 1, now).is_some()).count();
    assert_eq!(written, MAX_WINDOWS / 2 - 3 + 1);
}

#[test]
fn invented_targets_and_many_users_are_bounded() {
    let (mut windows, now) = (Windows::default(), Instant::now());
    let mut first = 0;
    for number in 0..5000 {
        let target = format!("invented-{number}");
        let denied = attempt(7, Operation::DisconnectSession, Some(&target));
        first += usize::from(windows.note(&denied, true, 1, now).is_some());
    }
    assert_eq!(first, MAX_TARGETS + 1);
    let others: u64 = windows.over(None).iter().map(|over| over.times).sum();
    assert_eq!(others, 5000 - first as u64);
    for uid in 0..5000 {
        let view = attempt(uid, Operation::View, None);
        assert!(windows.note(&view, false, 1, now).is_some());
        assert!(windows.note(&view, false, 1, now).is_none());
    }
    // Those that were closed early are told as well.
    assert_eq!(windows.over(None).iter().map(|over| over.times).sum::<u64>(), 5000);
}

#[tokio::test]
async fn a_full_queue_refuses_intents_and_counts_the_rest() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path());
    let (disk, gate) = disk::Gated::new();
    let audit = Audit::open_on(disk, &options).unwrap();
    // The writer hangs in its first sync, and nobody takes from the queue.
    gate.reached();
    for uid in 0..QUEUE as u32 {
        audit.allowed(attempt(uid, Operation::View, None));
    }
    let refused = QUEUE / 4;
    let mut intents = Vec::new();
    for _ in 0..refused {
        intents.push(tokio::spawn(audit.intent(restart())));
    }
    assert!(matches!(audit.intent(restart()).await, Err(AuditError::Full(_))));
    audit.outcome(1, AuditOutcome::Done, "no room");
    gate.open();
    for intent in intents {
        intent.await.unwrap().unwrap();
    }
    audit.close(SOON).await.unwrap();
    let records = all(&options);
    let lost = records.iter().find(|record| word(record) == "lost").unwrap();
    let AuditEvent::Audit { detail, .. } = &lost.event else { panic!() };
    assert!(detail.starts_with(&format!("{} records", refused + 1)), "{detail}");
    intact(&options);
}
