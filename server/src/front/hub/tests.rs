//! The hub with workers that are only mailboxes: every rule about who gets what
//! after whom died, without a process.

mod admission;
mod brief;
mod by_hand;
mod crashes;
mod detail;
mod ends;
mod faults;
mod handover;
mod letters;
mod messages;
mod operators;
mod probe;
mod reboot_calls;
mod restoring;
mod rig;
mod tasks;
mod watchers;
