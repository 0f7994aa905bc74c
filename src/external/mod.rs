//! Layer 3: other tools: programs that write SARIF.

pub mod dedup;
pub mod sarif_import;
mod sarif_repair;
mod uri;

pub use sarif_import::{Import, ImportError, ImportSettings};
