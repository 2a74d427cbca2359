use std::net::Ipv4Addr;

use task_orchestrator_shared::admin::audit::AuditEvent;

use super::*;
use crate::audit::{self, Options};

/// A record: its address and what was asked, and how many there were besides.
type Told = (String, String, u64);

async fn told(audit: Audit, options: &Options) -> Vec<Told> {
    audit.close(Duration::from_secs(60)).await.unwrap();
    let mut told: Vec<(u64, Told)> = Vec::new();
    audit::each(&options.directory, |record| {
        match record.event {
            AuditEvent::Denied { attempt, .. } => {
                let source = attempt.actor.source_ip.unwrap();
                told.push((record.seq, (source, attempt.method, 0)));
            }
            AuditEvent::Repeated { of, times } => {
                told.iter_mut().find(|(seq, _)| *seq == of).unwrap().1.2 += times;
            }
            _ => {}
        }
        true
    })
    .unwrap();
    told.into_iter().map(|(_, told)| told).collect()
}

fn open(directory: &tempfile::TempDir) -> (Audit, Options) {
    let directory = directory.path().to_owned();
    let options = Options { directory, key_file: None, max_file_size: 1 << 20, files: 2 };
    (Audit::open(&options).unwrap(), options)
}

#[tokio::test]
async fn the_first_is_told_at_once_and_the_others_as_a_number() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, options) = open(&directory);
    let refused = Refused::new(audit.clone());
    let begun = Instant::now();
    let source: IpAddr = "192.0.2.1".parse().unwrap();
    let uri: Uri = "/mcp?token=secret".parse().unwrap();
    for _ in 0..1000 {
        refused.note(source, source, (&Method::POST, &uri), begun);
    }
    refused.tell(Some(begun + WINDOW / 2));
    let newest = audit.newest(10).await.unwrap();
    let denied = newest.iter().filter(|record| matches!(record.event, AuditEvent::Denied { .. }));
    assert_eq!(denied.count(), 1);
    refused.tell(Some(begun + WINDOW));
    refused.note(source, source, (&Method::GET, &uri), begun + WINDOW);
    refused.tell(None);
    // The audit itself counts what follows within a minute: there is one record for all.
    assert_eq!(told(audit, &options).await, [("192.0.2.1".to_owned(), "POST /mcp".to_owned(), 1000)]);
}

#[tokio::test]
async fn many_addresses_have_few_records() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, options) = open(&directory);
    let refused = Refused::new(audit.clone());
    let uri = Uri::from_static("/mcp");
    for number in 0..20_000 {
        let source = IpAddr::V4(Ipv4Addr::from_bits(0xC000_0200 + number % 10_000));
        refused.note(source, source, (&Method::POST, &uri), Instant::now());
    }
    refused.tell(None);
    let told = told(audit, &options).await;
    assert_eq!(told.len(), MAX_APART + 1);
    let all: u64 = told.iter().map(|(_, _, more)| more + 1).sum();
    assert_eq!(all, 20_000, "and none is forgotten");
}
