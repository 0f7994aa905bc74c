//! Dependencies: packages of lock files against the advisory database.
