//! The playbook language, the plan that it becomes, and the machine that says what a run does next.

pub mod language;
pub mod limits;
pub mod plan;
mod prepare;
mod repair;
pub mod run;
mod shipped;
pub mod words;

pub use language::{Playbook, Unfit};
pub use plan::{Arguments, PlanError, RouteFacts, plan};
pub use prepare::{Behind, PREPARE, prepare};
pub use repair::{Astray, REPAIR, repair};
pub use run::{Advance, Footing, Ground, Start, advance, batch};
pub use shipped::shipped;
