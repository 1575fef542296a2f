//! The benches: real processes, measured and printed, never judged.

pub mod effect;
pub mod idle;
pub mod machine;
pub mod probes;
