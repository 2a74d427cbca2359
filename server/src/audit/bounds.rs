//! How much of what a caller says goes into a record. All of it is theirs to choose.

use task_orchestrator_shared::admin::audit::Attempt;

/// Longest text of a caller's in a record, in bytes; what is behind that is cut off.
pub(super) const MAX_TEXT: usize = 1024;
/// The same for a target.
const MAX_TARGET: usize = 256;
/// Longest parameters in the record of an intent, as JSON; longer ones are left out. The
/// longest that mean something name two files; a hundred records have to fit into the
/// view, or one who may change something could keep everybody from looking.
pub(super) const MAX_PARAMETERS: usize = 10 * 1024;
/// The same for who only looks or is denied: they must not be able to fill the disk.
pub(super) const MAX_PARAMETERS_OF_READS: usize = 512;

/// The attempt with texts and parameters that fit.
pub(super) fn bounded(mut attempt: Attempt, parameters: usize) -> Attempt {
    let actor = &mut attempt.actor;
    let texts = [&mut attempt.target, &mut attempt.reason, &mut attempt.idempotency_key];
    let limits = [MAX_TARGET, MAX_TEXT, MAX_TARGET];
    for (text, most) in texts.into_iter().zip(limits).filter_map(|(text, most)| Some((text.as_mut()?, most)))
    {
        shorten(text, most);
    }
    for text in [&mut actor.user, &mut actor.client].into_iter().flatten() {
        shorten(text, MAX_TARGET);
    }
    shorten(&mut attempt.method, MAX_TARGET);
    let length = attempt.parameters.to_string().len();
    if length > parameters {
        attempt.parameters = serde_json::json!({ "left_out_bytes": length });
    }
    attempt
}

/// Cuts the text off behind so many bytes, and shows that.
pub(super) fn shorten(text: &mut String, most: usize) {
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
}
