//! What administrators are told about backups, and what they cannot reach.
