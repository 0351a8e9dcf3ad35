//! Findings.
pub mod deadlines;
pub mod rules;
