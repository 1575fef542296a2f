//! The test track: a carrier, PBXs and a wire that obey, refuse, hang or lie on demand.

pub mod bench;
pub mod carrier;
pub mod chamber;
pub mod demo;
pub mod outdoors;
pub mod pbx;
pub mod rig;
pub mod simulator;
pub mod wire;
