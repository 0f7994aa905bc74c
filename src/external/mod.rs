//! Layer 3: other tools: programs that write SARIF.
