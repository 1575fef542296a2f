//! Magrathea's NTSAPI: log in, read a number, point a number, leave; there is no other verb.
//!
//! Synchronous on purpose: the clock check and the write of a SET stand in one function of the thread that
//! writes. The protocol is not documented publicly; what is relied upon here is what five independently written
//! clients rely on, and everything else is read tolerantly.

mod account;
mod line;
mod session;
mod stat;
mod wire;
mod words;

#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_tls;
#[cfg(test)]
mod tests_words;

pub use account::{Account, AccountError, Login, Transport, Trust};
pub use line::NtsapiLine;
pub use session::{OpenError, ReadError, Session};
pub use stat::{Activity, Stat, StatError};
pub use wire::WireError;
pub use words::{Dialled, Forbidden, Reply, Target};
