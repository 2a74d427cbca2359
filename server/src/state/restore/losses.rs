//! What a restore would lose: tasks that the present database has and the other
//! one has not, or has older.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Places;
use crate::state::disk::{Disk as _, RealDisk};
use crate::state::error::StateError;
use crate::store::export::Export;
use crate::tasks::{Status, Task};

/// Files with lost tasks that are kept; of more, the oldest are removed once they are
/// older than [`KEPT_FOR`].
const KEPT: usize = 20;
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How a file with lost tasks is called: this, the time, and `.json`.
pub(super) const PREFIX: &str = "lost";

/// Lost tasks that are named; all of them are exported.
const NAMED: usize = 20;

/// A task that would be lost, or go back to an earlier state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Which.
    pub task_id: String,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Whether it would be gone, not only older.
    pub gone: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What would be lost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Losses {
    /// Tasks that would be gone.
    pub gone: u64,
    /// Tasks that would go back to an earlier state.
    pub older: u64,
    /// Artifacts that nothing would name any more; their files are removed an hour later.
    pub artifacts: u64,
    /// The first of the tasks.
    pub first: Vec<Lost>,
    /// Why it is not known, when it is not.
    pub unknown: Option<String>,
}

impl Losses {
    /// Compares the present database with another one.
    pub(super) fn find(places: &Places, other: &Path) -> Self {
        let mut losses = Self::default();
        if let Err(error) = losses.look(places, other) {
            losses.unknown = Some(error.to_string());
        }
        losses
    }

    fn look(&mut self, places: &Places, other: &Path) -> Result<(), StateError> {
        each_lost(places, other, &mut |task, gone| {
            *(if gone { &mut self.gone } else { &mut self.older }) += 1;
            if self.first.len() < NAMED {
                self.first.push(Lost {
                    task_id: task.task_id.to_string(),
                    title: task.title.to_string(),
                    status: task.status,
                    gone,
                    updated_at: task.updated_at,
                });
            }
            Ok(())
        })?;
        let artifacts = |path: &Path| Export::open(&places.options(path))?.count_artifacts();
        self.artifacts = artifacts(&places.database)?.saturating_sub(artifacts(other)?);
        Ok(())
    }

    /// Whether nothing would be lost.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

fn each_lost(
    places: &Places,
    other: &Path,
    each: &mut dyn FnMut(&Task, bool) -> Result<(), StateError>,
) -> Result<(), StateError> {
    let present = Export::open(&places.options(&places.database))?;
    let other = Export::open(&places.options(other))?;
    present.all_tasks(|task| match other.task(&task.task_id)? {
        None => each(task, true),
        Some(then) if then.updated_at < task.updated_at => each(task, false),
        Some(_) => Ok(()),
    })?;
    Ok(())
}

/// Writes every lost task into a new file, whole, and syncs it.
pub(super) fn export(places: &Places, other: &Path, name: &str, restored: &str) -> Result<(), StateError> {
    let (path, part) = (places.state.join(name), places.state.join(format!(".{name}.part")));
    // An earlier attempt may have left it.
    let _ = std::fs::remove_file(&part);
    let failed = |action| StateError::file(action, &path);
    let write = |file: File| -> Result<File, StateError> {
        let write_failed = failed("write the lost tasks to");
        let mut out = BufWriter::new(file);
        write!(out, "{{\"restored\":{},\"tasks\":[", serde_json::to_string(restored)?)
            .map_err(&write_failed)?;
        let mut separator = "";
        each_lost(places, other, &mut |task, _| {
            write!(out, "{separator}").map_err(&write_failed)?;
            separator = ",\n";
            Ok(serde_json::to_writer(&mut out, task)?)
        })?;
        out.write_all(b"]}\n").map_err(&write_failed)?;
        out.into_inner().map_err(|error| write_failed(error.into_error()))
    };
    let file = RealDisk.create(&part).map_err(failed("create"))?;
    let file = write(file)?;
    RealDisk.sync(&file).map_err(failed("sync"))?;
    RealDisk.rename(&part, &path).map_err(failed("name"))?;
    RealDisk.sync_directory(&places.state).map_err(failed("sync the directory of"))
}

/// Removes the files of restores long ago: the newest [`KEPT`] stay, as do those that
/// are younger than [`KEPT_FOR`], and the one of this restore. What cannot be removed
/// stays for the next time.
pub(super) fn forget_old(state: &Path, own: Option<&str>, now: Timestamp) {
    for name in old(state, now).unwrap_or_default() {
        if Some(name.as_str()) != own
            && let Err(error) = RealDisk.remove(&state.join(&name))
        {
            tracing::warn!(name, %error, "a file with tasks that an old restore lost stays");
        }
    }
}

/// Their names sort by time.
fn old(state: &Path, now: Timestamp) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(state)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_one = name.starts_with(&format!("{PREFIX}_")) && name.ends_with(".json");
        if is_one && entry.file_type()?.is_file() {
            names.push((name, Timestamp::try_from(entry.metadata()?.modified()?).unwrap_or(now)));
        }
    }
    names.sort_by(|(one, _), (other, _)| other.cmp(one));
    let is_old = |(_, written): &(String, Timestamp)| now.duration_since(*written) >= KEPT_FOR;
    Ok(names.into_iter().skip(KEPT).filter(is_old).map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::*;

    /// A file of so many days ago.
    fn file(state: &Path, days: u64) -> String {
        let name = format!("lost_2026-01-{:02}T00-00-00Z.json", 31 - days);
        let file = File::create(state.join(&name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(days * 86_400 + 60)).unwrap();
        name
    }

    #[test]
    fn the_newest_files_stay_and_those_of_today() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path();
        let names: Vec<String> = (0..25).map(|days| file(state, days)).collect();
        let others = ["lost_and_found.txt", "database_2026.db", ".lost_2020.json.part"];
        others.iter().for_each(|name| drop(File::create(state.join(name)).unwrap()));
        // The oldest by its name was written just now.
        File::create(state.join("lost_2020.json")).unwrap();
        forget_old(state, Some(&names[24]), Timestamp::now());
        let left = |name: &str| state.join(name).exists();
        assert!(names[..KEPT].iter().all(|name| left(name)), "the newest");
        assert!(names[KEPT..24].iter().all(|name| !left(name)), "the old ones");
        assert!(left(&names[24]), "that of this restore");
        assert!(left("lost_2020.json") && others.iter().all(|name| left(name)));
        assert_eq!(fs::read_dir(state).unwrap().count(), KEPT + 5);
    }
}
