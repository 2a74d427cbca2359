//! What holds of every screen: texts that others wrote steer no terminal, and what
//! something is, is never said by a colour alone.

mod texts;
mod told_apart;
