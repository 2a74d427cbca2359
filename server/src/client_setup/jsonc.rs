//! Entries in JSON, with comments or without: edited in the syntax tree, which
//! keeps every character that is not the entry's own.

use std::path::Path;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};

use super::SetupError;
use super::entry::Launch;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Comments and trailing commas are read because editors' files have them.
/// Anything beyond would be accepted here and refused by the client.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A file being edited.
struct Document<'a> {
    path: &'a Path,
    mark: bool,
    is_new: bool,
    root: CstRootNode,
}

impl<'a> Document<'a> {
    fn parse(path: &'a Path, text: &str) -> Result<Self, SetupError> {
        let body = text.strip_prefix(BYTE_ORDER_MARK);
        let root =
            CstRootNode::parse(body.unwrap_or(text), &OPTIONS).map_err(|error| SetupError::Broken {
                path: path.to_owned(),
                line: error.line_display(),
                column: error.column_display(),
                message: error.kind().to_string(),
            })?;
        Ok(Self { path, mark: body.is_some(), is_new: body.unwrap_or(text).trim().is_empty(), root })
    }

    /// The object that holds the servers, if the file has it.
    fn servers(&self, container: &str) -> Result<Option<CstObject>, SetupError> {
        let Some(value) = self.root.value() else { return Ok(None) };
        let object = value.as_object().ok_or_else(|| self.shape("the whole file"))?;
        object.get(container).map(|found| self.object_of(&found, container)).transpose()
    }

    fn object_of(&self, property: &CstObjectProp, key: &str) -> Result<CstObject, SetupError> {
        property.object_value().ok_or_else(|| self.shape(key))
    }

    fn shape(&self, key: &str) -> SetupError {
        SetupError::Shape { path: self.path.to_owned(), key: key.to_owned(), expected: "an object" }
    }

    fn finish(self) -> String {
        let mark = if self.mark { BYTE_ORDER_MARK.to_string() } else { String::new() };
        let body = self.root.to_string();
        let body = body.trim_start_matches(BYTE_ORDER_MARK);
        let end = if self.is_new && !body.ends_with('\n') { "\n" } else { "" };
        format!("{mark}{body}{end}")
    }
}

pub(super) fn enter(
    path: &Path,
    text: &str,
    container: &str,
    name: &str,
    launch: &Launch,
    typed: bool,
) -> Result<String, SetupError> {
    let document = Document::parse(path, text)?;
    let servers = match document.servers(container)? {
        Some(servers) => servers,
        None => document.root.object_value_or_set().object_value_or_set(container),
    };
    match servers.get(name) {
        None => {
            servers.append(name, CstInputValue::Object(members(launch, typed)));
        }
        Some(existing) => {
            let entry = document.object_of(&existing, &format!("{container}.{name}"))?;
            if read(&entry).as_ref() == Some(launch) {
                return Ok(text.to_owned());
            }
            for (key, value) in members(launch, typed) {
                match entry.get(&key) {
                    Some(member) => member.set_value(value),
                    None => {
                        entry.append(&key, value);
                    }
                }
            }
        }
    }
    Ok(document.finish())
}

/// The servers' object stays, even empty: whose it is cannot be seen in it.
pub(super) fn remove(path: &Path, text: &str, container: &str, name: &str) -> Result<String, SetupError> {
    let document = Document::parse(path, text)?;
    let Some(entry) = document.servers(container)?.and_then(|servers| servers.get(name)) else {
        return Ok(text.to_owned());
    };
    entry.remove();
    Ok(document.finish())
}

/// The entry, if it is there and nothing but a launch.
pub(super) fn find(
    path: &Path,
    text: &str,
    container: &str,
    name: &str,
) -> Result<Option<Launch>, SetupError> {
    let document = Document::parse(path, text)?;
    let entry = document.servers(container)?.and_then(|servers| servers.get(name)?.object_value());
    Ok(entry.as_ref().and_then(read))
}

fn members(launch: &Launch, typed: bool) -> Vec<(String, CstInputValue)> {
    let text = |text: &String| CstInputValue::String(text.clone());
    let kind = typed.then(|| ("type".to_owned(), CstInputValue::String("stdio".to_owned())));
    let command = ("command".to_owned(), text(&launch.command));
    let args = ("args".to_owned(), CstInputValue::Array(launch.args.iter().map(text).collect()));
    kind.into_iter().chain([command, args]).collect()
}

fn read(entry: &CstObject) -> Option<Launch> {
    let text = |value: CstNode| value.as_string_lit()?.decoded_value().ok();
    let command = text(entry.get("command")?.value()?)?;
    let args = entry.array_value("args")?.elements().into_iter().map(text).collect::<Option<_>>()?;
    Some(Launch { command, args })
}
