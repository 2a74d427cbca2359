//! The console's program: wiring only.

fn main() {}
