//! Layer 3: how a finished report is shown.
