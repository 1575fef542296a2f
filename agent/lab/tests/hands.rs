//! The hands against the carrier and the PBX of this test track, over real sockets.

#[cfg(test)]
mod hands {
    mod asking;
    pub mod bench;
    mod commands;
    mod login;
    mod pointing;
    mod servers;
    mod switches;
    mod watching;
}
