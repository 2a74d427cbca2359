use task_orchestrator_shared::role::Role;

use crate::model::Model;
use crate::model::known::{Fetched, Held};
use crate::sample::{audit, connected, now, pictures, view};
use crate::screen::Screen;

fn on_audit(role: Role) -> Model {
    let mut view = view(3);
    view.audit = Some(audit());
    let mut model = connected(view, role);
    model.screen = Screen::Audit;
    model
}

#[test]
fn records_joined_with_what_came_of_them() {
    let mut model = on_audit(Role::Admin);
    model.list_mut().chosen = Some("44".to_owned());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn every_field_of_one() {
    let mut model = on_audit(Role::Admin);
    model.list_mut().chosen = Some("46".to_owned());
    model.is_open = true;
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn own_denials_are_those_of_ones_own_user() {
    let mut model = on_audit(Role::Operator);
    model.own_denials = true;
    let rows = crate::model::rows::of(&model).unwrap();
    let keys: Vec<String> = (0..rows.count()).map(|row| rows.key(row).into_owned()).collect();
    assert_eq!(keys, ["46"]);
    drop(rows);
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn older_ones_that_were_asked_for_follow_on_those_of_the_view() {
    let mut model = on_audit(Role::Monitor);
    let all = audit();
    model.seen.as_mut().unwrap().view.audit = Some(all[..4].to_vec());
    model.audit =
        Fetched::Have(Box::new(Held { value: all[2..].to_vec(), at: now(), boot: "boot-1".to_owned() }));
    let whole = on_audit(Role::Monitor);
    let keys = |model: &Model| {
        let rows = crate::model::rows::of(model).unwrap();
        (0..rows.count()).map(|row| rows.key(row).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&model), keys(&whole));
    // Of eleven records, two tell what came of others and one that another was repeated.
    assert_eq!(keys(&model).len(), 8);
}
