//! Carriers: the adapters that move numbers, and the logic of one attempt over one batch.

pub mod attempt;
pub mod line;
pub mod ntsapi;
pub mod outcome;
pub mod window;
