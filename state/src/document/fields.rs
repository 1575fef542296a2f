//! The keys of one map, taken one by one; what is left over at the end is a fault.

use super::example::example;
use super::fault::Fault;
use super::nearest::nearest;
use super::tree::{Key, Tree};
use super::value::{Value, repeated};

/// A map that is being read.
///
/// Take every key that the language knows, then [`Fields::finish`]: keys that nobody asked for are faults.
#[derive(Debug)]
#[must_use = "`finish` reports the keys that nobody asked for"]
pub struct Fields<'t> {
    map: Value<'t>,
    left: Vec<(&'t Key, &'t Tree)>,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    /// Begins to read a map.
    pub(super) fn new(map: Value<'t>, entries: &'t [(Key, Tree)]) -> Self {
        let left = entries.iter().map(|(key, tree)| (key, tree)).collect();
        Self { map, left, known: Vec::new(), missing: Vec::new() }
    }

    /// The map itself, for faults about the whole of it.
    pub fn whole(&self) -> Value<'t> {
        self.map
    }

    /// The value of a key that may be absent.
    pub fn optional(&mut self, key: &'static str) -> Option<Value<'t>> {
        self.known.push(key);
        self.take(key)
    }

    /// Takes a key that is understood but may not be here: it is a fault, and never proposed as a correction.
    pub fn refuse(&mut self, key: &str, message: &str, note: &str) {
        if let Some(value) = self.take(key) {
            self.map.faults().add(Fault::at(value.key_place(), message).note(note));
        }
    }

    /// Takes every entry with this key; the second and later ones are faults.
    fn take(&mut self, key: &str) -> Option<Value<'t>> {
        let faults = self.map.faults();
        let mut first: Option<(&Key, &Tree)> = None;
        self.left.retain(|(found, tree)| {
            if found.text != key {
                return true;
            }
            match first {
                Some((first, _)) => faults.add(repeated(found, first)),
                None => first = Some((found, tree)),
            }
            false
        });
        first.map(|(key, tree)| Value::under(key, tree, faults))
    }

    /// The value of a key that must be there; its absence is reported by `finish`.
    pub fn required(&mut self, key: &'static str) -> Option<Value<'t>> {
        let value = self.optional(key);
        if value.is_none() {
            self.missing.push(key);
        }
        value
    }

    /// Reports the keys that nobody asked for, and those that are missing.
    pub fn finish(mut self) {
        let faults = self.map.faults();
        for (key, _) in std::mem::take(&mut self.left) {
            let fault = Fault::at(key.place, format!("unknown key `{}`", key.text));
            let unused = self.known.iter().copied().filter(|known| !self.is_taken(known));
            faults.add(match nearest(&key.text, unused) {
                Some(meant) => {
                    self.missing.retain(|missing| *missing != meant);
                    fault.note(format!("did you mean `{meant}`?"))
                }
                None => fault.note(format!("known here: {}", self.known.join(", "))),
            });
        }
        for key in &self.missing {
            let fault = Fault::at(self.map.key_place(), format!("{} lacks `{key}`", self.map.called()));
            let typed = example(self.map.key_text(), key)
                .map_or_else(|| format!("`{key}: ...`"), |line| format!("`{line}`"));
            faults.add(fault.hint(typed));
        }
    }

    /// Whether a known key was there, so that a mistyped one cannot have meant it.
    fn is_taken(&self, key: &str) -> bool {
        match &self.map.tree().node {
            super::Node::Map(entries) => entries.iter().any(|(found, _)| found.text == key),
            super::Node::List(_) | super::Node::Scalar { .. } | super::Node::Null => false,
        }
    }
}
