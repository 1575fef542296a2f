//! The greatest fence of each number: no lower one is ever obeyed again, and none twice.

use state::{Index, Number};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

/// Twice what can be under way at once.
const REVOKED: usize = 64;

/// Why an attempt is not obeyed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A later attempt on the number came before.
    #[error("a later attempt ({greatest}) on {number} was ordered before")]
    Lower { number: Number, greatest: Index },
    /// The very attempt came before.
    #[error("the attempt was ordered before")]
    Repeated,
    /// A number stands in the batch more than once, and each gets one SET.
    #[error("{0} stands in the batch twice")]
    Twice(Number),
}

/// Lives in memory: a restarted process knows no nonce, so that it runs nothing old.
#[derive(Debug, Default)]
pub struct Fences {
    greatest: Mutex<BTreeMap<Number, Index>>,
    revoked: Mutex<VecDeque<Index>>,
}

impl Fences {
    /// Raises the fence of all these numbers, or of none.
    pub fn take<'a>(
        &self,
        fence: Index,
        numbers: impl Iterator<Item = &'a Number> + Clone,
    ) -> Result<(), Refusal> {
        let mut greatest = self.lock();
        let known = |number: &Number| greatest.get(number).copied();
        if numbers.clone().any(|number| known(number) == Some(fence)) {
            return Err(Refusal::Repeated);
        }
        let lower = numbers.clone().find_map(|number| {
            let greatest = known(number).filter(|greatest| *greatest > fence)?;
            Some(Refusal::Lower { number: number.clone(), greatest })
        });
        if let Some(lower) = lower {
            return Err(lower);
        }
        let before = greatest.clone();
        for number in numbers {
            if greatest.insert(number.clone(), fence) == Some(fence) {
                *greatest = before;
                return Err(Refusal::Twice(number.clone()));
            }
        }
        Ok(())
    }

    /// Whether this is still the greatest fence of the number.
    pub fn is_greatest(&self, fence: Index, number: &Number) -> bool {
        self.lock().get(number) == Some(&fence)
    }

    /// Nothing more is sent for this attempt. Only the last ones are kept: an attempt lives for seconds.
    pub fn revoke(&self, fence: Index) {
        let mut revoked = self.revoked.lock().expect("nothing panics while it holds what was revoked");
        if !revoked.contains(&fence) {
            revoked.push_back(fence);
        }
        while revoked.len() > REVOKED {
            revoked.pop_front();
        }
    }

    /// Whether a new leader wants nothing more sent for it.
    pub fn is_revoked(&self, fence: Index) -> bool {
        self.revoked.lock().expect("nothing panics while it holds what was revoked").contains(&fence)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Number, Index>> {
        self.greatest.lock().expect("nothing panics while it holds the fences")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(texts: &[&str]) -> Vec<Number> {
        texts.iter().map(|text| Number::new(*text)).collect()
    }

    #[test]
    fn a_lower_fence_is_refused_for_good_and_takes_no_other_number_with_it() {
        let fences = Fences::default();
        let [one, two] = ["02079460001", "02079460002"];
        assert_eq!(fences.take(Index(7), numbers(&[one]).iter()), Ok(()));
        let refusal = Refusal::Lower { number: Number::new(one), greatest: Index(7) };
        assert_eq!(fences.take(Index(6), numbers(&[two, one]).iter()), Err(refusal));
        assert!(!fences.is_greatest(Index(6), &Number::new(two)));
        assert_eq!(fences.take(Index(7), numbers(&[one]).iter()), Err(Refusal::Repeated));
        assert_eq!(fences.take(Index(8), numbers(&[two, one]).iter()), Ok(()));
        assert!(!fences.is_greatest(Index(7), &Number::new(one)));
    }

    #[test]
    fn what_was_revoked_stays_so_while_it_matters() {
        let fences = Fences::default();
        (0..100).for_each(|fence| fences.revoke(Index(fence)));
        let still = (0..200).map(Index).filter(|fence| fences.is_revoked(*fence)).count();
        assert_eq!(
            (still, fences.is_revoked(Index(99)), fences.is_revoked(Index(100))),
            (REVOKED, true, false)
        );
    }

    #[test]
    fn a_number_stands_once_in_a_batch() {
        let fences = Fences::default();
        let twice = numbers(&["02079460001", "02079460002", "02079460001"]);
        assert_eq!(fences.take(Index(3), twice.iter()), Err(Refusal::Twice(twice[0].clone())));
        assert_eq!(fences.take(Index(2), twice[..2].iter()), Ok(()));
    }
}
