//! Paths that a client names: resolved with every link followed, and refused
//! when they end outside the workspace. Nothing else turns text into a path.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::tasks::TaskError;

/// The real path of something that exists inside the workspace.
///
/// # Errors
///
/// [`TaskError::OutsideWorkspace`] when it is elsewhere, also by way of `..` or
/// a link; [`TaskError::Invalid`] when there is nothing.
pub fn resolve_inside(workspace: &Path, field: &'static str, path: &str) -> Result<PathBuf, TaskError> {
    let refuse = |error: io::Error| TaskError::invalid(field, format!("{path}: {error}"));
    let workspace = workspace.canonicalize().map_err(refuse)?;
    let real = workspace.join(path).canonicalize().map_err(|error| {
        // Whether something exists outside is nobody's business.
        if names_outside(&workspace, path) { outside(path) } else { refuse(error) }
    })?;
    if real.starts_with(&workspace) { Ok(real) } else { Err(outside(path)) }
}

/// Opens a regular file inside the workspace; also gives its path relative to the workspace.
pub(super) fn open_inside(workspace: &Path, path: &str) -> Result<(File, String), TaskError> {
    let real = resolve_inside(workspace, "file_paths", path)?;
    let refuse = |error: io::Error| TaskError::invalid("file_paths", format!("{path}: {error}"));
    // Neither a link that was put there meanwhile nor a pipe that nobody writes to.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(&real).map_err(refuse)?;
    let opened = file.metadata().map_err(refuse)?;
    if !opened.is_file() {
        return Err(TaskError::invalid("file_paths", format!("{path} is not a regular file")));
    }
    // A directory above may have been replaced between the look and the opening.
    let again = resolve_inside(workspace, "file_paths", path)?.metadata().map_err(refuse)?;
    if (again.dev(), again.ino()) != (opened.dev(), opened.ino()) {
        return Err(outside(path));
    }
    let workspace = workspace.canonicalize().map_err(refuse)?;
    let relative = real.strip_prefix(&workspace).unwrap_or(&real).to_string_lossy().into_owned();
    Ok((file, relative))
}

/// Whether the text alone already leads out of the workspace.
fn names_outside(workspace: &Path, path: &str) -> bool {
    use std::path::Component;
    let mut depth = 0_i64;
    let path = Path::new(path);
    if path.is_absolute() {
        return !path.starts_with(workspace);
    }
    for component in path.components() {
        match component {
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

fn outside(path: &str) -> TaskError {
    TaskError::OutsideWorkspace { path: path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_leads_outside_is_refused_by_any_road() {
        let home = tempfile::tempdir().unwrap();
        let workspace = home.path().join("workspace");
        fs::create_dir_all(workspace.join("sub")).unwrap();
        fs::write(workspace.join("sub/in.txt"), "in").unwrap();
        fs::write(home.path().join("out.txt"), "out").unwrap();
        std::os::unix::fs::symlink(home.path(), workspace.join("link")).unwrap();
        std::os::unix::fs::symlink(home.path().join("out.txt"), workspace.join("file-link")).unwrap();
        let absolute = home.path().join("out.txt").display().to_string();
        for road in [
            "../out.txt",
            "sub/../../out.txt",
            "link/out.txt",
            "file-link",
            "/etc/passwd",
            "../missing",
            &absolute,
        ] {
            let refused = open_inside(&workspace, road).unwrap_err();
            assert!(matches!(refused, TaskError::OutsideWorkspace { .. }), "{road}: {refused:?}");
        }
        for (road, is) in [
            ("sub/in.txt", "sub/in.txt"),
            ("./sub/../sub/in.txt", "sub/in.txt"),
            ("link/workspace/sub/in.txt", "sub/in.txt"),
        ] {
            assert_eq!(open_inside(&workspace, road).unwrap().1, is);
        }
    }

    #[test]
    fn only_regular_files_are_read() {
        let workspace = tempfile::tempdir().unwrap();
        fs::create_dir(workspace.path().join("dir")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            workspace.path().join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from(0o600),
            0,
        )
        .unwrap();
        for path in ["dir", "pipe", "missing", "a\0b"] {
            assert!(matches!(open_inside(workspace.path(), path), Err(TaskError::Invalid { .. })), "{path}");
        }
    }
}
