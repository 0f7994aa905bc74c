//! Layer 4: one run.
