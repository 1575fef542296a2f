//! The pace: how often is asked, how long an answer may take, and how long something must be wrong.

use super::draft::Written;
use crate::limits::{ACT_WITHIN, BALLOT_EVERY, BALLOT_EVERY_MIN};
use state::document::{Fault, Place, Value, spell};
use std::time::Duration;

/// The five numbers of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often is asked.
    pub every: Duration,
    /// How long an answer may take; `<= every`.
    pub timeout: Duration,
    /// How many misses in a row make `down`.
    pub fall: u32,
    /// How many good answers in a row make `up` again.
    pub rise: u32,
    /// How long the newest good answer must be gone before anything moves; `>= every x fall`.
    pub blip: Duration,
}

/// The fastest pace that one machine keeps up with for a handful of subjects.
const EVERY_MIN: Duration = Duration::from_millis(50);
/// Slower than this a dead site would be noticed by its customers first.
const EVERY_MAX: Duration = Duration::from_secs(60);
/// An answer from the next continent takes longer than less.
const TIMEOUT_MIN: Duration = Duration::from_millis(10);
/// The longest wait before a switch; whoever wants more wants `mode: manual`.
const BLIP_MAX: Duration = Duration::from_secs(3600);

impl Pace {
    /// The default: a short power cut is waited out.
    pub const CALM: Self = Self::of([2000, 1000, 15_000], 5, 15);
    /// Twice as quick, for sites with two uplinks.
    pub const BRISK: Self = Self::of([1000, 500, 5000], 4, 10);
    /// Many small questions: as quick as agreement can follow.
    pub const FAST: Self = Self::of([200, 100, 2000], 8, 20);

    /// A pace from `every`, `timeout` and `blip` in milliseconds.
    const fn of([every, timeout, blip]: [u64; 3], fall: u32, rise: u32) -> Self {
        Self {
            every: Duration::from_millis(every),
            timeout: Duration::from_millis(timeout),
            fall,
            rise,
            blip: Duration::from_millis(blip),
        }
    }

    /// The least time from the fault to a verdict when nothing answers any more.
    pub fn noticed(&self) -> Duration {
        self.blip.max(self.every * self.fall + self.timeout)
    }

    /// How soon after a death the number has moved: at best, and at worst while the leader lives.
    pub fn moved_within(&self) -> (Duration, Duration) {
        // The fault is up to `every` younger than the last good answer, from which the blip counts.
        let best = self.noticed().saturating_sub(self.every).max(self.blip);
        (best, self.noticed() + ACT_WITHIN)
    }

    /// How often ballots that are not yet agreed are said again at this pace.
    pub fn ballot_every(&self) -> Duration {
        BALLOT_EVERY.min(self.blip / 4)
    }

    /// The name of a pace that has one.
    pub fn name(&self) -> Option<&'static str> {
        NAMED.iter().find(|(_, pace)| pace == self).map(|(name, _)| *name)
    }
}

/// The paces that have a name.
const NAMED: [(&str, Pace); 3] = [("calm", Pace::CALM), ("brisk", Pace::BRISK), ("fast", Pace::FAST)];

/// Where each number of a pace was written, if it was; the whole otherwise.
struct Places {
    every: Place,
    timeout: Place,
    blip: Place,
}

/// Reads a pace: one word, or single numbers over those that hold otherwise.
pub(super) fn read(value: Option<Value<'_>>, otherwise: Pace) -> Pace {
    let Some(value) = value else { return otherwise };
    if !value.is_map() {
        return value.one_of(&NAMED).unwrap_or(otherwise);
    }
    let Some(mut fields) = value.map() else { return otherwise };
    let mut pace = otherwise;
    let whole = value.key_place();
    let mut places = Places { every: whole, timeout: whole, blip: whole };
    let faults_before = value.faults().count();
    set(&mut pace.every, &mut places.every, within(fields.optional("every"), EVERY_MIN, EVERY_MAX));
    set(&mut pace.timeout, &mut places.timeout, within(fields.optional("timeout"), TIMEOUT_MIN, EVERY_MAX));
    let blip = fields.optional("blip");
    let follows = blip.is_none();
    set(&mut pace.blip, &mut places.blip, within(blip, EVERY_MIN, BLIP_MAX));
    if let Some(fall) = fields.optional("fall").and_then(|value| value.count(2..=100)) {
        pace.fall = fall;
    }
    if let Some(rise) = fields.optional("rise").and_then(|value| value.count(1..=1000)) {
        pace.rise = rise;
    }
    fields.finish();
    if follows {
        // Who asks a slow line less often need not work out for himself how long that takes.
        pace.blip = pace.blip.max(pace.every * pace.fall);
    }
    // A sum over numbers that could not be read would only repeat their faults.
    if value.faults().count() == faults_before {
        check(&pace, &places, value);
    }
    pace
}

/// Takes a number that was written, and where.
fn set(number: &mut Duration, place: &mut Place, written: Option<Written<Duration>>) {
    if let Some(written) = written {
        *number = written.is;
        *place = written.place;
    }
}

/// A duration within its range; the place is its key, where the sums of a pace are shown.
pub(super) fn within(value: Option<Value<'_>>, min: Duration, max: Duration) -> Option<Written<Duration>> {
    let value = value?;
    let is = value.duration()?;
    let key = value.key_text();
    if is < min {
        return value.refuse(format!("`{key}` is too short"), format!("at least {}", spell(min)));
    }
    if is > max {
        return value.refuse(format!("`{key}` is too long"), format!("at most {}", spell(max)));
    }
    Some(Written { place: value.key_place(), is })
}

/// The inequalities of a pace.
fn check(pace: &Pace, places: &Places, value: Value<'_>) {
    let Pace { every, timeout, fall, blip, .. } = *pace;
    if timeout > every {
        let sum = format!("timeout <= every    {} <= {}    is false", spell(timeout), spell(every));
        let hint = format!("`timeout: {}`, or `every: {}`", spell(every), spell(timeout));
        let place = if places.timeout == value.key_place() { places.every } else { places.timeout };
        value
            .faults()
            .add(Fault::at(place, "an answer may take longer than the next question").sum(sum).hint(hint));
    }
    if BALLOT_EVERY_MIN * 4 > blip {
        let ballots = spell(BALLOT_EVERY_MIN);
        let sum = format!("ballot_every <= blip / 4    {ballots} <= {} / 4    is false", spell(blip));
        let hint = format!("`blip: {}`", spell(BALLOT_EVERY_MIN * 4));
        let message = "blip is too short for ballots to be agreed";
        value.faults().add(Fault::at(places.blip, message).sum(sum).hint(hint));
    }
    let least = every * fall;
    if blip < least {
        let sum = format!(
            "blip >= every x fall    {} >= {} x {fall} = {}    is false",
            spell(blip),
            spell(every),
            spell(least)
        );
        let fewer = blip.as_millis() / every.as_millis();
        let hint = format!("`blip: {}`", spell(least));
        let hint = if fewer >= 2 { format!("{hint}, or `fall: {fewer}`") } else { hint };
        value
            .faults()
            .add(Fault::at(places.blip, "blip is shorter than the probes need").sum(sum).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_pace_keeps_the_inequalities() {
        for (name, pace) in NAMED {
            assert!(pace.timeout <= pace.every, "{name}");
            assert!(pace.blip >= pace.every * pace.fall, "{name}");
            assert!(pace.ballot_every() * 4 <= pace.blip, "{name}");
        }
    }
}
