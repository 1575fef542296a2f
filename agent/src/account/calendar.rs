//! Days, times of day and lengths of time as people type them: UTC everywhere, as on every screen.

use state::Stamp;
use state::document::duration_in;
use std::time::Duration;

/// A day in milliseconds: cluster time knows no leap second.
const DAY: u64 = 86_400_000;

/// A moment as a person types it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long ago.
    Ago(Duration),
    /// The last time that the clock showed this: milliseconds since midnight.
    OfDay(u64),
    /// On a day of the calendar.
    At(Stamp),
}

impl Moment {
    /// The moment meant by whoever types it now.
    pub fn seen_from(self, now: Stamp) -> Stamp {
        match self {
            Self::Ago(by) => now - by,
            Self::At(at) => at,
            Self::OfDay(of_day) => {
                let midnight = now.millis() / DAY * DAY;
                let today = midnight + of_day;
                Stamp::from_millis(if today > now.millis() { today.saturating_sub(DAY) } else { today })
            }
        }
    }
}

/// Reads `10m`, `03:01`, `03:01:30`, `2026-11-21`, `2026-11-21 03:01` or `2026-11-21T03:01:30Z`; all of it UTC.
///
/// # Errors
/// Says what can be written.
pub fn moment(text: &str) -> Result<Moment, String> {
    let fault = || format!("`{text}` is no time: write `03:01`, `10m` or `2026-11-21T03:01`, in UTC");
    let bare = text.strip_suffix('Z').unwrap_or(text);
    if let Some((day, clock)) = bare.split_once(['T', ' ']) {
        let (day, clock) = (day_of(day).ok_or_else(fault)?, of_day(clock).ok_or_else(fault)?);
        return Ok(Moment::At(Stamp::from_millis(day + clock)));
    }
    if let Some(day) = day_of(bare) {
        return Ok(Moment::At(Stamp::from_millis(day)));
    }
    if bare.contains(':') {
        return of_day(bare).map(Moment::OfDay).ok_or_else(fault);
    }
    span(text).map(Moment::Ago).map_err(|why| format!("{why}; or a time of day: `03:01`, in UTC"))
}

/// Reads `90s`, `10m` or `1h 30m`, as in the policy; a bare number is a fault that says what to write.
///
/// # Errors
/// Says what can be written.
pub fn span(text: &str) -> Result<Duration, String> {
    if let Ok(count) = text.parse::<u64>() {
        return Err(format!("a time needs a unit: write `{count}h` or `{count}m`"));
    }
    duration_in(text).ok_or_else(|| format!("`{text}` is no time: write `1h` or `90s`"))
}

/// `HH:MM` or `HH:MM:SS` in milliseconds since midnight.
fn of_day(text: &str) -> Option<u64> {
    let parts: Vec<u64> = text.split(':').map(two_digits).collect::<Option<_>>()?;
    match parts.as_slice() {
        [hours @ 0..24, minutes @ 0..60] => Some((hours * 3600 + minutes * 60) * 1000),
        [hours @ 0..24, minutes @ 0..60, seconds @ 0..60] => {
            Some((hours * 3600 + minutes * 60 + seconds) * 1000)
        }
        _ => None,
    }
}

fn two_digits(text: &str) -> Option<u64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `YYYY-MM-DD` in milliseconds since 1970.
fn day_of(text: &str) -> Option<u64> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(midnight.timestamp().as_millisecond()).ok()
}

/// The day of a stamp: `2026-11-21`.
pub fn date(at: Stamp) -> String {
    let known = i64::try_from(at.millis()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    known.map_or_else(|| "no day".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20, 02:58:10 UTC.
    const NOW: Stamp = Stamp::from_millis(1_795_143_490_000);

    fn seen(text: &str) -> String {
        let at = moment(text).unwrap_or_else(|why| panic!("{why}")).seen_from(NOW);
        format!("{} {at}", date(at))
    }

    #[test]
    fn a_time_of_day_is_the_last_one_that_was() {
        assert_eq!(seen("02:58"), "2026-11-20 02:58:00");
        assert_eq!(seen("02:58:11"), "2026-11-19 02:58:11");
        assert_eq!(seen("10m"), "2026-11-20 02:48:10");
        assert_eq!(seen("2026-11-01"), "2026-11-01 00:00:00");
        for same in ["2026-11-19T23:05:01Z", "2026-11-19T23:05:01", "2026-11-19 23:05:01"] {
            assert_eq!(seen(same), "2026-11-19 23:05:01");
        }
    }

    #[test]
    fn a_length_of_time_is_written_as_in_the_policy() {
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("1h30m"), span("90m"));
        assert_eq!(span("1w"), span("7 days"));
        assert_eq!(span("15"), Err("a time needs a unit: write `15h` or `15m`".to_owned()));
        for bad in ["", "h", "-1h", "1.5h", "99999999999999999w"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_what_can_be_written() {
        for bad in ["", "3", "24:00", "03:1", "03:01:60", "2026-02-30", "yesterday", "2026-11-19T", "-1h"] {
            let why = moment(bad).expect_err(bad);
            assert!(why.contains("03:01"), "{bad}: {why}");
        }
    }
}
