//! The task tools: what each is called, shown as and does. One file per family.
//! Must never hold a rule about tasks; those are the domain's.

mod call;
mod caller;
mod canonical;
mod context;
mod extra;
mod lenient;
mod maintenance;
mod plan;
mod query;
mod removal;
mod sessions;
mod status;
mod walk;
mod work;

use futures::future::BoxFuture;
use rmcp::model::{ErrorData, JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use call::Answer;
pub(super) use call::{Call, execution};
use effect::Effect;

use super::failure::Refusal;
use super::limits::Family;
use crate::reboot;
use crate::roles::Roles;
use crate::tool::{arguments, effect, schema};

/// Most role names that a tool's description lists.
const NAMED_ROLES: usize = 50;

/// One tool: its face and its work.
trait Tool {
    /// What it takes.
    type Arguments: DeserializeOwned + JsonSchema + Send;
    /// What it answers.
    type Reply: Serialize + JsonSchema + Send;
    /// What it is called.
    const NAME: &'static str;
    /// What it was called in older lines.
    const ALIAS: Option<&'static str> = None;
    /// For people.
    const TITLE: &'static str;
    /// For language models: what it does and when to use it.
    const DESCRIPTION: &'static str;
    /// What calling it changes.
    const EFFECT: Effect;
    /// Whether it may take long enough to be suspended.
    const WALKS: bool = false;
    /// Among which tools its calls are counted.
    const FAMILY: Family = match (Self::WALKS, Self::EFFECT) {
        (true, _) => Family::Heavy,
        (false, Effect::Reads) => Family::Read,
        (false, _) => Family::Write,
    };
    /// Whether clients that can wait have it run in the background.
    const BACKGROUND: bool = Self::WALKS;

    /// Does it.
    fn call(
        call: &Call<'_>,
        arguments: Self::Arguments,
    ) -> impl Future<Output = Result<Answer<Self::Reply>, Refusal>> + Send;
}

type Check = fn(JsonObject) -> Result<(), ErrorData>;
type Run = for<'a> fn(&'a Call<'a>, JsonObject) -> BoxFuture<'a, Result<Value, Refusal>>;

/// A tool by one of its names.
pub(super) struct Entry {
    /// The name that both a tool and its alias go by in the operation log.
    pub(super) name: &'static str,
    /// Whether calls have to be recognised when they come again.
    pub(super) writes: bool,
    /// Whether calls may stop at a checkpoint.
    pub(super) walks: bool,
    /// Among which tools calls are counted.
    pub(super) family: Family,
    /// Whether clients that can wait have it run in the background.
    pub(super) background: bool,
    check: Check,
    run: Run,
}

impl Entry {
    /// Whether the tool takes these arguments.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub(super) fn check(&self, arguments: JsonObject) -> Result<(), ErrorData> {
        (self.check)(arguments)
    }

    /// Carries a call out.
    pub(super) async fn run<'a>(&self, call: &'a Call<'a>, arguments: JsonObject) -> Result<Value, Refusal> {
        (self.run)(call, arguments).await
    }
}

/// The tool whose calls do this sort of work, page by page.
pub(super) fn of_walk(kind: &str) -> Option<&'static str> {
    use crate::tasks::{Gathering, Scan, Walk as _};
    match kind {
        Scan::KIND => Some(maintenance::Coordinate::NAME),
        Gathering::KIND => Some(query::Synthesize::NAME),
        _ => None,
    }
}

/// All tools as this worker offers them.
pub(super) struct Catalogue {
    definitions: Vec<Definition>,
    entries: Vec<Entry>,
    digest: String,
}

impl Catalogue {
    /// The tools of a workspace with these roles.
    pub(super) fn new(roles: &Roles) -> Self {
        let mut catalogue = Self { definitions: Vec::new(), entries: Vec::new(), digest: String::new() };
        catalogue.add::<sessions::Initialize>(roles);
        catalogue.add::<plan::Plan>(roles);
        catalogue.add::<plan::Update>(roles);
        catalogue.add::<query::Query>(roles);
        catalogue.add::<work::Execute>(roles);
        catalogue.add::<work::Complete>(roles);
        catalogue.add::<removal::Cancel>(roles);
        catalogue.add::<removal::Delete>(roles);
        catalogue.add::<query::Synthesize>(roles);
        catalogue.add::<status::Get>(roles);
        catalogue.add::<maintenance::Coordinate>(roles);
        catalogue.add::<sessions::List>(roles);
        catalogue.add::<sessions::Resume>(roles);
        catalogue.add::<sessions::Status>(roles);
        catalogue.add::<sessions::Cleanup>(roles);
        catalogue.finish();
        catalogue
    }

    /// One tool more, for a test build.
    pub(super) fn add_extra(&mut self, roles: &Roles) {
        // Definitions and entries stand side by side.
        self.definitions.truncate(self.entries.len());
        self.add::<extra::Extra>(roles);
        self.finish();
    }

    /// The front's tools are shown here, since a list has one author, and carried
    /// out by the front, so there is no entry for them: a call that gets through
    /// all the same is refused.
    fn finish(&mut self) {
        self.definitions.extend(reboot::definitions());
        let text = serde_json::to_vec(&self.definitions).unwrap_or_default();
        self.digest = hex(&Sha256::digest(text));
    }

    /// As `tools/list` shows them.
    pub(super) fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Changes when the list changes: tells a session whether its list is stale.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// As `tools/list` shows one of them.
    pub(super) fn definition(&self, name: &str) -> Option<&Definition> {
        self.definitions.iter().find(|tool| tool.name == name)
    }

    /// The tool of this name.
    ///
    /// # Errors
    ///
    /// The error that MCP prescribes for an unknown tool, with the name that was probably meant.
    pub(super) fn find(&self, name: &str) -> Result<&Entry, ErrorData> {
        let place = self.definitions.iter().position(|tool| tool.name == name);
        place.and_then(|place| self.entries.get(place)).ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> ErrorData {
        let known = self.definitions.iter().map(|tool| tool.name.as_ref());
        let names: Vec<&str> = known.filter(|known| *known != name).collect();
        let suggestion = arguments::closest(name, &names);
        let meant = suggestion.map(|name| format!(". Did you mean {name}?")).unwrap_or_default();
        let name: String = name.chars().take(200).collect();
        let data = json!({ "tool": name, "suggestion": suggestion });
        ErrorData::invalid_params(format!("Unknown tool: {name}{meant}"), Some(data))
    }

    fn add<T: Tool>(&mut self, roles: &Roles) {
        let mut input = schema::input::<T::Arguments>().as_ref().clone();
        name_roles(&mut input, &roles_text(roles));
        let definition = Definition::new(T::NAME, T::DESCRIPTION, input)
            .with_title(T::TITLE)
            .with_raw_output_schema(schema::output::<T::Reply>())
            .with_annotations(T::EFFECT.annotations(T::TITLE));
        let entry = || Entry {
            name: T::NAME,
            writes: T::EFFECT != Effect::Reads,
            walks: T::WALKS,
            family: T::FAMILY,
            background: T::BACKGROUND,
            check: |given| arguments::parse::<T::Arguments>(T::NAME, given).map(drop),
            run: run::<T>,
        };
        if let Some(alias) = T::ALIAS {
            let mut also = definition.clone();
            also.name = alias.into();
            also.description = Some(format!("The same as {}. {}", T::NAME, T::DESCRIPTION).into());
            self.definitions.extend([definition, also]);
            self.entries.extend([entry(), entry()]);
        } else {
            self.definitions.push(definition);
            self.entries.push(entry());
        }
    }
}

fn run<'a, T: Tool>(call: &'a Call<'a>, arguments: JsonObject) -> BoxFuture<'a, Result<Value, Refusal>> {
    Box::pin(async move {
        let arguments = arguments::parse(T::NAME, arguments)?;
        T::call(call, arguments).await.map(Answer::into_value)
    })
}

fn roles_text(roles: &Roles) -> String {
    let names = roles.names();
    let shown = names.iter().take(NAMED_ROLES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if names.len() > NAMED_ROLES { ", and more" } else { "" };
    format!("Roles of this workspace: {shown}{more}.")
}

/// Names the workspace's roles wherever a role is asked for.
fn name_roles(schema: &mut JsonObject, text: &str) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties")
        && let Some(Value::Object(property)) = properties.get_mut("specialist_type")
    {
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{description} {text}");
        property.insert("description".to_owned(), description.into());
    }
    for value in schema.values_mut() {
        visit(value, text);
    }
}

fn visit(value: &mut Value, text: &str) {
    match value {
        Value::Object(object) => name_roles(object, text),
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, text)),
        _ => {}
    }
}

/// Bytes as text for a record.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
