//! portcullis: one pass over a source tree for secrets, vulnerable dependencies and infrastructure
//! misconfiguration, with one SARIF report and one severity gate.
//!
//! Modules in layer order; each imports from those above it alone (`tests/layering.rs` holds them to it).
//! `docs/architecture.md` is the map.

#![forbid(unsafe_code)]

pub mod model;

pub mod source;
pub mod syntax;

pub mod advisory;
pub mod lockfile;
pub mod online;
pub mod ruleset;

pub mod external;
pub mod report;
pub mod scan;
pub mod triage;

pub mod config;
pub mod engine;

pub mod cli;
