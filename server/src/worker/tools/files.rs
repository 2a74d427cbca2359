//! Paths that a client names: resolved inside the workspace or refused. Must
//! never open anything that has not been resolved here.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::json;
use task_orchestrator_shared::error_code::ErrorCode;

use crate::tasks::TaskError;
use crate::worker::failure::{Failure, Refusal};

/// Longest path that is looked at.
const MAX_PATH: usize = 4096;
/// Largest file that is kept as an artifact.
pub(super) const MAX_FILE: u64 = 10 * 1024 * 1024;

/// A path of the workspace: where it is, and its name relative to the workspace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inside {
    /// Every link resolved.
    pub(super) absolute: PathBuf,
    /// For records and people.
    pub(super) relative: String,
}

/// Resolves a path, relative ones from the workspace.
///
/// # Errors
///
/// When it does not exist, or leads out of the workspace.
pub(super) fn resolve(workspace: &Path, field: &'static str, path: &str) -> Result<Inside, Refusal> {
    if path.is_empty() || path.len() > MAX_PATH || path.contains('\0') {
        return Err(
            TaskError::invalid(field, format!("a path has 1 to {MAX_PATH} bytes and no zero byte")).into()
        );
    }
    let given = workspace.join(path);
    let absolute = given.canonicalize().map_err(|error| {
        // What lies outside is not worth a word, not even whether it exists.
        if lexically_inside(workspace, &given) {
            unreadable(field, path, &error)
        } else {
            outside(field, path)
        }
    })?;
    let Ok(relative) = absolute.strip_prefix(workspace) else { return Err(outside(field, path)) };
    let relative = relative.to_str().map(str::to_owned);
    let relative =
        relative.ok_or_else(|| TaskError::invalid(field, format!("{path:?} is not valid Unicode")))?;
    Ok(Inside { relative, absolute })
}

/// Resolves a directory of the workspace.
///
/// # Errors
///
/// As [`resolve`], and when it is no directory.
pub(super) fn directory(workspace: &Path, field: &'static str, path: &str) -> Result<Inside, Refusal> {
    let inside = resolve(workspace, field, path)?;
    if !inside.absolute.is_dir() {
        return Err(TaskError::invalid(field, format!("{path:?} is not a directory")).into());
    }
    Ok(inside)
}

/// The content of a file of the workspace with its name relative to it.
///
/// # Errors
///
/// As [`resolve`], and when it is no plain file or too large.
pub(super) fn read(workspace: &Path, field: &'static str, path: &str) -> Result<(Vec<u8>, String), Refusal> {
    let inside = resolve(workspace, field, path)?;
    let refuse = |reason: String| Refusal::from(TaskError::invalid(field, reason));
    let file = open(&inside.absolute).map_err(|error| unreadable(field, path, &error))?;
    let about = file.metadata().map_err(|error| unreadable(field, path, &error))?;
    if !about.is_file() {
        return Err(refuse(format!("{path:?} is not a plain file")));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| unreadable(field, path, &error))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(refuse(format!(
            "{path:?} has more than {MAX_FILE} bytes, the most that is kept of one file"
        )));
    }
    Ok((bytes, inside.relative))
}

/// Opens without following a link that was put there since the path was
/// resolved, and without waiting for the other end of a pipe.
fn open(resolved: &Path) -> std::io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, ResolveFlags, openat2};
        let way = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match openat2(CWD, resolved, flags, Mode::empty(), way) {
            // A kernel or a sandbox without the call: the check of the last component remains.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
            other => return Ok(File::from(other?)),
        }
    }
    Ok(File::from(rustix::fs::open(resolved, flags, Mode::empty())?))
}

fn lexically_inside(workspace: &Path, given: &Path) -> bool {
    use std::path::Component;
    given.starts_with(workspace) && !given.components().any(|part| part == Component::ParentDir)
}

fn outside(field: &'static str, path: &str) -> Refusal {
    let path: String = path.chars().take(300).collect();
    Failure::new(
        ErrorCode::PathOutsideWorkspace,
        format!("{field}: {path:?} leads out of the workspace"),
        "Name a path inside the workspace; links are resolved first.",
    )
    .with_details(json!({ "field": field, "path": path }))
    .into()
}

fn unreadable(field: &'static str, path: &str, error: &std::io::Error) -> Refusal {
    let path: String = path.chars().take(300).collect();
    if error.kind() == ErrorKind::NotFound {
        return Failure::new(
            ErrorCode::NotFound,
            format!("{field}: there is no {path:?}"),
            "Check the path.",
        )
        .with_details(json!({ "field": field, "path": path }))
        .into();
    }
    TaskError::invalid(field, format!("{path:?} cannot be read: {error}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: std::fmt::Debug>(result: Result<T, Refusal>) -> ErrorCode {
        match result.unwrap_err() {
            Refusal::Failed(failure) => failure.error_code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_outside_the_workspace_is_reached() {
        let outer = tempfile::tempdir().unwrap();
        let workspace = outer.path().canonicalize().unwrap().join("workspace");
        std::fs::create_dir_all(workspace.join("sub")).unwrap();
        std::fs::write(outer.path().join("secret"), "x").unwrap();
        std::fs::write(workspace.join("sub/file"), "y").unwrap();
        std::os::unix::fs::symlink(outer.path(), workspace.join("way_out")).unwrap();
        std::os::unix::fs::symlink("sub/file", workspace.join("way_in")).unwrap();

        let read = |path: &str| super::read(&workspace, "file_paths", path);
        for path in
            ["../secret", "way_out/secret", "/etc/passwd", "sub/../../secret", "../nowhere", "/nowhere"]
        {
            assert_eq!(code(read(path)), ErrorCode::PathOutsideWorkspace, "{path}");
        }
        assert_eq!(code(read("nowhere")), ErrorCode::NotFound);
        for path in ["", "a\0b", "sub"] {
            assert_eq!(code(read(path)), ErrorCode::InvalidArgument, "{path:?}");
        }
        for path in ["sub/file", "./sub/../sub/file", "way_in", workspace.join("sub/file").to_str().unwrap()]
        {
            assert_eq!(read(path).unwrap(), (b"y".to_vec(), "sub/file".to_owned()), "{path}");
        }
        assert_eq!(code(directory(&workspace, "working_directory", "sub/file")), ErrorCode::InvalidArgument);
        assert_eq!(directory(&workspace, "working_directory", ".").unwrap().relative, "");
    }

    #[test]
    fn pipes_and_huge_files_are_refused_without_waiting() {
        let workspace = tempfile::tempdir().unwrap();
        let workspace = workspace.path().canonicalize().unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            workspace.join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        std::fs::File::create(workspace.join("huge")).unwrap().set_len(MAX_FILE + 1).unwrap();
        for path in ["pipe", "huge"] {
            assert_eq!(
                code(super::read(&workspace, "file_paths", path)),
                ErrorCode::InvalidArgument,
                "{path}"
            );
        }
    }
}
