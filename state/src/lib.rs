//! Every fact the cluster remembers, the fold over them, and the words we use.

pub mod alone;
pub mod chain;
pub mod codec;
pub mod document;
pub mod fact;
pub mod fingerprint;
pub mod handover;
pub mod ids;
pub mod incident;
pub mod plan;
pub mod route;
pub mod run;
pub mod time;
pub mod view;
pub mod window;

pub use chain::{Head, Imprint};
pub use fingerprint::Fingerprint;
pub use ids::*;
pub use time::{Mono, Now, Stamp};
pub use view::View;
