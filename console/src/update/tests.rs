//! What holds whatever happens: random messages, storms of keys, and the states of the
//! link in a table.

mod link;
mod runs;
mod storms;

use crate::action::Danger;
use crate::model::Model;
use crate::model::order::{Order, danger_of};
use crate::model::prompt::Prompt;
use crate::msg::Effect;

/// The orders among these that something dangerous would come of.
fn dangerous(effects: &[Effect]) -> Vec<&Order> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send { order, .. } => Some(order),
        _ => None,
    });
    sent.filter(|order| danger_of(order.request()) >= Danger::Confirm).collect()
}

/// Why the dialog of this model cannot be confirmed now; something where there is none.
fn bar(model: &Model) -> Option<String> {
    let Prompt::Confirm(dialog) = &model.prompt else { return Some("there is no dialog".to_owned()) };
    let not_yet = dialog.not_yet(model.world().as_ref(), model.now).map(|not_yet| not_yet.to_string());
    let is_typed = !dialog.must_type() || dialog.typed.value().trim() == dialog.word;
    not_yet.or_else(|| (!is_typed).then(|| "the word is not typed".to_owned()))
}
