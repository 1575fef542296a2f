//! The network between the sites: who hears whom, how late, how often, and in what order.

use super::carrier::Moment;
use super::dice::Dice;

/// How many machines there can be: one of each site, and a thief's.
pub const SITES: usize = super::policy::SITES.len() + 1;

/// Links, ways to the carrier, and the weather.
#[derive(Debug)]
pub struct Net {
    cuts: [[u32; SITES]; SITES],
    carrier: [u32; SITES],
    last: [[Moment; SITES]; SITES],
    rough: [[Option<(u64, u64)>; SITES]; SITES],
    dice: Dice,
    /// How many in a hundred are lost and doubled; `None` in fair weather, in which frames keep their order.
    pub weather: Option<(u64, u64)>,
}

impl Net {
    /// Everything whole.
    pub fn new(seed: u64) -> Self {
        Self {
            cuts: Default::default(),
            carrier: Default::default(),
            last: Default::default(),
            rough: Default::default(),
            dice: Dice::new(seed, "links"),
            weather: None,
        }
    }

    /// One more cut, from one site to another.
    pub fn cut(&mut self, from: usize, to: usize) {
        self.cuts[from][to] += 1;
    }

    /// One cut less.
    pub fn mend(&mut self, from: usize, to: usize) {
        self.cuts[from][to] = self.cuts[from][to].saturating_sub(1);
    }

    /// How many in a hundred of what one site says to another are lost and doubled, or none.
    pub fn roughen(&mut self, from: usize, to: usize, by: Option<(u64, u64)>) {
        self.rough[from][to] = by;
    }

    /// Every pair of sites that a partition keeps apart, both ways.
    pub fn across(side: u8) -> impl Iterator<Item = (usize, usize)> {
        let on = move |site: usize| side >> site & 1 == 1;
        let pairs = (0..SITES).flat_map(|from| (0..SITES).map(move |to| (from, to)));
        pairs.filter(move |(from, to)| on(*from) != on(*to))
    }

    /// A site loses its way to the carrier once more.
    pub fn cut_carrier(&mut self, site: usize) {
        self.carrier[site] += 1;
    }

    /// And has it again.
    pub fn mend_carrier(&mut self, site: usize) {
        self.carrier[site] = self.carrier[site].saturating_sub(1);
    }

    /// Whether a site reaches the carrier.
    pub fn reaches_carrier(&self, site: usize) -> bool {
        self.carrier[site] == 0
    }

    /// Everything whole again.
    pub fn heal(&mut self) {
        self.cuts = Default::default();
        self.carrier = Default::default();
        self.rough = Default::default();
        self.weather = None;
    }

    /// When copies of a frame sent now arrive: one, two or none.
    pub fn frame(&mut self, from: usize, to: usize, now: Moment) -> [Option<Moment>; 2] {
        if self.cuts[from][to] > 0 {
            return [None, None];
        }
        let Some((lost, doubled)) = self.rough[from][to].or(self.weather) else {
            let at = (now + self.dice.within(5_000, 30_000)).max(self.last[from][to] + 1);
            self.last[from][to] = at;
            return [Some(at), None];
        };
        if self.dice.happens(lost) {
            return [None, None];
        }
        let doubled = self.dice.happens(doubled);
        let mut at = || now + self.dice.within(5_000, 400_000);
        [Some(at()), doubled.then(at)]
    }

    /// When the answer to a question asked now is back, if it is; a lost question is asked three times.
    pub fn round(&mut self, from: usize, to: usize, now: Moment) -> Option<Moment> {
        if self.cuts[from][to] > 0 || self.cuts[to][from] > 0 {
            return None;
        }
        let lost = |by: Option<(u64, u64)>| by.or(self.weather).map_or(0, |(lost, _)| lost);
        let (there, back) = (lost(self.rough[from][to]), lost(self.rough[to][from]));
        let passes = |dice: &mut Dice| !dice.happens(there) && !dice.happens(back);
        let answered = (0..3).any(|_| passes(&mut self.dice));
        answered.then(|| now + self.dice.within(10_000, 60_000))
    }

    /// A delay on the way to the carrier, one way.
    pub fn carrier_way(&mut self) -> Moment {
        self.dice.within(5_000, 80_000)
    }

    /// A throw for what the carrier does.
    pub fn throw(&mut self, low: u64, high: u64) -> u64 {
        self.dice.within(low, high)
    }
}
