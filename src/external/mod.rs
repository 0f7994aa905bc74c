//! Layer 3: other tools: programs that write SARIF.

pub mod catalogue;
pub mod dedup;
mod incoming;
pub mod interrupt;
mod json_stream;
mod meaning;
pub mod process;
pub mod sarif_import;
mod sarif_mask;
mod sarif_notices;
mod sarif_repair;
mod sarif_result;
mod sarif_rule;
mod sarif_run;
mod sarif_stream;
mod sarif_tools;
pub mod tool;
mod uri;

pub use sarif_import::{Import, ImportError, ImportSettings};
