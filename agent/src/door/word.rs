//! Whose word counts: nobody is sent away, let in or taken for another on the word of one site alone.
//!
//! One stolen bundle is one voice. It may cost its own site the vote; it must not cost, or give, another's.

use super::{Door, Hello, Memory, Stand, Unfit};
use crate::quorum::{Quorum, Seats};
use state::view::Member;
use state::{Boot, Index, SiteId, Starts, View};

/// More often was no agent ever started: a greater number is a lie, and would be counted on from.
const STARTS_MAX: Starts = Starts(1 << 48);

/// The name that was agreed for the own disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The disk, its votes, and where that was agreed.
    pub member: Member,
    /// The newest life of this site that is known: the next one goes on counting there.
    pub life: Starts,
    /// Who sat where at the birth of the cluster; `None` for a disk that knows.
    pub birth: Option<Seats>,
}

impl Door {
    /// The last words of all that are inside, in their own view of it.
    fn voices(&self) -> impl Iterator<Item = (&SiteId, &Hello)> {
        self.peers.iter().filter_map(|(site, peer)| {
            let (_, hello) = peer.hello.as_ref()?;
            (hello.stand == Stand::Inside).then_some((site, hello))
        })
    }

    /// Whether sites with more than half of the votes of all but this one say something.
    fn most_say(&self, seats: &Seats, says: impl Fn(&Hello) -> bool) -> bool {
        let voices = self.voices().filter(|(_, hello)| says(hello));
        let sites: Vec<&SiteId> = voices.map(|(site, _)| site).collect();
        seats.is_majority_beside(&self.here, &sites)
    }

    /// Whether a third site says of a peer what the peer says of itself: that this disk was given its name there.
    pub(super) fn vouched(&self, of: &SiteId, hello: &Hello) -> bool {
        let same = |member: &Member| member.disk == hello.disk && member.at == hello.named;
        self.voices().any(|(by, said)| by != of && said.member(of).is_some_and(same))
    }

    /// Why this site must go outside, as most of the others say: another disk bears its name.
    ///
    /// What they say was said of this very life, and a life has one disk from its beginning to its end: it cannot
    /// be out of date.
    pub(super) fn sent_away(&self, view: &View, seats: &Seats) -> Option<String> {
        if self.own.stand != Stand::Inside {
            return None;
        }
        let named = self.named(view);
        let says = |hello: &Hello| match &hello.unfit {
            Some((boot, Unfit::OtherDisk { agreed, at })) => {
                *boot == self.own.boot && *at >= named && *agreed != self.own.disk
            }
            Some((_, Unfit::SaysSo { .. } | Unfit::Unnamed | Unfit::Less { .. })) | None => false,
        };
        self.most_say(seats, says).then(|| "another disk is agreed to be this site's".to_owned())
    }

    /// Why this site must go outside by its own word: a greeting that it signed tells of more than its disk holds.
    /// That nobody else can forge, so one peer that kept it is enough. What an earlier life said must have been there
    /// when this one began: a peer may have told us the rest before it showed us our word.
    pub fn convicted(&self, (life, then): (Boot, &Hello), quorum: &Quorum) -> Option<String> {
        if self.own.stand != Stand::Inside || then.disk != self.own.disk {
            return None;
        }
        let held = if life == self.own.boot { self.holds(quorum) } else { self.began.clone() };
        let what = Memory::of(then).exceeds(&Memory::own(&self.own, held))?;
        Some(format!("this disk went back in time: {what}, in its own signed words; was an image restored?"))
    }

    /// The name of the own disk, if most of the others say that it was agreed, and all of those say the same.
    pub(super) fn admission(&self, view: &View, seats: &Seats) -> Option<Admission> {
        // Whoever is inside hears of new votes here only if its own are so old that nobody speaks to them any more.
        let (lost, knows) = match self.own.stand {
            Stand::Inside => (false, true),
            Stand::Newborn => (false, false),
            Stand::Outside { .. } => (true, false),
        };
        let news = |member: &&Member| {
            let given = !member.raft_ids.is_empty() && (!knows || member.at > self.named(view));
            given && member.disk == self.own.disk
        };
        let of = |hello: &Hello| {
            let member = hello.member(&self.here).filter(news)?.clone();
            (!lost || hello.birth.is_some()).then(|| (member, hello.birth.clone().filter(|_| !knows)))
        };
        let said = self.voices().filter_map(|(_, hello)| of(hello));
        let (member, birth) =
            { said }.find(|agreed| self.most_say(seats, |hello| of(hello).as_ref() == Some(agreed)))?;
        let agreed = Some((member.clone(), birth.clone()));
        let lives = self.voices().filter(|(_, hello)| of(hello) == agreed).map(|(_, hello)| hello.life);
        let life = lives.filter(|life| *life < STARTS_MAX).max().unwrap_or_default();
        Some(Admission { member, life, birth })
    }

    /// Where the own disk was named, as its journal or its peers tell.
    pub(super) fn named(&self, view: &View) -> Index {
        let ours = |member: &&Member| member.disk == self.own.disk;
        let agreed = view.members.get(&self.here).filter(ours).map(|member| member.at);
        self.own.named.max(agreed.unwrap_or_default())
    }
}
