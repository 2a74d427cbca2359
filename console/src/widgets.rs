//! Things to draw with. They take any area, also an empty one, and clip to the buffer.

mod canvas;
pub mod wrap;

pub use canvas::Canvas;
