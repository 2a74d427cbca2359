//! Sessions over HTTP from one front to the next.

use super::*;

fn session(number: u8, last_used: i64) -> HttpSession {
    HttpSession {
        digest: [number; 32],
        client: ClientId::from_bytes([number; 16]),
        token: number.is_multiple_of(2).then(|| format!("token {number}")),
        record: br#"{"info":{}}"#.to_vec(),
        last_sequence: 1_763_000_000_000_000 + u64::from(number),
        last_used,
    }
}

fn kept(number: u8, last_used: i64) -> HttpSessionChange {
    HttpSessionChange::Kept(session(number, last_used))
}

#[test]
fn the_next_front_finds_each_session_as_it_was_last() {
    let directory = tempfile::tempdir().unwrap();
    let mut db = Db::open(options(&directory)).unwrap();
    db.change_http_sessions(&[kept(1, 10), kept(2, 20), kept(3, 30)]).unwrap();
    db.change_http_sessions(&[kept(1, 40), HttpSessionChange::Ended([3; 32])]).unwrap();
    let mut next = Db::open(options(&as_if_killed(&directory))).unwrap();
    assert_eq!(next.http_sessions(0, 10).unwrap(), [session(1, 40), session(2, 20)]);
}

#[test]
fn what_is_too_old_or_too_much_is_forgotten() {
    let (_directory, mut db) = db();
    db.change_http_sessions(&[kept(1, 10), kept(2, 20), kept(3, 30), kept(4, 40)]).unwrap();
    assert_eq!(db.http_sessions(20, 2).unwrap(), [session(3, 30), session(4, 40)]);
    assert_eq!(db.http_sessions(0, 10).unwrap().len(), 2, "for good");
}

#[test]
fn an_older_programs_file_gets_the_table() {
    let directory = tempfile::tempdir().unwrap();
    drop(Db::open(options(&directory)).unwrap());
    let file = directory.path().join("ledger.db");
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch("DROP TABLE http_sessions; PRAGMA user_version = 1").unwrap();
    drop(old);
    for _ in 0..2 {
        let mut db = Db::open(options(&directory)).unwrap();
        db.change_http_sessions(&[kept(1, 10)]).unwrap();
        assert_eq!(db.http_sessions(0, 10).unwrap().len(), 1);
    }
}
