//! Who sits where within a turn: the membership is brought to the wish, and clock, ways and own votes follow it.

use super::{Anew, Turn, World};
use crate::door::{self, Named, Stand};
use crate::quorum::{NotMoved, Seat, Seats};
use state::fact::{Entry, Fact};
use state::view::Member;
use state::{Index, Mono, SiteId, codec};
use std::collections::{BTreeMap, BTreeSet};

impl<W: World> Turn<W> {
    /// One step towards the wished membership; the fact that tells it is agreed with it, or not at all.
    pub(super) fn reseat(&mut self, wish: &[Seat], now: Mono) {
        if let Err(why) = self.quorum.make_way(wish) {
            tracing::debug!("the vote that leads goes, and leadership stays for now: {why}");
        }
        let Some(change) = self.quorum.change_towards(wish) else { return };
        let seated = Seats::seated_as(&change.seats);
        let fact =
            if change.settles() { Fact::VotesChanged { seated } } else { Fact::VotesChanging { seated } };
        let entry = Entry { origin: self.node.number(), stamp: self.clock.now(now), fact };
        match codec::encode(&entry) {
            Ok(bytes) => match self.quorum.change(change, bytes) {
                Ok((index, _)) => tracing::info!("the membership is changed at {index}"),
                Err(why) => tracing::debug!("the membership is not changed now: {why}"),
            },
            Err(why) => tracing::error!("a change of the membership cannot be told: {why}"),
        }
    }

    /// Majorities of clocks are of the votes that are applied, and ways lead to whoever sits here or shall.
    pub(super) fn follow_seats(&mut self) {
        let seated = self.quorum.seats().seated();
        let votes = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let mut weights: BTreeMap<SiteId, u32> =
            seated.iter().map(|seat| (seat.site.clone(), votes(seat.voters.len()))).collect();
        self.others = self.node.others().cloned().collect();
        let mut others: BTreeSet<SiteId> = self.others.iter().cloned().collect();
        others.extend(weights.keys().filter(|site| !self.node.shuns(site)).cloned());
        for site in &others {
            weights.entry(site.clone()).or_default();
        }
        self.clock.weigh(weights);
        self.relay.among(others);
    }

    /// What is agreed of this site's own votes, as far as it has folded that.
    pub(super) fn take_votes(&mut self) -> Result<(), W::Error> {
        let own = self.door.own();
        // Whoever came back after a while knows of newer votes from the others than from its own journal.
        let news = |member: &&Member| {
            let ours = member.disk == own.disk && member.at >= own.named;
            ours && self.quorum.due(&member.raft_ids).is_some()
        };
        let member = self.node.view().members.get(&self.here).filter(news);
        let Some((at, ids)) = member.map(|member| (member.at, member.raft_ids.clone())) else {
            return Ok(());
        };
        self.take_up(at, &ids)
    }

    /// Other votes were given to this disk than it has, or some of its own count no more: it begins anew with what is
    /// its own. Whoever leads hands that on first.
    pub(super) fn take_up(&mut self, at: Index, given: &[u64]) -> Result<(), W::Error> {
        if self.door.own().stand != Stand::Inside {
            return Ok(());
        }
        let Some(due) = self.quorum.due(given) else { return Ok(()) };
        let ours = |id| self.quorum.seats().site(id) == Some(&self.here);
        let theirs: BTreeSet<_> =
            self.quorum.seats().conf().voters.into_iter().filter(|id| !ours(*id)).collect();
        match self.quorum.hand_on(|id| theirs.contains(&id)) {
            // Somebody else leads, or nobody could.
            Err(NotMoved::NotLeading | NotMoved::NoCandidate(_)) => {}
            Ok(()) | Err(NotMoved::Behind(_)) => return Ok(()),
        }
        let raft_ids: Vec<u64> = due.iter().map(|id| id.0).collect();
        tracing::info!("{} has the votes {raft_ids:?} from here on, as agreed at {at}", self.here);
        self.world.keep(&[(door::NAMED.to_owned(), Named { at, raft_ids }.to_bytes())])?;
        self.anew = Anew::Begins;
        Ok(())
    }
}
