//! The hands: the only crate that touches the world.

pub mod account;
pub mod act;
pub mod carriers;
pub mod cli;
pub mod clock;
pub mod cluster_clock;
pub mod command;
pub mod control;
pub mod door;
pub mod driver;
pub mod event;
pub mod frame;
pub mod gaps;
pub mod init;
pub mod links;
pub mod node;
pub mod probes;
pub mod quorum;
pub mod relay;
pub mod resolve;
pub mod secret;
pub mod seldom;
pub mod site;
pub mod start;
pub mod store;
pub mod turn;
