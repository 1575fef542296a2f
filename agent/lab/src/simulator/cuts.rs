//! Every set of cut links, one way each, of four sites: who can act then, by thought alone, to be held against runs.

use std::fmt;

/// How many sets of cut links there are: each of the twelve is whole or cut.
pub const ALL: u16 = 1 << 12;
/// The sites' names, in the order of the town's policy.
pub const NAMES: [&str; 4] = ["london", "manchester", "office", "netherlands"];
/// Their votes.
const VOTES: [u32; 4] = [1, 1, 1, 2];
/// A majority of them.
const MAJORITY: u32 = 3;

/// A set of cut links; the way back of a cut link may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cuts(pub u16);

/// Some of the sites, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sites(pub u8);

/// What a set of cut links allows automation to do about an exchange that has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Whoever leads, the route is moved.
    Moves,
    /// It depends on who leads: some could, others could not or would have nowhere to go.
    May,
    /// Nobody can: people are told.
    Told,
}

impl Cuts {
    /// The links that are cut, each from one site to another.
    pub fn links(self) -> impl Iterator<Item = (usize, usize)> {
        (0..4).flat_map(|from| (0..4).map(move |to| (from, to))).filter(move |link| self.cuts(*link))
    }

    fn cuts(self, (from, to): (usize, usize)) -> bool {
        let nth = if to < from { to } else { to.wrapping_sub(1) };
        from != to && self.0 >> (3 * from + nth) & 1 == 1
    }

    fn open(self, from: usize, to: usize) -> bool {
        !self.cuts((from, to))
    }

    /// Whether a frame gets from one site to another, straight or over one relay.
    fn reaches(self, from: usize, to: usize) -> bool {
        self.open(from, to) || (0..4).any(|by| self.open(from, by) && self.open(by, to))
    }

    fn meet(self, a: usize, b: usize) -> bool {
        self.reaches(a, b) && self.reaches(b, a)
    }

    /// The sites that meet with one of them.
    fn around(self, centre: usize) -> Sites {
        (0..4).filter(|other| self.meet(centre, *other)).collect()
    }

    /// Whether all of these sites meet with each other.
    fn is_whole(self, sites: Sites) -> bool {
        let has = |site: usize| sites.has(site);
        (0..4).all(|a| (0..4).all(|b| !has(a) || !has(b) || self.meet(a, b)))
    }

    /// The most votes that meet with each other, and whose they are; of equals, those with the first sites.
    pub fn together(self) -> Sites {
        let all = (1..16).map(Sites).filter(|sites| self.is_whole(*sites));
        all.max_by_key(|sites| (sites.votes(), sites.count(), std::cmp::Reverse(*sites))).unwrap_or(Sites(0))
    }

    /// What automation can do while the exchanges of these sites are dead, one of which has the route.
    pub fn fate(self, dead: Sites) -> Fate {
        let could_lead = |site: &usize| self.around(*site).votes() >= MAJORITY;
        let mut leaders = (0..4).filter(could_lead).peekable();
        if leaders.peek().is_none() {
            return Fate::Told;
        }
        let chosen = |leader: usize| (0..4).any(|site| self.is_candidate(site, leader, dead));
        let whole = self.together().votes() >= MAJORITY;
        if whole && leaders.all(chosen) { Fate::Moves } else { Fate::May }
    }

    /// Whether a leader would choose a site for sure: it lives, somebody beside itself sees that, and those who do not
    /// see it are no majority of all.
    fn is_candidate(self, site: usize, leader: usize, dead: Sites) -> bool {
        let sees = |other: usize| self.open(other, site) && self.open(site, other);
        let meets = |other: usize| self.meet(other, leader);
        let seen = (0..4).any(|other| other != site && meets(other) && sees(other));
        let blind = |other: &usize| *other != site && !sees(*other) && meets(*other);
        let blind: Sites = (0..4).filter(blind).collect();
        meets(site) && !dead.has(site) && seen && blind.votes() < MAJORITY
    }
}

impl Sites {
    fn has(self, site: usize) -> bool {
        self.0 >> site & 1 == 1
    }

    fn votes(self) -> u32 {
        (0..4).filter(|site| self.has(*site)).map(|site| VOTES[site]).sum()
    }

    fn count(self) -> u32 {
        self.0.count_ones()
    }
}

impl FromIterator<usize> for Sites {
    fn from_iter<I: IntoIterator<Item = usize>>(sites: I) -> Self {
        Self(sites.into_iter().fold(0, |bits, site| bits | 1 << site))
    }
}

impl fmt::Display for Sites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |site: usize| if self.has(site) { &NAMES[site][..3] } else { " - " };
        f.pad(&(0..4).map(name).collect::<Vec<_>>().join(" "))
    }
}

/// Who can act when the exchange of the first site has died, counted over all sets of cut links: a line for each
/// majority that meets, and one for all the rest.
pub fn table() -> Vec<String> {
    let all = || (0..ALL).map(Cuts);
    let mut groups: Vec<Sites> =
        all().map(Cuts::together).filter(|sites| sites.votes() >= MAJORITY).collect();
    groups.sort_by_key(|sites| (std::cmp::Reverse(sites.votes()), *sites));
    groups.dedup();
    let row = |who: &str, votes: &str, cuts: &[Cuts]| {
        let count = |fate| cuts.iter().filter(|cuts| cuts.fate(Sites(1)) == fate).count();
        let [moves, may, told] = [Fate::Moves, Fate::May, Fate::Told].map(count);
        format!("{who:<16}  {votes:>5}  {:>5}  {moves:>6}  {may:>5}  {told:>5}", cuts.len())
    };
    let mut lines = vec!["these meet        votes   cuts   moves  maybe   told".to_owned()];
    for group in groups {
        let cuts: Vec<Cuts> = all().filter(|cuts| cuts.together() == group).collect();
        lines.push(row(&group.to_string(), &group.votes().to_string(), &cuts));
    }
    let rest: Vec<Cuts> = all().filter(|cuts| cuts.together().votes() < MAJORITY).collect();
    lines.push(row("no three votes", "0-2", &rest));
    lines.push(row("all", "", &all().collect::<Vec<_>>()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The links between these groups, both ways.
    fn between(these: &[usize], those: &[usize]) -> Cuts {
        let cut = |from: usize, to: usize| {
            let apart = these.contains(&from) && those.contains(&to);
            apart || these.contains(&to) && those.contains(&from)
        };
        let bit = |n: u16| {
            let one = Cuts(1 << n).links().next().unwrap();
            if cut(one.0, one.1) { 1 << n } else { 0 }
        };
        Cuts((0..12).map(bit).sum())
    }

    #[test]
    fn every_bit_is_a_link_of_its_own() {
        let mut links: Vec<_> = (0..12).map(|n| Cuts(1 << n).links().next().unwrap()).collect();
        assert!((0..12).all(|n| Cuts(1 << n).links().count() == 1));
        links.sort_unstable();
        links.dedup();
        assert_eq!((links.len(), Cuts(ALL - 1).links().count()), (12, 12));
        assert!(links.iter().all(|(from, to)| from != to));
    }

    #[test]
    fn a_site_cut_off_is_left_and_two_halves_are_the_witness_s_half() {
        let london = Sites(1);
        assert_eq!(between(&[], &[]).fate(london), Fate::Moves);
        assert_eq!(between(&[0], &[1, 2, 3]).fate(london), Fate::Moves);
        assert_eq!(between(&[0], &[1, 2, 3]).together(), Sites(0b1110));
        assert_eq!(between(&[0, 1], &[2, 3]).together(), Sites(0b1100));
        // Without the witness three sites are a majority; two are none.
        assert_eq!(between(&[3], &[0, 1, 2]).fate(london), Fate::Moves);
        assert_eq!(Cuts(ALL - 1).fate(london), Fate::Told);
        // A star around the office: everything goes over it, and everybody meets.
        let star = Cuts(between(&[0], &[1, 3]).0 | between(&[1], &[3]).0);
        assert_eq!((star.together(), star.fate(london)), (Sites(0b1111), Fate::Moves));
    }

    #[test]
    fn a_chain_of_four_is_two_threes() {
        // london - manchester - office - netherlands: two hops are one too many.
        let chain = Cuts(between(&[0], &[2, 3]).0 | between(&[1], &[3]).0);
        assert_eq!(chain.together(), Sites(0b1110));
        assert!(!chain.meet(0, 3) && chain.meet(0, 2));
    }
}
