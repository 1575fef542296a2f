//! The hands: the only crate that touches the world.

pub mod clock;
pub mod init;
pub mod links;
pub mod quorum;
pub mod secret;
pub mod site;
pub mod store;
