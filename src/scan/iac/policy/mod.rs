//! Policies that teams bring from other tools.

pub mod checkov;
pub mod rego;
