//! Drawing names at random. The one place where the store's side is not
//! determined by what is stored.

use uuid::Uuid;

use crate::tasks::IdSource;

/// Names from the operating system's randomness: sixteen hexadecimal digits
/// after the prefix, 60 bits of them random.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn draw(&mut self, prefix: &'static str) -> String {
        let (bits, _) = Uuid::new_v4().as_u64_pair();
        format!("{prefix}{bits:016x}")
    }
}
