//! Bad input from every side, against real agents: it is named, nothing panics, nothing is lost, the others go on.

#[cfg(test)]
mod hostile {
    pub mod caller;
    mod clocks;
    mod disks;
    mod frozen;
    mod ports;
    mod strangers;
    pub mod town;
    pub mod tracer;
}
