//! Languages to resources.

pub mod terraform;
