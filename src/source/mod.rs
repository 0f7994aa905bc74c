//! Layer 1: where inputs come from.
