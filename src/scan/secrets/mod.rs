//! Secrets: provider tokens, generic credentials, credential files.
