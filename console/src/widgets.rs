//! Things to draw with. They take any area, also an empty one, and clip to the buffer.

mod canvas;
pub mod table;
pub mod text;

pub use canvas::Canvas;
pub use table::Table;
