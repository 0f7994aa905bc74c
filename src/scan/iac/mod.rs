//! Infrastructure as code.

pub mod lower;
