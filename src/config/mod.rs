//! Layer 4: the configuration file, from text to checked values.

mod extend;
mod json_schema;
mod load;
mod origin;
mod schema;
mod tool;
mod validate;

pub use json_schema::json_schema;
pub use load::{CONFIG_FILE, ConfigError, Link, chain, find, load, nearest};
pub use origin::{Value, values};
pub use schema::File;
pub use tool::ToolSettings;
pub use validate::{IgnoreSettings, ScanSettings, Settings};
pub use validate::{parse_age_days, parse_size, parse_threshold, validate};
