//! Cluster time, as one site keeps it: the greatest stamp it has heard, plus its own clock since.

use state::{Mono, SiteId, Stamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// How far a wall clock may be from the median before its site is told so, and slews nobody.
pub const ASTRAY: Duration = Duration::from_secs(5);
/// How fast wall clocks may pull at cluster time: 1 in 100.
const SLEW: u32 = 100;
/// A wall clock that was not heard for this long says nothing any more.
const OLD: Duration = Duration::from_secs(10);

/// Keeps cluster time. Wall clocks start it, by the median of a majority, and slew it; nothing else.
#[derive(Debug)]
pub struct ClusterClock {
    /// A stamp, and when it was true here; `None` until it is known.
    base: Option<(Stamp, Mono)>,
    /// Cluster time is never less than what was agreed.
    floor: Stamp,
    votes: BTreeMap<SiteId, u32>,
    walls: BTreeMap<SiteId, (Stamp, Mono)>,
    slewed: Option<Mono>,
}

impl ClusterClock {
    /// A clock that does not know the time yet.
    pub fn new(floor: Stamp, votes: BTreeMap<SiteId, u32>) -> Self {
        Self { base: None, floor, votes, walls: BTreeMap::new(), slewed: None }
    }

    /// Majorities of wall clocks are of these votes from now on.
    pub fn weigh(&mut self, votes: BTreeMap<SiteId, u32>) {
        self.walls.retain(|site, _| votes.contains_key(site));
        self.votes = votes;
    }

    /// Whether cluster time is known here.
    pub fn known(&self, now: Mono) -> Option<Stamp> {
        self.base.map(|(stamp, at)| (stamp + now.since(at)).max(self.floor))
    }

    /// Cluster time; before it is known, the time of the last thing that was agreed.
    pub fn now(&self, now: Mono) -> Stamp {
        self.known(now).unwrap_or(self.floor)
    }

    /// A peer that knows the time told it.
    pub fn hear(&mut self, stamp: Stamp, now: Mono) {
        if self.now(now) < stamp || self.base.is_none() {
            self.base = Some((stamp.max(self.floor), now));
        }
    }

    /// What the wall clock of a site shows; the own one too.
    pub fn see_wall(&mut self, site: &SiteId, wall: Stamp, now: Mono) {
        match self.walls.get_mut(site) {
            Some(known) => *known = (wall, now),
            None => drop(self.walls.insert(site.clone(), (wall, now))),
        }
        if self.base.is_none()
            && let Some(median) = self.median(now)
        {
            self.base = Some((median.max(self.floor), now));
        }
    }

    /// The median of the wall clocks of a majority; `None` while no majority was heard lately.
    fn median(&self, now: Mono) -> Option<Stamp> {
        let fresh = self.walls.iter().filter(|(_, (_, at))| now.since(*at) < OLD);
        let mut weighed: Vec<(Stamp, u32)> = fresh
            .filter_map(|(site, (wall, at))| Some((*wall + now.since(*at), *self.votes.get(site)?)))
            .collect();
        weighed.sort_unstable();
        let heard: u32 = weighed.iter().map(|(_, votes)| votes).sum();
        let all: u32 = self.votes.values().sum();
        if heard * 2 <= all {
            return None;
        }
        let mut passed = 0;
        weighed.into_iter().find_map(|(wall, votes)| {
            passed += votes;
            (passed * 2 >= heard).then_some(wall)
        })
    }

    /// Pulls cluster time towards the median of the wall clocks; only the leader does this.
    pub fn slew(&mut self, now: Mono) {
        let since = now.since(self.slewed.unwrap_or(now));
        self.slewed = Some(now);
        let (Some(here), Some(median)) = (self.known(now), self.median(now)) else { return };
        let step = since / SLEW;
        if median > here {
            let ahead = median.since(here).min(step);
            self.base = Some((here + ahead, now));
        } else {
            // Time never goes back: it is held for a part of what has passed.
            let behind = here.since(median).min(step);
            let held = u64::try_from(behind.as_millis()).unwrap_or(0);
            let stamp = Stamp::from_millis(here.millis().saturating_sub(held));
            self.base = Some((stamp.max(self.floor), now));
        }
    }

    /// Something was agreed then: cluster time never falls behind it.
    pub fn agreed(&mut self, stamp: Stamp) {
        self.floor = self.floor.max(stamp);
    }

    /// Every site whose wall clock is astray, and by how much, to the second: so it is said once, not every time.
    pub fn all_astray(&self, now: Mono) -> BTreeMap<SiteId, Duration> {
        let fresh = self.walls.iter().filter(|(_, (_, at))| now.since(*at) < OLD);
        let shown = fresh.clone().map(|(_, (wall, at))| *wall + now.since(*at));
        // The median is one of them: where all are close to each other, none is far from it.
        if shown.clone().max().unwrap_or_default().since(shown.min().unwrap_or_default()) <= ASTRAY {
            return BTreeMap::new();
        }
        let Some(median) = self.median(now) else { return BTreeMap::new() };
        let off = |wall: Stamp| wall.since(median).max(median.since(wall));
        let far = fresh.map(|(site, (wall, at))| (site, off(*wall + now.since(*at))));
        let far = far.filter(|(_, off)| *off > ASTRAY);
        far.map(|(site, off)| (site.clone(), Duration::from_secs(off.as_secs()))).collect()
    }

    /// How far the wall clock of a site is from the median, if it is astray.
    pub fn astray(&self, site: &SiteId, now: Mono) -> Option<Duration> {
        let (wall, at) = self.walls.get(site)?;
        let (wall, median) = (*wall + now.since(*at), self.median(now)?);
        let off = wall.since(median).max(median.since(wall));
        (off > ASTRAY).then_some(off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> ClusterClock {
        let votes = [("london", 1), ("manchester", 1), ("office", 1), ("netherlands", 2)];
        let votes = votes.iter().map(|(site, votes)| (SiteId::new(*site), *votes)).collect();
        ClusterClock::new(Stamp::from_millis(500), votes)
    }

    fn at(seconds: u64) -> Mono {
        Mono::from_boot(Duration::from_secs(seconds))
    }

    fn wall(seconds: u64) -> Stamp {
        Stamp::from_millis(seconds * 1000)
    }

    #[test]
    fn one_wrong_wall_clock_does_not_start_it() {
        let mut clock = clock();
        clock.see_wall(&SiteId::new("london"), wall(9000), at(1));
        assert_eq!(clock.known(at(1)), None);
        clock.see_wall(&SiteId::new("netherlands"), wall(100), at(1));
        assert_eq!(clock.known(at(2)), Some(wall(101)));
    }

    #[test]
    fn it_never_goes_back_and_is_never_before_what_was_agreed() {
        let mut clock = clock();
        clock.hear(wall(100), at(1));
        clock.hear(wall(50), at(1));
        assert_eq!(clock.known(at(3)), Some(wall(102)));
        clock.hear(wall(200), at(3));
        assert_eq!(clock.known(at(3)), Some(wall(200)));
    }

    #[test]
    fn what_was_agreed_later_than_it_shows_lifts_it() {
        let mut clock = clock();
        clock.hear(wall(100), at(1));
        clock.agreed(wall(200));
        assert_eq!(clock.known(at(2)), Some(wall(200)));
    }

    #[test]
    fn a_wall_clock_a_minute_ahead_is_named() {
        let mut clock = clock();
        for (site, shows) in [("london", 160), ("manchester", 100), ("office", 101), ("netherlands", 100)] {
            clock.see_wall(&SiteId::new(site), wall(shows), at(1));
        }
        let astray = clock.all_astray(at(2));
        assert_eq!(astray, BTreeMap::from([(SiteId::new("london"), Duration::from_secs(60))]));
        assert!(clock.all_astray(at(60)).is_empty());
    }

    #[test]
    fn a_leader_behind_the_others_is_pulled_on_by_one_in_a_hundred() {
        let mut clock = clock();
        clock.hear(wall(100), at(0));
        clock.slew(at(0));
        for second in 1..=100 {
            for site in ["manchester", "office", "netherlands"] {
                clock.see_wall(&SiteId::new(site), wall(3700 + second), at(second));
            }
            clock.slew(at(second));
        }
        assert_eq!(clock.known(at(100)), Some(wall(201)));
    }

    #[test]
    fn a_leader_an_hour_ahead_is_pulled_back_by_one_in_a_hundred() {
        let mut clock = clock();
        clock.hear(wall(3700), at(0));
        clock.slew(at(0));
        for second in 1..=100 {
            for site in ["manchester", "office", "netherlands"] {
                clock.see_wall(&SiteId::new(site), wall(100 + second), at(second));
            }
            clock.slew(at(second));
        }
        assert_eq!(clock.known(at(100)), Some(wall(3799)));
        assert_eq!(clock.astray(&SiteId::new("office"), at(100)), None);
    }
}
