//! Layer 4: the configuration file.
