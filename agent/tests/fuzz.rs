//! Changed copies of real bytes into every parser of bytes from outside: no panic, no great memory, no second meaning.
//!
//! Seconds in `cargo test`; `FUZZ_SECONDS=600` gives each target so long, `SEED=7` other dice.

#[cfg(test)]
mod fuzz {
    mod answers;
    mod corpus;
    mod disks;
    mod frames;
    pub mod memory;
    mod probes;
    pub mod runner;
    mod texts;
}
