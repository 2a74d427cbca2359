//! Where the built program is.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// Names another build to test than the one beside the test.
pub const OVERRIDE: &str = "TASK_ORCHESTRATOR_BIN";

/// The program under test: what [`OVERRIDE`] names, or the one of the same profile as this test.
///
/// # Errors
///
/// When it has not been built: cargo builds other packages' programs for no test.
pub fn path() -> Result<PathBuf> {
    if let Some(given) = env::var_os(OVERRIDE) {
        return existing(PathBuf::from(given), "the program that TASK_ORCHESTRATOR_BIN names is not there");
    }
    beside("task-orchestrator")
}

/// A program of this workspace by name, from the directory of the same profile.
///
/// # Errors
///
/// When it has not been built.
pub fn beside(name: &str) -> Result<PathBuf> {
    let own = env::current_exe().context("where this test is")?;
    existing(profile_directory(&own)?.join(name), "not built yet: run `cargo build --workspace` first")
}

/// Longest mark at the end of a test worker's file.
pub const MARK_BYTES: u32 = 64;

/// A build of the worker that behaves so (see `bin/test_worker.rs`), made in this directory.
///
/// # Errors
///
/// When the test worker has not been built, or cannot be copied.
pub fn behaving(behaviour: &str, directory: &Path) -> Result<PathBuf> {
    let mark = format!("\n#test_worker-{behaviour}");
    ensure!(mark.len() <= MARK_BYTES as usize, "{behaviour} is too long");
    let whole = directory.join(format!("test_worker-{behaviour}"));
    // Whoever watches the name sees the old file or the whole new one.
    let new = directory.join(format!(".new-{behaviour}"));
    fs::copy(beside("test_worker")?, &new)?;
    OpenOptions::new().append(true).open(&new)?.write_all(mark.as_bytes())?;
    fs::rename(&new, &whole)?;
    Ok(whole)
}

/// `target/<profile>` for a program in it or for a test in its `deps`.
fn profile_directory(executable: &Path) -> Result<&Path> {
    let directory = executable.parent().context("an executable lies in a directory")?;
    if directory.ends_with("deps") {
        directory.parent().context("deps lies in a profile")
    } else {
        Ok(directory)
    }
}

fn existing(path: PathBuf, otherwise: &str) -> Result<PathBuf> {
    if !path.is_file() {
        bail!("{otherwise} ({})", path.display());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_programs_find_the_same_directory() {
        let expected = Path::new("/t/debug");
        assert_eq!(profile_directory(Path::new("/t/debug/deps/malformed-1f")).unwrap(), expected);
        assert_eq!(profile_directory(Path::new("/t/debug/chaos")).unwrap(), expected);
    }

    #[test]
    fn a_missing_program_says_how_to_get_it() {
        let error = beside("no-such-program").unwrap_err();
        assert!(error.to_string().contains("cargo build"));
    }
}
