//! The hands: the only crate that touches the world.

pub mod carriers;
pub mod clock;
pub mod init;
pub mod links;
pub mod probes;
pub mod quorum;
pub mod resolve;
pub mod secret;
pub mod site;
pub mod store;
