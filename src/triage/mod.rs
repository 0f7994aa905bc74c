//! Layer 3: what counts: suppressions, baseline, gate.
