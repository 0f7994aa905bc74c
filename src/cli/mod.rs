//! Layer 5: the command line.

pub mod args;
pub mod baseline;
pub mod db;
pub mod exit;
pub mod merge;
