use task_orchestrator_shared::role::Role;

use crate::model::Model;
use crate::model::filter::Filter;
use crate::model::known::{Fetched, Held};
use crate::sample::{config, connected, now, pictures, view};
use crate::screen::Screen;

fn on_configuration(boot: &str) -> Model {
    let mut model = connected(view(3), Role::Operator);
    model.screen = Screen::Configuration;
    model.config = Fetched::Have(Box::new(Held { value: config(), at: now(), boot: boot.to_owned() }));
    model
}

#[test]
fn keys_with_what_waits_to_hold() {
    let mut model = on_configuration("boot-1");
    model.list_mut().chosen = Some("buffer.expiry".to_owned());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn only_what_somebody_has_said() {
    let mut model = on_configuration("boot-1");
    model.list_mut().filter = Filter::parse("!source:default", &["source"]).unwrap();
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn that_of_another_server_is_old() {
    insta::assert_snapshot!("old", pictures(&on_configuration("boot-0")));
    let mut model = on_configuration("boot-1");
    model.config = Fetched::Failed("the configuration cannot be read".to_owned());
    insta::assert_snapshot!("failed", pictures(&model));
}
