//! The hands: the only crate that touches the world.

pub mod clock;
pub mod quorum;
pub mod secret;
pub mod store;
