//! Layer 4: the configuration file, from text to checked values.

mod load;
mod schema;
mod validate;

pub use load::{CONFIG_FILE, ConfigError, find, load, nearest};
pub use schema::File;
pub use validate::{IgnoreSettings, ScanSettings, Settings};
pub use validate::{parse_age_days, parse_size, parse_threshold, validate};
