use super::*;

fn session(number: u64, in_flight: u64) -> SessionView {
    SessionView {
        number,
        client: format!("client {number}"),
        pid: Some(1),
        transport: "stdio".to_owned(),
        source: None,
        name: None,
        version: None,
        protocol: None,
        connected_at: String::new(),
        reconnects: 0,
        figures: figures(in_flight),
    }
}

fn figures(in_flight: u64) -> SessionFigures {
    SessionFigures {
        state: SessionState::Active,
        in_flight,
        buffered: 2,
        buffered_bytes: 3,
        oldest_ms: Some(4),
        last_activity_ms: 5,
        requests: 6,
        dropped_notifications: 7,
    }
}

fn delta(seq: u64, changes: Vec<Change>) -> Delta {
    Delta { seq, at: String::new(), changes }
}

#[test]
fn sessions_come_change_and_go() {
    let mut view = View::default();
    let come = [5, 2, 9].map(|number| Change::Session(Box::new(session(number, 0))));
    view.apply(delta(1, come.into())).unwrap();
    let rows = vec![SessionRow::new(5, figures(8)), SessionRow::new(77, figures(1))];
    view.apply(delta(2, vec![Change::Figures(rows), Change::SessionEnded(2)])).unwrap();
    let numbers: Vec<u64> = view.sessions.iter().map(|session| session.number).collect();
    assert_eq!(numbers, [5, 9]);
    assert_eq!(view.session(5).unwrap().figures, figures(8));
    assert_eq!(view.session(9).unwrap().figures, figures(0));
}

#[test]
fn a_gap_is_told_and_changes_nothing() {
    let mut view = View { seq: 4, ..View::default() };
    let ahead = delta(6, vec![Change::Session(Box::new(session(1, 0)))]);
    assert_eq!(view.apply(ahead), Err(Gap { known: 4, got: 6 }));
    assert_eq!(view.apply(delta(4, Vec::new())), Err(Gap { known: 4, got: 4 }));
    assert_eq!(view, View { seq: 4, ..View::default() });
}

#[test]
fn what_a_role_may_not_see_is_not_in_its_copy() {
    use crate::role::Role;
    let view = View {
        audit: Some(Vec::new()),
        dead_letters: Some(Vec::new()),
        backups: Some(Vec::new()),
        history: Some(HistoryView::default()),
        ..View::default()
    };
    let least = view.clone().only(|operation| Role::Readonly.may(operation));
    assert!(least.audit.is_none() && least.dead_letters.is_none() && least.backups.is_none());
    assert!(least.history.is_some());
    assert_eq!(view.clone().only(|operation| Role::Monitor.may(operation)), view);
    assert!(!Role::Readonly.may(Change::Audit(Vec::new()).operation()));
    assert!(Role::Readonly.may(Change::SessionEnded(1).operation()));
}

#[test]
fn a_row_is_read_as_it_was_written() {
    let row = SessionRow::new(3, figures(1));
    let line = serde_json::to_string(&row).unwrap();
    assert_eq!(line, r#"[3,"active",1,2,3,4,5,6,7]"#);
    assert_eq!(serde_json::from_str::<SessionRow>(&line).unwrap(), row);
}

#[test]
fn old_lines_of_a_build_and_old_records_go() {
    let mut view = View::default();
    for seq in 0..250 {
        let event =
            super::super::audit::AuditEvent::Audit { what: "opened".to_owned(), detail: String::new() };
        let record = AuditRecord { seq, at: String::new(), event, prev: String::new(), mac: String::new() };
        view.change(Change::Audit(vec![record]));
    }
    let audit = view.audit.unwrap();
    assert_eq!((audit.len(), audit[0].seq), (MAX_AUDIT, 249));
}
