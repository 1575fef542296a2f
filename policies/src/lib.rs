//! Judgement: the policy, observations to opinions, ballots to verdicts, verdicts to decisions, always with reasons.

pub mod candidates;
pub mod check;
pub mod decide;
pub mod difference;
pub mod errand;
mod guards;
pub mod inbound;
pub mod judge;
pub mod lever;
pub mod limits;
pub mod opinion;
pub mod policy;
pub mod reason;
pub mod repair;
pub mod tally;

pub use decide::Decision;
pub use policy::Policy;
pub use tally::Verdict;
