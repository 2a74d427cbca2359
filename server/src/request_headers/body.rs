//! Of a request's body what its headers repeat.

use std::borrow::Cow;

use rmcp::model::RequestMetaObject;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::envelope;

/// See the module.
pub(super) struct Body<'a> {
    pub(super) method: Cow<'a, str>,
    pub(super) meta: Option<RequestMetaObject>,
    params: Params<'a>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(default, borrow)]
    params: Option<&'a RawValue>,
}

// Duplicate keys are refused: two readers could disagree.
#[derive(Default, Deserialize)]
struct Params<'a> {
    #[serde(default)]
    name: Option<Value>,
    #[serde(default)]
    uri: Option<Value>,
    #[serde(default, rename = "taskId")]
    task: Option<Value>,
    #[serde(default, borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(default, rename = "_meta")]
    meta: Option<Value>,
}

impl<'a> Body<'a> {
    /// `None` for what is no request.
    pub(super) fn read(request: &'a [u8]) -> Option<Self> {
        let Wire { method, params } = envelope::object(str::from_utf8(request).ok()?).ok()?;
        let mut params: Params<'a> =
            params.and_then(|params| envelope::object(params.get()).ok()).unwrap_or_default();
        let meta = params.meta.take().and_then(|meta| serde_json::from_value(meta).ok());
        Some(Self { method, meta, params })
    }

    /// What `Mcp-Name` repeats, of a method that has that.
    pub(super) fn name(&self) -> Option<&str> {
        let named = match &*self.method {
            "tools/call" | "prompts/get" => &self.params.name,
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => &self.params.uri,
            "tasks/get" | "tasks/update" | "tasks/cancel" => &self.params.task,
            _ => return None,
        };
        named.as_ref()?.as_str()
    }

    /// The tool that is called.
    pub(super) fn tool(&self) -> Option<&str> {
        self.name().filter(|_| self.method == "tools/call")
    }

    /// The arguments of a call; null where there are none.
    pub(super) fn arguments(&self) -> Value {
        let raw = self.params.arguments;
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}
