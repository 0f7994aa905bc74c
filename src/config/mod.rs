//! Layer 4: the configuration file, from text to checked values.

mod load;
mod schema;
mod validate;

pub use load::{CONFIG_FILE, ConfigError, find, load};
pub use schema::File;
pub use validate::{ScanSettings, Settings};
pub use validate::{parse_age_days, parse_size, validate};
