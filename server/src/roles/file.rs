//! Reading and understanding role files: bounded in number and size, regular
//! files only. Must never follow a link or read outside the directory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::{MAX_FILE_BYTES, MAX_FILES, MAX_ROLES, Role, RoleProblem, Roles};

/// Longest role name.
const MAX_NAME: usize = 64;
/// Most characters in one text of a role.
const MAX_TEXT: usize = 10_000;
/// Most entries in one list of a role.
const MAX_ENTRIES: usize = 100;

/// A role as it stands in a file; what is absent comes from the role of that name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    role_definition: Option<String>,
    #[serde(default, deserialize_with = "one_or_many")]
    expertise: Option<Vec<String>>,
    #[serde(default, deserialize_with = "one_or_many")]
    approach: Option<Vec<String>>,
    #[serde(default, deserialize_with = "joined")]
    output_format: Option<String>,
}

/// The files of the directory in the order of their names.
pub(super) fn read_all(directory: &Path) -> (Vec<(String, String)>, Vec<RoleProblem>) {
    let mut problems = Vec::new();
    let mut paths = match list(directory) {
        Ok(paths) => paths,
        Err(error) if error.kind() == ErrorKind::NotFound => return (Vec::new(), problems),
        Err(error) => {
            problems.push(RoleProblem::of_file("roles", format!("the directory cannot be read: {error}")));
            return (Vec::new(), problems);
        }
    };
    paths.sort();
    if paths.len() > MAX_FILES {
        problems.push(RoleProblem::of_file("roles", format!("only the first {MAX_FILES} files are read")));
        paths.truncate(MAX_FILES);
    }
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match read(&path) {
            Ok(text) => files.push((name, text)),
            Err(message) => problems.push(RoleProblem::of_file(&name, message)),
        }
    }
    (files, problems)
}

fn list(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml") {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn read(path: &Path) -> Result<String, String> {
    // Not followed: a link in a cloned repository must not make its target's text visible,
    // and opening a pipe would wait for ever.
    let kind = std::fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if !kind.is_file() {
        return Err("not a regular file (links are not followed)".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("larger than {MAX_FILE_BYTES} bytes"));
    }
    Ok(text)
}

/// The roles of one file: a mapping from names to roles, or one role that is named by its file.
pub(super) fn parse(file: &str, text: &str, known: &Roles) -> Result<Vec<Role>, RoleProblem> {
    let yaml = |error| RoleProblem::of_yaml(file, &error);
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Vec::new());
    }
    let options = || serde_saphyr::options! { with_snippet: false };
    let keys: BTreeMap<String, IgnoredAny> =
        serde_saphyr::from_str_with_options(text, options()).map_err(yaml)?;
    let fields = ["role_definition", "expertise", "approach", "output_format"];
    let entries = if keys.keys().any(|key| fields.contains(&key.as_str())) {
        let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let entry = serde_saphyr::from_str_with_options(text, options()).map_err(yaml)?;
        BTreeMap::from([(stem, entry)])
    } else {
        serde_saphyr::from_str_with_options::<BTreeMap<String, Entry>>(text, options()).map_err(yaml)?
    };
    let new = entries.keys().filter(|name| known.get(name).is_none()).count();
    if known.roles.len() + new > MAX_ROLES {
        return Err(RoleProblem::of_file(file, format!("a workspace has at most {MAX_ROLES} roles")));
    }
    entries.into_iter().map(|(name, entry)| complete(file, name, entry, known)).collect()
}

fn complete(file: &str, name: String, entry: Entry, known: &Roles) -> Result<Role, RoleProblem> {
    let refuse = |message: String| RoleProblem::of_file(file, format!("role `{name}`: {message}"));
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(fits) {
        return Err(refuse(format!("a name is 1 to {MAX_NAME} of a-z, 0-9, _ and -")));
    }
    let base = known.get(&name);
    let Some(role_definition) =
        entry.role_definition.or_else(|| base.map(|role| role.role_definition.clone()))
    else {
        return Err(refuse("role_definition is missing, and no built-in role has this name".to_owned()));
    };
    let base = base.cloned();
    let (expertise, approach, output) =
        base.map(|role| (role.expertise, role.approach, role.output_format)).unwrap_or_default();
    let role = Role {
        role_definition,
        expertise: entry.expertise.unwrap_or(expertise),
        approach: entry.approach.unwrap_or(approach),
        output_format: entry.output_format.unwrap_or(output),
        name: name.clone(),
    };
    if role.role_definition.trim().is_empty() {
        return Err(refuse("role_definition is empty".to_owned()));
    }
    let lists = || role.expertise.iter().chain(&role.approach);
    let texts = || lists().chain([&role.role_definition, &role.output_format]);
    if role.expertise.len().max(role.approach.len()) > MAX_ENTRIES {
        return Err(refuse(format!("a list has at most {MAX_ENTRIES} entries")));
    }
    if texts().any(|text| text.chars().count() > MAX_TEXT) {
        return Err(refuse(format!("a text has at most {MAX_TEXT} characters")));
    }
    Ok(role)
}

/// A list, or a single text as a list of one.
fn one_or_many<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<String>>, D::Error> {
    struct Lines;
    impl<'de> serde::de::Visitor<'de> for Lines {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of texts")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut lines = Vec::new();
            while let Some(line) = list.next_element()? {
                lines.push(line);
            }
            Ok(lines)
        }
    }
    input.deserialize_any(Lines).map(Some)
}

/// A text, or a list of texts as one text with a line each.
fn joined<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(one_or_many(input)?.map(|lines| lines.join("\n")))
}
