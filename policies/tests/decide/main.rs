//! Golden decisions as text: every file of `tests/decide/` is a story, and a stranger adds one without Rust.

#[cfg(test)]
mod stories;
#[cfg(test)]
mod verdict;
#[cfg(test)]
mod world;
