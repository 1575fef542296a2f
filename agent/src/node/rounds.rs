//! When each route is read next, and which of its numbers: the first ones, one more in turn, now and then all.

use policies::limits::{
    CARRIER_EVERY_MIN, DRIFT_ALERT, DRIFT_ALL, DRIFT_EVERY, DRIFT_FIRST, DRIFT_SOON, DRIFT_SOON_PER_HOUR,
    REQUEST_LIFE,
};
use state::fact::Reading;
use state::{Mono, Number};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// How many readings may fail in a row before the next ones are less hasty.
const HASTY: u32 = 3;
/// A leader that lasts so long reads all numbers, however lately another one did.
const SETTLED: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);

/// One route's readings: when, which numbers, and what the last ones came to.
#[derive(Debug, Default)]
pub struct Round {
    /// At once, if there is none.
    due: Option<Mono>,
    /// Something of ours may still turn up: read every few seconds until then.
    alert: Mono,
    /// After a late write: at once, after D and after 2 D.
    moments: BTreeSet<Mono>,
    /// Which number beyond the first ones comes next.
    turn: usize,
    sweep: Sweep,
    /// Where the reading of everything stands once the batch that was asked for has been read.
    then: Option<Sweep>,
    /// How many readings have failed in a row.
    failed: u32,
    /// What was read and is not wanted: to be read once more before it counts.
    doubtful: Vec<Reading>,
}

/// The reading of every number, in batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sweep {
    /// It begins then.
    Due(Mono),
    /// It has come to this number.
    At(usize),
}

impl Default for Sweep {
    fn default() -> Self {
        Self::Due(Mono::default())
    }
}

/// The hurried readings of the last hour, of all routes.
#[derive(Debug, Default)]
pub struct Haste {
    spent: VecDeque<Mono>,
}

impl Haste {
    /// Whether one more is within what a carrier puts up with; counts it if so.
    fn spend(&mut self, now: Mono) -> Granted {
        let granted = self.left(now);
        if granted == Granted::Yes {
            self.spent.push_back(now);
        }
        granted
    }

    /// The same, and counts nothing.
    fn left(&mut self, now: Mono) -> Granted {
        while self.spent.front().is_some_and(|at| now.since(*at) >= HOUR) {
            self.spent.pop_front();
        }
        if self.spent.len() >= DRIFT_SOON_PER_HOUR { Granted::No } else { Granted::Yes }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Granted {
    Yes,
    No,
}

/// How soon a reading that failed is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Within seconds.
    Hasty,
    /// It has failed too often for that.
    Patient,
}

/// What a route has, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// All of them, the first one first.
    pub all: &'a [Number],
    /// Those that were never read.
    pub unread: &'a [Number],
    /// How many one reading may cover.
    pub batch: usize,
}

impl Round {
    /// A route at the beginning of a reign: an election is a reason to look more often for a while.
    pub fn begin(now: Mono) -> Self {
        Self { alert: now + DRIFT_ALERT, sweep: Sweep::Due(now + SETTLED), ..Self::default() }
    }

    /// Something of ours may turn up from here on.
    pub fn alert(&mut self, haste: &mut Haste, now: Mono) {
        self.alert = now + DRIFT_ALERT;
        let soon = match haste.left(now) {
            Granted::Yes => DRIFT_SOON,
            Granted::No => CARRIER_EVERY_MIN,
        };
        self.due = Some(self.due.map_or(now, |due| due.min(now + soon)));
    }

    /// A write ended late: the target is read now, and twice more when the request can no longer be alive.
    pub fn late(&mut self, haste: &mut Haste, now: Mono) {
        self.alert(haste, now);
        self.moments.extend([now, now + REQUEST_LIFE, now + REQUEST_LIFE * 2]);
    }

    /// To be read at once.
    pub fn at_once(&mut self) {
        self.due = None;
    }

    /// To be read once more in a few seconds: what was read is not known yet.
    pub fn soon(&mut self, now: Mono) {
        self.moments.insert(now + DRIFT_SOON);
    }

    /// Whether it is to be read now.
    pub fn is_due(&self, now: Mono) -> bool {
        self.due.is_none_or(|due| due <= now) || self.moments.first().is_some_and(|at| *at <= now)
    }

    /// The numbers to read now; until the answer comes nothing more is asked for a few seconds.
    pub fn ask(&mut self, of: Numbers<'_>, now: Mono) -> Vec<Number> {
        self.due = Some(now + DRIFT_SOON);
        self.moments.retain(|at| *at > now);
        if !self.doubtful.is_empty() {
            return self.doubtful.iter().map(|reading| reading.number.clone()).collect();
        }
        if !of.unread.is_empty() {
            return of.unread.iter().take(of.batch).cloned().collect();
        }
        if let Some(numbers) = self.swept(of, now) {
            return numbers;
        }
        let first = of.batch.saturating_sub(1).clamp(1, DRIFT_FIRST).min(of.all.len());
        let (head, rest) = of.all.split_at(first);
        let one_more = rest.get(self.turn % rest.len().max(1));
        self.turn = self.turn.wrapping_add(1);
        head.iter().chain(one_more).cloned().collect()
    }

    /// The next batch of the reading of everything, if that is under way or due.
    fn swept(&mut self, of: Numbers<'_>, now: Mono) -> Option<Vec<Number>> {
        let from = match self.sweep {
            // While something may still turn up, it will do so where callers notice it.
            _ if now < self.alert => return None,
            Sweep::Due(at) if at > now => return None,
            Sweep::Due(_) => 0,
            Sweep::At(place) => place,
        };
        let numbers: Vec<Number> = of.all.iter().skip(from).take(of.batch.max(1)).cloned().collect();
        let next = from + numbers.len();
        self.then = Some(if next < of.all.len() { Sweep::At(next) } else { Sweep::Due(now + DRIFT_ALL) });
        Some(numbers)
    }

    /// A reading came: when the next one is due. `pause` is what the carrier's rate asks for after a batch.
    pub fn read(&mut self, unread: usize, pause: Duration, haste: &mut Haste, now: Mono) {
        self.failed = 0;
        self.sweep = self.then.take().unwrap_or(self.sweep);
        let every = if unread > 0 {
            pause
        } else if now < self.alert {
            match haste.spend(now) {
                Granted::Yes => DRIFT_SOON,
                Granted::No => CARRIER_EVERY_MIN,
            }
        } else {
            match self.sweep {
                Sweep::At(_) => CARRIER_EVERY_MIN,
                Sweep::Due(_) => DRIFT_EVERY,
            }
        };
        self.due = Some(now + every);
    }

    /// A reading failed: a carrier that stays mute is not asked every few seconds for hours.
    pub fn unread(&mut self, now: Mono) -> Pace {
        self.failed += 1;
        self.then = None;
        let pace = if self.failed > HASTY { Pace::Patient } else { Pace::Hasty };
        self.due = Some(match pace {
            Pace::Hasty => now + DRIFT_SOON,
            Pace::Patient => now + CARRIER_EVERY_MIN,
        });
        pace
    }

    /// What was read is not wanted: whether it was read twice now. If not it is read again soon.
    pub fn confirm(&mut self, readings: Vec<Reading>, now: Mono) -> Option<Vec<Reading>> {
        if self.doubtful == readings {
            self.doubtful.clear();
            return Some(readings);
        }
        self.doubtful = readings;
        self.due = Some(now + DRIFT_SOON);
        None
    }

    /// Everything that was read is as wanted.
    pub fn trust(&mut self) {
        self.doubtful.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: usize = 30;

    fn second(n: u64) -> Mono {
        Mono::from_boot(Duration::from_secs(n))
    }

    /// Lives through so many seconds of a reign that began at 0; says which numbers were asked for, and when.
    fn live(seconds: u64, mut happens: impl FnMut(&mut Round, &mut Haste, Mono)) -> Vec<(u64, Vec<Number>)> {
        let all: Vec<Number> = (0..100).map(|n| Number::new(format!("020794600{n:02}"))).collect();
        let (mut round, mut haste, mut asked) = (Round::begin(second(0)), Haste::default(), Vec::new());
        for n in 0..seconds {
            happens(&mut round, &mut haste, second(n));
            if round.is_due(second(n)) {
                let numbers = round.ask(Numbers { all: &all, unread: &[], batch: BATCH }, second(n));
                assert!(!numbers.is_empty() && numbers.len() <= BATCH);
                asked.push((n, numbers));
                round.read(0, Duration::ZERO, &mut haste, second(n));
            }
        }
        asked
    }

    #[test]
    fn a_calm_hour_costs_one_look_a_minute_and_the_sweep_and_reads_every_number() {
        let asked = live(3600, |_, _, _| {});
        let first_minute = asked.iter().filter(|(at, _)| *at < 60).count();
        assert_eq!((first_minute, asked.len()), (12, 73));
        let seen: BTreeSet<&Number> = asked.iter().flat_map(|(_, numbers)| numbers).collect();
        assert_eq!(seen.len(), 100);
        // The numbers that callers know are read all the time; each of the others comes in its turn.
        let first = |numbers: &&(u64, Vec<Number>)| numbers.1[0] == Number::new("02079460000");
        assert!(asked.iter().filter(first).count() >= 70);
        let turns = asked.iter().take(5).map(|(_, numbers)| numbers.last().unwrap());
        assert_eq!(turns.collect::<BTreeSet<_>>().len(), 5);
    }

    #[test]
    fn a_late_write_is_looked_for_at_once_and_twice_more() {
        let late = |round: &mut Round, haste: &mut Haste, at: Mono| {
            if at == second(200) {
                round.late(haste, at);
            }
        };
        let asked = live(205, late);
        let after: Vec<u64> = asked.iter().map(|(at, _)| *at).filter(|at| *at >= 200).collect();
        assert_eq!(after, [200, 202, 204]);
    }

    #[test]
    fn whatever_happens_the_carrier_is_not_hammered() {
        let asked = live(3600, |round, haste, at| round.alert(haste, at));
        assert!((300..330).contains(&asked.len()), "{}", asked.len());
    }
}
