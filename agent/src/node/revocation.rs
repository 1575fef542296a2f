//! A stolen bundle: who may revoke it and when, what it means here, and how its site comes back with the next one.

use super::Node;
use super::plans::HEARD;
use super::seating::SEATING;
use crate::command::PeerHead;
use crate::event::{Output, Reign};
use crate::links::Trust;
use state::fact::{Fact, Seated};
use state::{Fingerprint, Mono, Now, SiteId, Who};
use std::time::Duration;

/// What stands in the way of an order, and what can be typed instead.
type Refused = (String, String);

/// For so long another site must know more than this one, before what this one knows of revocations counts as old.
const BEHIND: Duration = Duration::from_secs(2);
/// How old another site's word on its journal may be for that: three pulses.
const LATELY: Duration = Duration::from_secs(3);

/// Whether what this site knows of revocations is what is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Knowledge {
    /// As far as anybody it trusts has said.
    #[default]
    Newest,
    /// Somebody has been ahead since then.
    Older(Mono),
    /// Somebody has been ahead for long: a site that is revoked here may be back, and may be the one that leads.
    Old,
}

impl Node {
    /// A site that slept folds the revocation first and the return later, and may be told of the return by nobody but
    /// the site that returned. So it shuts nobody out while another that it trusts has been ahead of it for long.
    pub(super) fn doubt_revocations(&mut self, now: Mono, out: &mut Output) {
        if self.view.revoked.is_empty() {
            return;
        }
        let heads = self.peers.heads(LATELY, now);
        let ahead = |head: &PeerHead| head.index > self.view.index && !self.view.is_revoked(&head.site);
        let is = match (self.knowledge, heads.iter().any(ahead)) {
            (_, false) => Knowledge::Newest,
            (Knowledge::Newest, true) => Knowledge::Older(now),
            (Knowledge::Older(since), true) if now.since(since) < BEHIND => self.knowledge,
            (Knowledge::Older(_) | Knowledge::Old, true) => Knowledge::Old,
        };
        let turned = (is == Knowledge::Old) != (self.knowledge == Knowledge::Old);
        self.knowledge = is;
        if turned {
            self.watch(out);
        }
    }

    /// Whether nothing is taken from a site.
    pub fn shuns(&self, site: &SiteId) -> bool {
        self.knowledge != Knowledge::Old && self.view.is_revoked(site)
    }

    /// Whether whoever shows this key may speak for a site.
    pub fn trusts(&self, site: &SiteId, key: Fingerprint) -> bool {
        self.knowledge == Knowledge::Old || self.view.trusts(site, key)
    }

    /// Who may speak for a site.
    pub(super) fn trust_in(&self, site: &SiteId) -> Trust {
        if self.knowledge == Knowledge::Old {
            return Trust::Any;
        }
        match self.view.revoked.get(site).map(|revoked| revoked.next) {
            None => Trust::Any,
            Some(Some(key)) => Trust::Only(key),
            Some(None) => Trust::Nobody,
        }
    }

    /// The fact that revokes the bundle of a site, if that may be done now; else why not, and what can be done.
    pub(super) fn revocation(&self, site: &SiteId, who: &Who, now: Now) -> Result<Fact, Refused> {
        self.stranger_to(site, "revoke")?;
        let no = |what: String, hint: &str| Err((what, hint.to_owned()));
        if self.view.is_revoked(site) {
            return no(
                format!("the bundle of {site} is revoked already"),
                "`pointsman status` shows what follows",
            );
        }
        let Err(lacks) = self.could_lose(site, now.mono) else {
            return Ok(Fact::BundleRevoked { site: site.clone(), who: who.clone() });
        };
        let what = format!("no quorum without {site}: {lacks}, and none of them can be its own");
        no(what, "start the agents that are missing; until then cut it off at your firewalls")
    }

    /// The fact that trusts the next bundle of a site.
    pub(super) fn trust(&self, site: &SiteId, key: Fingerprint, who: &Who) -> Result<Fact, Refused> {
        self.stranger_to(site, "let in")?;
        let no = |what: String, hint: &str| Err((what, hint.to_owned()));
        if !self.view.revoked.contains_key(site) {
            let what = format!("the bundle of {site} is not revoked: no key is needed");
            let hint = format!("`pointsman readmit {site}` alone, or `pointsman revoke {site}` first");
            return no(what, &hint);
        }
        if self.view.members.contains_key(site) {
            let next = self.view.revoked.get(site).and_then(|revoked| revoked.next);
            return match next {
                Some(known) => {
                    let hint = format!("`pointsman revoke {site}` first");
                    no(format!("{site} is back with the key {known}"), &hint)
                }
                None => no(
                    format!("the votes of {site} are still being taken out"),
                    "`pointsman status` shows how far it is; then the same again",
                ),
            };
        }
        Ok(Fact::BundleTrusted { site: site.clone(), key, who: who.clone() })
    }

    /// Whether this is a healthy site of the policy, and that one another.
    fn stranger_to(&self, site: &SiteId, what: &str) -> Result<(), Refused> {
        let no = |what: String, hint: &str| Err((what, hint.to_owned()));
        if let Some(why) = self.idle() {
            return no(format!("this site cannot {what} anybody: {why}"), "type it on a healthy site");
        }
        if *site == self.identity.site {
            return no(
                format!("{site} cannot {what} itself: whoever has its bundle could be the one who asks"),
                "type it on another site",
            );
        }
        if !self.sites().contains(site) {
            return no(format!("the policy has no site `{site}`"), "`pointsman status` names the sites");
        }
        let old = self.cannot_read(SEATING);
        if self.view.schema() < SEATING && !old.is_empty() {
            let names: Vec<&str> = old.iter().map(SiteId::as_str).collect();
            let what = format!(
                "{} cannot read it yet: an older agent, or not heard since its start",
                names.join(" and ")
            );
            return no(what, "upgrade or start it first");
        }
        Ok(())
    }

    /// Whether the others are a majority without a site: of the votes that count now, its own among them, and of those
    /// that are left. Else how many are heard, and how many it takes.
    fn could_lose(&self, site: &SiteId, now: Mono) -> Result<(), String> {
        let halves = [&self.standing.seated, &self.standing.before];
        let sum = |half: &[Seated], counts: &dyn Fn(&SiteId) -> bool| -> usize {
            half.iter().filter(|seat| counts(&seat.site)).map(|seat| seat.voters.len()).sum()
        };
        for half in halves.into_iter().filter(|half| !half.is_empty()) {
            let (all, left) = (sum(half, &|_| true), sum(half, &|of| of != site));
            let heard = sum(half, &|of| of != site && self.lives(of, now));
            if heard * 2 <= all || heard * 2 <= left {
                return Err(format!(
                    "{heard} of {all} votes are heard beside it, {} are needed",
                    all / 2 + 1
                ));
            }
        }
        Ok(())
    }

    /// Whoever leads does not propose what is to take its own voice away: it hands the lead on, and is asked no more.
    pub(super) fn steps_aside(&self, fact: &Fact, now: Now, out: &mut Output) -> bool {
        let of_us = matches!(fact, Fact::BundleRevoked { site, .. } if *site == self.identity.site);
        if !of_us || self.standing.reign == Reign::Following {
            return of_us;
        }
        // Whoever asks asks again, until somebody else leads.
        let heard =
            |site: &&SiteId| self.peers.heard_within(site, HEARD, now.mono) && self.votes_of(site) > 0;
        out.hand_over = self.others().find(heard).cloned();
        true
    }

    /// Why this site is none of the cluster's any more, if it is so.
    pub(super) fn parted(&self) -> Option<&'static str> {
        let here = &self.identity.site;
        let agreed = self.view.policy.is_some() && self.broken.is_none();
        if self.view.is_revoked(here) {
            return Some("the bundle of this site is revoked");
        }
        let known = self.rules.as_ref().is_none_or(|rules| rules.wished.contains_key(here));
        (agreed && !known).then_some("the policy has no such site any more")
    }

    /// What this site must be told of itself, then the sites for which nobody speaks, and how each of them comes back.
    pub(super) fn revoked_needs(&self) -> Vec<Refused> {
        if let Some(why) = self.parted() {
            let here = &self.identity.site;
            let hint = format!(
                "systemctl disable --now pointsman; {here} comes back as a new site, or with a new bundle"
            );
            return vec![(format!("{here} does nothing: {why}"), hint)];
        }
        let need = |(site, revoked): (&SiteId, &state::view::Revoked)| {
            let (who, at) = (&revoked.who, revoked.since);
            let what =
                format!("the bundle of {site} is revoked, by {who} since {at}: it has no voice and no vote");
            let hint = format!(
                "pointsman init DIR --policy FILE --add {site}; then on a healthy site: \
                 pointsman readmit {site} --key KEY"
            );
            revoked.next.is_none().then_some((what, hint))
        };
        self.view.revoked.iter().filter(|(site, _)| self.sites().contains(site)).filter_map(need).collect()
    }

    /// The sites whose next bundle is trusted and that have not come with it.
    pub(super) fn revoked_words(&self) -> Vec<String> {
        let waited = |site: &SiteId| !self.view.members.contains_key(site) && self.sites().contains(site);
        let words = |(site, revoked): (&SiteId, &state::view::Revoked)| {
            let key = revoked.next.filter(|_| waited(site))?;
            Some(format!("{site} may come back with the key {key}, and has not yet"))
        };
        self.view.revoked.iter().filter_map(words).collect()
    }
}
