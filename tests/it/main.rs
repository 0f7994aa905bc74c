//! All integration tests in one binary: one link instead of many.

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr)]

#[cfg(unix)]
mod action;
mod advisory;
#[cfg(unix)]
mod baseline;
mod beside;
#[cfg(unix)]
mod cache;
#[cfg(unix)]
mod ci;
#[cfg(unix)]
mod cli;
mod deps;
#[cfg(unix)]
mod documents;
mod fixes;
#[cfg(unix)]
mod formats;
#[cfg(unix)]
mod git;
#[cfg(unix)]
mod git_odd;
mod labelled;
mod layering;
mod lockfiles;
mod merge;
mod online;
#[cfg(unix)]
mod pre_commit;
mod redaction;
mod sarif;
mod shop;
mod support;
mod tools;
mod traps;
