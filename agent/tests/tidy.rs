//! The law as tests: formatting, lints, borders, words, the map, and nothing that only a reviewer would notice.

/// One file of the law each; `tree` and `rust` only read, the others judge.
mod tidy {
    pub mod borders;
    pub mod changes;
    pub mod edges;
    pub mod glossary;
    pub mod map;
    pub mod modules;
    pub mod rust;
    pub mod settings;
    pub mod shape;
    pub mod tools;
    pub mod tree;
    pub mod words;
}
