//! Each proposal counts once: which of them were folded, by the site and the life that made them.

use super::{Refusal, View};
use crate::fact::Origin;
use crate::ids::{SiteId, Starts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many proposals of one site may be taken out of order; a site has a handful pending at a time.
const GAPS: usize = 1000;

/// Which proposals of a site's life were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The life.
    pub(super) starts: Starts,
    /// Every `n` below this was taken.
    below: u64,
    /// Taken out of order.
    above: BTreeSet<u64>,
}

impl View {
    /// Whether a proposal was folded, or can never be because its life is over.
    pub fn taken(&self, origin: &Origin) -> bool {
        self.seen.get(&origin.site).is_some_and(|taken| {
            origin.starts < taken.starts
                || origin.starts == taken.starts
                    && (origin.n < taken.below || taken.above.contains(&origin.n))
        })
    }

    /// The newest life of a site of which anything was agreed.
    pub fn life_of(&self, site: &SiteId) -> Starts {
        self.seen.get(site).map(|taken| taken.starts).unwrap_or_default()
    }

    pub(super) fn take(&mut self, origin: &Origin) -> Result<(), Refusal> {
        if self.taken(origin) {
            let starts = self.seen.get(&origin.site).map(|taken| taken.starts);
            return Err(if starts == Some(origin.starts) {
                Refusal::Repeated
            } else {
                Refusal::Stale(origin.site.clone())
            });
        }
        let taken = self.seen.entry(origin.site.clone()).or_default();
        if origin.starts > taken.starts {
            *taken = Taken { starts: origin.starts, ..Taken::default() };
        }
        taken.above.insert(origin.n);
        while taken.above.remove(&taken.below) {
            taken.below += 1;
        }
        // A proposal that was dropped leaves a hole for ever; far behind the newest it is given up.
        if taken.above.len() > GAPS
            && let Some(oldest) = taken.above.first()
        {
            taken.below = *oldest;
        }
        Ok(())
    }
}
