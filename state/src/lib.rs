//! Every fact the cluster remembers, the fold over them, and the words we use.
//!
//! # Words
//!
//! One word for each thing, in code, on screens and in the manual; a law compares this table with both.
//!
//! | word | means | not |
//! |---|---|---|
//! | site | a place with an agent, and mostly with a PBX and traffic | server |
//! | witness | a site with two votes | arbiter |
//! | door | one of several ways to the PBX of a site; the second of London is `london#2` | |
//! | probe | a question that is asked again and again; each answer is an observation | |
//! | opinion | what one site believes of one subject: up, suspect, down or unsure | |
//! | ballot | an opinion said aloud and agreed | |
//! | verdict | what the ballots amount to: pending, up, down or disputed | consensus |
//! | blip | how long something must be wrong before anything is done | |
//! | vote | what the disk of a site has: agreed is what a majority of them holds | |
//! | term | Raft's reign number | epoch, generation |
//! | policy | the text that all have agreed on: sites, probes, routes, rules | |
//! | mode | who may act: auto, advise or manual | |
//! | guard | what is asked before automation acts, and may forbid it | |
//! | hold | a person forbids automation to act for a while | downtime |
//! | latched | manual until a person resumes | |
//! | hand-over | automation may not or cannot act, and says so; people have it | |
//! | incident | from a verdict of down until traffic is home again | outage |
//! | playbook | a file: end states in order, each with its undo or the reason why it has none | workflow, recipe |
//! | plan | a playbook with its arguments, as concrete end states | |
//! | run | a plan being carried out | job |
//! | step | one end state of a plan, and what has become of it | task |
//! | attempt | one try at a step, agreed before it is made | |
//! | executor | the site that makes an attempt | worker |
//! | fence | the place of an attempt in the log: no lower one is obeyed | token |
//! | undo | what takes an end state back | rollback, compensation |
//! | stuck | what was begun is neither done nor taken back: a person must look | |
//! | route | the numbers that move together | trunk |
//! | refuge | where a route rings when no site could take it | |
//! | lever | what a rule of `when` moves and is no route | switchover |
//! | claim | a person's decision that a site shall have a route | takeover |
//! | budget | how often automation may act within a window | quota |
//! | bundle | the certificate and the key by which a site speaks | |
//! | journal | every agreed fact in order, in one chain; `audit` tells it to people | |
//!
//! States are adjectives (`Open`, `Undone`), facts are in the past tense (`StepPassed`), wishes name an end state
//! (`Ensure::RoutePointsAt`); `Mono` is for waiting and `Stamp` for telling.

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
