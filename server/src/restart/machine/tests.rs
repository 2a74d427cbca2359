//! The machine against a model of the world: tables of paths, every step with
//! every fault, and random runs. Nothing here has a real clock or process.

mod ends;
mod faults;
mod ledger;
mod matrix;
mod names;
mod paths;
mod probation;
mod random;
mod refusals;
mod safety;
mod world;
