//! Tests that are texts: each file says what it shows, what goes in, and what must come out.

mod corpus;
mod difference;
mod faults;
mod golden;
mod good;
mod notation;
mod opinion;
