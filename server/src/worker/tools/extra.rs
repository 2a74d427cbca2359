//! One tool more, in test builds only: a build whose list of tools differs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::call::{Answer, Call};
use super::effect::Effect;
use crate::worker::failure::Refusal;

/// `orchestrator_extra_tool`
pub(super) struct Extra;

/// Nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtraArguments {}

/// That it is there.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Present {
    /// Always true.
    extra: bool,
}

impl Tool for Extra {
    type Arguments = ExtraArguments;
    type Reply = Present;
    const NAME: &'static str = "orchestrator_extra_tool";
    const TITLE: &'static str = "One more tool";
    const DESCRIPTION: &'static str = "Say that this build has one tool more.";
    const EFFECT: Effect = Effect::Reads;

    async fn call(call: &Call<'_>, _: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        call.read_short(|_| Ok(Present { extra: true }))
    }
}
