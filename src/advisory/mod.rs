//! Layer 2: what is known to be vulnerable.
