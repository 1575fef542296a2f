//! Hours of the day: `09:00-17:00` in the cluster's local time, over midnight if they end before they begin.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use state::Stamp;
use state::document::Value;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How many days ahead the next beginning is looked for: a day on which the clocks change may have none.
const DAYS: i64 = 3;

/// From one time of the day to another; the first belongs to it, the last does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from: Time,
    to: Time,
}

impl Hours {
    /// Whether they hold at a moment of cluster time.
    pub fn hold(&self, at: Stamp, zone: &TimeZone) -> bool {
        let Some(at) = moment(at) else { return false };
        let time = zone.to_datetime(at).time();
        if self.from < self.to {
            self.from <= time && time < self.to
        } else {
            self.from <= time || time < self.to
        }
    }

    /// When they begin next: now if they hold; `None` if nobody can say within some days.
    pub fn begin(&self, at: Stamp, zone: &TimeZone) -> Option<Stamp> {
        if self.hold(at, zone) {
            return Some(at);
        }
        let today = zone.to_datetime(moment(at)?).date();
        let begins = |days: i64| {
            let date = today.checked_add(jiff::Span::new().days(days)).ok()?;
            let begins = zone.to_ambiguous_timestamp(date.to_datetime(self.from)).compatible().ok()?;
            u64::try_from(begins.as_millisecond()).ok().map(Stamp::from_millis)
        };
        (0..=DAYS).filter_map(begins).find(|begins| *begins > at && self.hold(*begins, zone))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", spelled(self.from), spelled(self.to))
    }
}

/// The next moment at which the clocks of a zone show this time, so long after midnight; over midnight it is the next
/// day's.
pub fn next_at(time: Duration, at: Stamp, zone: &TimeZone) -> Option<Stamp> {
    let seconds = i32::try_from(time.as_secs() % 86_400).ok()?;
    let time = Time::new(0, 0, 0, 0).ok()?.wrapping_add(jiff::Span::new().seconds(seconds));
    let today = zone.to_datetime(moment(at)?).date();
    let comes = |days: i64| {
        let date = today.checked_add(jiff::Span::new().days(days)).ok()?;
        let comes = zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()?;
        u64::try_from(comes.as_millisecond()).ok().map(Stamp::from_millis)
    };
    (0..=DAYS).filter_map(comes).find(|comes| *comes > at)
}

/// Why a text is no span of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHours {
    /// Not two times with minutes.
    #[error("not two times with minutes, such as `09:00-17:00`")]
    NotTwoTimes,
    /// It ends as it begins.
    #[error("it ends as it begins")]
    Empty,
}

impl FromStr for Hours {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        let parts = text.split_once('-').map(|(from, to)| (parse(from.trim()), parse(to.trim())));
        match parts {
            Some((Some(from), Some(to))) if from != to => Ok(Self { from, to }),
            Some((Some(_), Some(_))) => Err(NoHours::Empty),
            Some(_) | None => Err(NoHours::NotTwoTimes),
        }
    }
}

/// A time of the day as people write it.
pub fn spelled(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn moment(at: Stamp) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at.millis()).ok()?).ok()
}

/// Reads `09:00-17:00`.
pub(super) fn read(value: Value<'_>) -> Option<Hours> {
    let text = value.text()?;
    let note = "two times with minutes, such as `09:00-17:00` or `22:00-07:00`";
    match text.parse() {
        Ok(hours) => Some(hours),
        Err(NoHours::Empty) => value.refuse(format!("`{text}` ends as it begins"), "for always leave it out"),
        Err(NoHours::NotTwoTimes) => value.refuse(format!("`{text}` is no span of a day"), note),
    }
}

/// Reads `09:00`.
pub(super) fn time(value: Value<'_>) -> Option<Time> {
    let text = value.text()?;
    match parse(text) {
        Some(time) => Some(time),
        None => value.refuse(format!("`{text}` is no time of the day"), "with minutes, such as `09:00`"),
    }
}

/// Two digits, a colon and two digits: what else people write for a time means different times to different people.
fn parse(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    if !two(hour) || !two(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Stamp {
        let at: Timestamp = text.parse().unwrap();
        Stamp::from_millis(u64::try_from(at.as_millisecond()).unwrap())
    }

    /// `when` in UTC, whether they hold then in London, and when they begin next.
    fn check(span: &str, when: &str, holds: bool, begins: &str) {
        let zone = TimeZone::get("Europe/London").unwrap();
        let (hours, at): (Hours, _) = (span.parse().unwrap(), stamp(when));
        assert_eq!(hours.hold(at, &zone), holds, "{span} at {when}");
        assert_eq!(hours.begin(at, &zone), Some(stamp(begins)), "{span} after {when}");
    }

    #[test]
    fn they_are_local_time_in_winter_and_in_summer() {
        check("09:00-17:00", "2026-01-15T09:00:00Z", true, "2026-01-15T09:00:00Z");
        check("09:00-17:00", "2026-07-15T08:00:00Z", true, "2026-07-15T08:00:00Z");
        check("09:00-17:00", "2026-07-15T07:59:59.999Z", false, "2026-07-15T08:00:00Z");
        check("09:00-17:00", "2026-07-15T16:00:00Z", false, "2026-07-16T08:00:00Z");
    }

    #[test]
    fn they_may_span_midnight() {
        check("22:00-07:00", "2026-01-15T23:59:00Z", true, "2026-01-15T23:59:00Z");
        check("22:00-07:00", "2026-01-16T06:59:00Z", true, "2026-01-16T06:59:00Z");
        check("22:00-07:00", "2026-01-16T07:00:00Z", false, "2026-01-16T22:00:00Z");
    }

    #[test]
    fn a_day_on_which_the_clocks_change_has_them_once_twice_or_not_at_all() {
        // 29 March 2026: 01:00 to 02:00 do not exist in London.
        check("01:00-02:00", "2026-03-29T00:30:00Z", false, "2026-03-30T00:00:00Z");
        check("01:30-03:00", "2026-03-29T00:59:00Z", false, "2026-03-29T01:30:00Z");
        // 25 October 2026: they exist twice.
        check("01:00-02:00", "2026-10-25T00:30:00Z", true, "2026-10-25T00:30:00Z");
        check("01:00-02:00", "2026-10-25T01:30:00Z", true, "2026-10-25T01:30:00Z");
        check("01:00-02:00", "2026-10-25T02:00:00Z", false, "2026-10-26T01:00:00Z");
    }

    #[test]
    fn a_time_has_two_digits_and_two_digits() {
        assert_eq!(["9:00", "09.00", "0900", "24:00", "9am", "09:60", "09:00:00"].map(parse), [None; 7]);
    }
}
