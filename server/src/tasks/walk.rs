//! Work on many tasks, done page by page, so that it can stop between two pages
//! and go on elsewhere. What was gathered so far is plain data; each page reads
//! at one moment of its own. On unchanged data it does not matter where it stopped.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::TaskError;
use super::repository::Repository;

/// Most tasks that one page looks at.
pub const WALK_PAGE: usize = 500;

/// Work on many tasks.
pub trait Walk: Serialize + DeserializeOwned + Send + 'static {
    /// Which sort of work it is, in checkpoints.
    const KIND: &'static str;

    /// Looks at the next tasks, at most [`WALK_PAGE`]. Whether there are more.
    ///
    /// # Errors
    ///
    /// The domain's refusal: the work ends with it.
    fn page(&mut self, repository: &dyn Repository) -> Result<bool, TaskError>;

    /// How many tasks it has looked at.
    fn looked(&self) -> u64;

    /// How many there are to look at, as far as is known.
    fn expected(&self) -> u64;
}

/// Walks to the end on one moment of the repository.
///
/// # Errors
///
/// The domain's refusal.
pub fn at_once<W: Walk>(mut walk: W, repository: &dyn Repository) -> Result<W, TaskError> {
    while walk.page(repository)? {}
    Ok(walk)
}
