//! Layer 3: other tools: programs that write SARIF.

pub mod catalogue;
pub mod dedup;
pub mod process;
pub mod sarif_import;
mod sarif_repair;
pub mod tool;
mod uri;

pub use sarif_import::{Import, ImportError, ImportSettings};
