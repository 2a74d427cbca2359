//! Moving in the tree of tasks.

use task_orchestrator_shared::role::Role;

use crate::action::ActionId;
use crate::key::Press;
use crate::model::{Model, rows};
use crate::msg::Msg;
use crate::sample;
use crate::screen::Screen;
use crate::update::update;

fn shown(chosen: &str) -> Model {
    let mut model = sample::connected(sample::view(2), Role::Monitor);
    model.screen = Screen::Tasks;
    model.tasks = sample::tasks();
    model.list_mut().chosen = Some(chosen.to_owned());
    model
}

fn act(model: &mut Model, action: ActionId) {
    let key = *model.settings.keymap.keys(action).first().unwrap();
    update(model, Msg::Key(Press { key, repeats: false }), sample::now());
}

fn keys(model: &Model) -> String {
    let rows = rows::of(model).unwrap();
    let keys: Vec<String> = (0..rows.count()).map(|row| rows.key(row).into_owned()).collect();
    keys.join(" ")
}

fn chosen(model: &Model) -> String {
    crate::update::lists::chosen(model).unwrap()
}

const ALL: &str = "s1 p1 t1 t2 t3 s2 t4 t5";

#[test]
fn a_closed_branch_hides_what_belongs_to_it() {
    let mut model = shown("p1");
    assert_eq!(keys(&model), ALL);
    act(&mut model, ActionId::Left);
    assert_eq!(keys(&model), "s1 p1 t3 s2 t4 t5");
    act(&mut model, ActionId::Left);
    assert_eq!(chosen(&model), "s1", "from a closed branch one goes to its parent");
    act(&mut model, ActionId::Open);
    assert_eq!(keys(&model), "s1 s2 t4 t5");
    act(&mut model, ActionId::Left);
    assert_eq!(
        (chosen(&model), keys(&model)),
        ("s1".to_owned(), "s1 s2 t4 t5".to_owned()),
        "there is none above"
    );
    act(&mut model, ActionId::Right);
    assert_eq!(keys(&model), "s1 p1 t3 s2 t4 t5", "what was closed within stays so");
    act(&mut model, ActionId::Right);
    assert_eq!(chosen(&model), "p1", "from an open branch one goes into it");
    act(&mut model, ActionId::Open);
    assert_eq!(keys(&model), ALL);
}

#[test]
fn a_leaf_leads_to_its_parent() {
    let mut model = shown("t2");
    act(&mut model, ActionId::Right);
    assert_eq!((chosen(&model), keys(&model)), ("t2".to_owned(), ALL.to_owned()), "there is nothing to open");
    act(&mut model, ActionId::Open);
    assert!(model.is_open, "but its details");
    act(&mut model, ActionId::Back);
    assert!(!model.is_open);
    act(&mut model, ActionId::Left);
    assert_eq!(chosen(&model), "p1");
    let mut model = shown("t3");
    act(&mut model, ActionId::Left);
    assert_eq!(chosen(&model), "s1", "the plan before it is no parent of it");
}

#[test]
fn the_first_row_can_be_closed_without_being_chosen_before() {
    let mut model = shown("s1");
    model.list_mut().chosen = None;
    act(&mut model, ActionId::Left);
    assert_eq!((chosen(&model), keys(&model)), ("s1".to_owned(), "s1 s2 t4 t5".to_owned()));
}
