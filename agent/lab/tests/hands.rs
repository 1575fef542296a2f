//! The hands against the carrier and the PBX of this test track, over real sockets.

#[cfg(test)]
mod hands {
    mod ami;
    mod asking;
    pub mod bench;
    mod commands;
    mod contact;
    mod login;
    mod pointing;
    mod servers;
    mod sights;
    mod slots;
    mod switches;
    mod watching;
}
