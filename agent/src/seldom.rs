//! A complaint that repeats is said once a minute, with how often it was left unsaid: no peer can fill a disk with it.

use state::Mono;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// How often the same complaint is said.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// When each complaint was said last, and how often it was not since. The kinds must be few by nature: a name of
/// the configuration, a variant of an enum, never a text from outside.
#[derive(Debug)]
pub struct Seldom<Kind> {
    said: HashMap<Kind, (Mono, u64)>,
}

impl<Kind> Default for Seldom<Kind> {
    fn default() -> Self {
        Self { said: HashMap::new() }
    }
}

impl<Kind: Eq + Hash> Seldom<Kind> {
    /// How many of this kind were left unsaid, if it is time to say one; else it is counted among them.
    pub fn due(&mut self, kind: Kind, now: Mono) -> Option<u64> {
        match self.said.get_mut(&kind) {
            None => {
                self.said.insert(kind, (now, 0));
                Some(0)
            }
            Some((last, unsaid)) if now.since(*last) >= SAY_AGAIN => {
                *last = now;
                Some(std::mem::take(unsaid))
            }
            Some((_, unsaid)) => {
                *unsaid += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_said_at_once_and_then_once_a_minute_with_the_rest_counted() {
        let mut seldom = Seldom::default();
        let at = |seconds| Mono::from_boot(Duration::from_secs(seconds));
        assert_eq!(seldom.due("a", at(1)), Some(0));
        assert_eq!(seldom.due("b", at(1)), Some(0));
        assert_eq!((seldom.due("a", at(2)), seldom.due("a", at(60))), (None, None));
        assert_eq!(seldom.due("a", at(61)), Some(2));
        assert_eq!(seldom.due("a", at(62)), None);
    }
}
