//! Layer 2: lock files to packages.
