//! A claim alone: first the agreed way, then an offer with what the carrier shows, then a person's deed from here.

mod deed;

use super::Node;
use super::outbox::{Answered, Bond};
use super::people::refused;
use crate::command::{Answer, Offer};
use crate::event::{Asker, Effect, Keep, Output};
use crate::frame::Look;
use deed::Deed;
use state::alone::{AloneClaim, AloneEntry};
use state::fact::{Entry, Fact, Origin, Reading};
use state::handover::{Hindrance, Strength, Urgency};
use state::plan::Pointing;
use state::view::Applied;
use state::{Destination, Index, Mono, Now, Number, RouteId, SiteId, Stamp, Who};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the agreed way is tried before a person is asked whether to act alone.
const AGREED_WAY: Duration = Duration::from_secs(5);
/// How long a person may think over an offer; what the carrier shows grows old.
const OFFERED: Duration = Duration::from_secs(120);
/// How many numbers are read for an offer: the first ones.
const SAMPLE: usize = 10;

/// The claims alone of this site: one at a time.
#[derive(Debug, Default)]
pub struct Alone {
    /// The number of the last line of the table.
    line: u64,
    /// The greatest fence that was used.
    fence: Index,
    wish: Option<Wish>,
    deed: Option<Deed>,
    /// What all sites do not know yet, the oldest first.
    unmerged: BTreeMap<u64, (RouteId, AloneClaim, Vec<Pointing>)>,
    /// What this site last wrote or was shown, number by number: a second claim compares with it.
    shown: BTreeMap<Number, Destination>,
    /// Attempts of which something may still arrive, and until when.
    hot: Option<(Vec<Number>, Mono)>,
}

/// What a person wants, from the first order to the second.
#[derive(Clone, Debug)]
struct Wish {
    asker: u64,
    route: RouteId,
    site: SiteId,
    who: Who,
    because: String,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// The agreed way is tried.
    Proposed { origin: Origin, since: Mono },
    /// The carrier is read, to be shown to the person.
    Reading { look: u64 },
    /// The person was asked.
    Offered { look: u64, since: Mono },
}

impl Alone {
    /// What a process knows of its site's earlier claims. An attempt without an end may still arrive: its numbers
    /// are left alone until that is over.
    pub fn replay(lines: Vec<(u64, AloneEntry)>, now: Mono) -> Self {
        let mut alone = Self::default();
        let mut claims: BTreeMap<u64, (RouteId, AloneClaim)> = BTreeMap::new();
        for (line, entry) in lines {
            alone.line = line;
            match entry {
                AloneEntry::Claimed { route, claim } => drop(claims.insert(line, (route, claim))),
                AloneEntry::Started { n, fence, pointings } => {
                    alone.fence = fence;
                    alone.hot =
                        Some((pointings.iter().map(|p| p.number.clone()).collect(), now + deed::WAIT));
                    if let Some((route, claim)) = claims.get(&n) {
                        alone.owe((route, claim), &pointings);
                    }
                }
                AloneEntry::Ended { .. } => alone.hot = None,
                AloneEntry::Read { readings, .. } => alone.remember(&readings),
                AloneEntry::Merged { n, .. } => alone.settle(n),
            }
        }
        alone
    }

    /// Something was, or is about to be, pointed without an agreement: all sites are to know it.
    fn owe(&mut self, (route, claim): (&RouteId, &AloneClaim), pointings: &[Pointing]) {
        for pointing in pointings {
            self.shown.insert(pointing.number.clone(), pointing.to.clone());
        }
        let known = self.unmerged.entry(claim.n);
        let known = known.or_insert_with(|| (route.clone(), claim.clone(), Vec::new()));
        known.2.extend_from_slice(pointings);
    }

    /// All sites know of it. What is shown is theirs to say from here on.
    fn settle(&mut self, n: u64) {
        self.unmerged.remove(&n);
        if self.unmerged.is_empty() {
            self.shown.clear();
        }
    }

    fn remember(&mut self, readings: &[Reading]) {
        let shown = readings.iter().filter_map(|r| Some((r.number.clone(), r.shows.clone()?)));
        self.shown.extend(shown);
    }

    fn keep(&mut self, line: AloneEntry, out: &mut Output) -> u64 {
        self.line += 1;
        out.keep.push(Keep::Alone { n: self.line, line });
        self.line
    }

    /// Whether an agreed attempt on these numbers would meet one of a claim alone.
    pub fn occupies(&self, numbers: &[Number], now: Mono) -> Option<&'static str> {
        let meets = |of: &[Number]| of.iter().any(|number| numbers.contains(number));
        let hot = self.hot.as_ref().is_some_and(|(of, until)| *until > now && meets(of));
        let deed = self.deed.as_ref().is_some_and(|deed| deed.occupies(numbers));
        (hot || deed).then_some("a person's claim alone is under way here")
    }
}

impl Node {
    /// A person wants a route for a site, agreed if that can be had within five seconds.
    pub(super) fn wish_alone(&mut self, asker: &Asker, fact: Fact, now: Mono) -> Result<(), Box<Answer>> {
        let Fact::Claimed { route, site, because, who, .. } = &fact else { return Ok(()) };
        if self.alone.deed.is_some() {
            return Err(refused("a claim alone is under way here already", "wait for its end, 20 s at most"));
        }
        let carrier = self.carrier(route);
        if carrier.is_none_or(|carrier| !self.secrets.contains(&carrier)) {
            let why = format!("{} does not hold the secret of this route's carrier", self.identity.site);
            return Err(refused(&why, "claim it at a site that does: `pointsman status` names them"));
        }
        let (route, site, because, who) = (route.clone(), site.clone(), because.clone(), who.clone());
        let origin = self.outbox.order(fact);
        let origin = origin.ok_or_else(|| refused("too many orders wait already", "`pointsman status`"))?;
        let stage = Stage::Proposed { origin, since: now };
        self.alone.wish = Some(Wish { asker: asker.id, route, site, who, because, stage });
        Ok(())
    }

    /// The agreed way worked after all, or the fold refused it: the person hears of that and nothing is done alone.
    pub(super) fn wish_agreed(&mut self, index: Index, entry: &Entry, applied: &Applied, out: &mut Output) {
        let ours = |wish: &mut Wish| matches!(&wish.stage, Stage::Proposed { origin, .. } if *origin == entry.origin);
        let Some(wish) = self.alone.wish.take_if(ours) else { return };
        let answer = match applied {
            Applied::Accepted => Box::new(Answer::Agreed { index }),
            Applied::Refused(why) => refused(&why.to_string(), "`pointsman status` shows what is true now"),
        };
        out.act.push(Effect::Answer { to: wish.asker, answer });
    }

    /// No agreement in time: the proposal is taken back, and the carrier is read so that the person sees it first.
    pub(super) fn expire_wish(&mut self, now: Mono, out: &mut Output) {
        let Some(wish) = self.alone.wish.clone() else { return };
        match &wish.stage {
            Stage::Proposed { origin, since } if now.since(*since) >= AGREED_WAY => {
                self.outbox.settle(origin);
                let Some(carrier) = self.carrier(&wish.route) else { return };
                let numbers = self.numbers(&wish.route).into_iter().take(SAMPLE).collect();
                let look = self.looks.name();
                self.alone.wish = Some(Wish { stage: Stage::Reading { look }, ..wish });
                out.act.push(Effect::Look(Look { id: look, carrier, numbers }));
            }
            Stage::Offered { since, .. } if now.since(*since) >= OFFERED => self.alone.wish = None,
            Stage::Proposed { .. } | Stage::Reading { .. } | Stage::Offered { .. } => {}
        }
    }

    /// What the carrier shows: for the offer, or after the deed.
    pub(super) fn looked_alone(
        &mut self,
        (id, found): (u64, &Result<Vec<Reading>, String>),
        now: Now,
        out: &mut Output,
    ) {
        self.read_after_deed((id, found), out);
        let Some(wish) = self.alone.wish.clone() else { return };
        if !matches!(wish.stage, Stage::Reading { look } if look == id) {
            return;
        }
        let answer = match found {
            Ok(readings) => {
                self.alone.remember(readings);
                let offer = self.offer(&wish, (id, readings), now);
                let stage = Stage::Offered { look: id, since: now.mono };
                self.alone.wish = Some(Wish { stage, ..wish.clone() });
                Box::new(Answer::Offered(Box::new(offer)))
            }
            Err(why) => {
                self.alone.wish = None;
                let why = format!("not agreed within 5s, and the carrier cannot be read from here: {why}");
                refused(&why, "try it at another site, or at the carrier's own portal")
            }
        };
        out.act.push(Effect::Answer { to: wish.asker, answer });
    }

    fn offer(&self, wish: &Wish, (token, readings): (u64, &[Reading]), now: Now) -> Offer {
        Offer {
            token,
            route: wish.route.clone(),
            site: wish.site.clone(),
            numbers: self.numbers(&wish.route).len(),
            heard: (self.votes_heard(now.mono), self.votes()),
            number: readings.first().map(|reading| reading.number.clone()),
            shows: readings.first().and_then(|reading| reading.shows.clone()),
            shown: self.site_shown(&wish.route, readings),
        }
    }

    /// The second confirmation: from here on this agent acts by itself, as that person's deed.
    pub(super) fn confirm_alone(&mut self, who: &Who, token: u64, now: Now, out: &mut Output) -> Box<Answer> {
        let offered = |wish: &mut Wish| {
            wish.who == *who && matches!(wish.stage, Stage::Offered { look, .. } if look == token)
        };
        let Some(wish) = self.alone.wish.take_if(offered) else {
            return refused(
                "nothing of yours is offered under this token any more",
                "`pointsman claim` again",
            );
        };
        let Wish { route, site, who, because, .. } = wish;
        let Some(carrier) = self.carrier(&route) else {
            return refused("the policy has no such route any more", "`pointsman status`");
        };
        let pointings = self.pointings(&route, &site);
        let n = self.alone.line + 1;
        let at = self.identity.site.clone();
        let claim = AloneClaim { at, n, to: site, who, because, done: now.stamp, basis: self.view.index };
        let entry = AloneEntry::Claimed { route: route.clone(), claim: claim.clone() };
        let n = self.alone.keep(entry, out);
        let size = self.batch(&carrier);
        self.alone.deed = Some(Deed::new((route, carrier), pointings, claim, size));
        Box::new(Answer::Alone { n })
    }

    /// Where each number is to point, and what a compare may find there: what the person was shown, else what was
    /// last agreed.
    fn pointings(&self, route: &RouteId, site: &SiteId) -> Vec<Pointing> {
        let rules = self.rules.as_ref().and_then(|rules| rules.route(route));
        let numbers = rules.map(|rules| rules.numbers.as_slice()).unwrap_or_default();
        let state = self.view.routes.get(route);
        let before = |number: &Number| {
            let agreed = || state.and_then(|s| s.numbers.get(number)?.expected.clone());
            self.alone.shown.get(number).cloned().or_else(agreed)
        };
        let point = |(number, to): &(Number, BTreeMap<SiteId, Destination>)| {
            Some(Pointing { number: number.clone(), from: before(number), to: to.get(site)?.clone() })
        };
        numbers.iter().filter_map(point).collect()
    }

    /// What was done alone is proposed, one claim after the other, until all sites know of it.
    pub(super) fn merge_alone(&mut self, out: &mut Output) {
        let here = &self.identity.site;
        // Each disk counts its own claims: what is known of a lost one says nothing of this one's.
        let ours = self.view.members.get(here).is_none_or(|member| member.disk == self.identity.disk);
        let known = self.view.alone.get(here).copied().filter(|_| ours).unwrap_or_default();
        while let Some(n) = self.alone.unmerged.keys().next().copied().filter(|n| *n <= known) {
            self.alone.settle(n);
            let index = self.view.index;
            self.alone.keep(AloneEntry::Merged { n, index }, out);
        }
        let Some((route, claim, pointings)) = self.alone.unmerged.values().next().cloned() else { return };
        let same = |fact: &Fact| matches!(fact, Fact::ClaimedAlone { pointings: of, .. } if *of == pointings);
        if self.outbox.any(same) == Answered::No {
            // What was proposed before the next batch was begun is overtaken.
            self.outbox.drop_kind(|fact| matches!(fact, Fact::ClaimedAlone { .. }));
            let fact = Fact::ClaimedAlone { route, claim, pointings };
            self.outbox.add(fact, Bond::Own);
        }
    }

    /// The claims of this site that the others do not know of, as hand-overs.
    pub(super) fn alone_here(
        &self,
    ) -> impl Iterator<Item = (RouteId, (Hindrance, Strength, Urgency), String, Stamp)> {
        self.alone.unmerged.values().map(|(route, claim, _)| {
            let kind = (Hindrance::ClaimedAlone, Strength::Latched, Urgency::Notice);
            (route.clone(), kind, format!("{claim}; the other sites do not know of it yet"), claim.done)
        })
    }
}
