//! The quorum as a whole: five votes on four sites, in one thread, with ticks instead of time.

mod cluster;
mod crashes;
mod disks;
mod elections;
mod fuzz;
mod members;
mod refusals;
