//! Things to draw with. They take any area, also an empty one, and clip to the buffer.

mod canvas;
mod checks;
pub mod gauge;
mod pen;
pub mod phase_bar;
pub mod rich;
pub mod sparkline;
pub mod table;
pub mod text;
pub mod timeline;
pub mod wrap;

pub use canvas::Canvas;
pub use checks::{checks, level_look};
pub use pen::{Part, Pen};
pub use table::Table;
