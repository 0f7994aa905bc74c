//! Layer 1: bytes to trees in which every node has a span. Parsing never fails: it gives what was
//! understood and where it was not.

pub mod dockerfile;
pub mod go;
pub mod hcl;
pub mod json;
mod node;
pub mod toml;
pub mod yaml;

pub use node::{Entry, Node, Parsed, SyntaxError, Value};
