//! The same dice for what the lab's own ports read: a client's commands, and faults as JSON.

#[cfg(test)]
mod fuzz {
    mod commands;
    #[path = "../../../tests/fuzz/memory.rs"]
    pub mod memory;
    #[path = "../../../tests/fuzz/runner.rs"]
    pub mod runner;
}
