//! Who sits where within a turn: the membership is brought to the wish, and clock, ways and own votes follow it.

use super::{Anew, Turn, World};
use crate::door::{self, Named, Stand};
use crate::quorum::{NotMoved, Seat, Seats};
use state::fact::{Entry, Fact};
use state::{Mono, SiteId, codec};
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
        self.others = self.node.others();
        let mut others: BTreeSet<SiteId> = self.others.iter().cloned().collect();
        others.extend(weights.keys().cloned());
        for site in &others {
            weights.entry(site.clone()).or_default();
        }
        self.clock.weigh(weights);
        self.relay.among(others);
    }

    /// Other votes were given to this disk than it has, or some of its own count no more: it begins anew with what is
    /// its own. Whoever leads hands that on first.
    pub(super) fn take_votes(&mut self) -> Result<(), W::Error> {
        let own = self.door.own();
        let Some(member) = self.node.view().members.get(&self.here) else { return Ok(()) };
        if own.stand != Stand::Inside || member.disk != own.disk {
            return Ok(());
        }
        let Some(due) = self.quorum.due(&member.raft_ids) else { return Ok(()) };
        let ours = |id| self.quorum.seats().site(id) == Some(&self.here);
        let theirs: BTreeSet<_> =
            self.quorum.seats().conf().voters.into_iter().filter(|id| !ours(*id)).collect();
        match self.quorum.hand_on(|id| theirs.contains(&id)) {
            // Somebody else leads, or nobody could.
            Err(NotMoved::NotLeading | NotMoved::NoCandidate(_)) => {}
            Ok(()) | Err(NotMoved::Behind(_)) => return Ok(()),
        }
        let at = member.at;
        let raft_ids: Vec<u64> = due.iter().map(|id| id.0).collect();
        tracing::info!("{} has the votes {raft_ids:?} from here on, as agreed at {at}", self.here);
        self.world.keep(&[(door::NAMED.to_owned(), Named { at, raft_ids }.to_bytes())])?;
        self.anew = Anew::Begins;
        Ok(())
    }
}
