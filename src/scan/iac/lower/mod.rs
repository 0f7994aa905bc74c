//! Languages to resources.

pub mod cloudformation;
pub mod cluster;
pub mod compose;
pub mod documents;
pub mod interpolation;
pub mod kubernetes;
pub mod serverless;
pub mod terraform;
pub mod values;
