//! Durations as they are written: whole numbers, each with its unit.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoDuration {
    /// A number without a unit.
    NoUnit(u64),
    /// A number with a point in it.
    Fraction,
    /// Longer than a century.
    TooLong,
    /// Anything else.
    NotOne,
}

/// The longest duration that can be written: nothing here waits for a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The duration in a text that is no document's, such as an argument: whole numbers, each with its unit.
pub fn duration_in(text: &str) -> Option<Duration> {
    duration(text).ok()
}

/// Reads `15s`, `500ms`, `2h`, `1 day` or `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, NoDuration> {
    let text = text.trim();
    if let Ok(bare) = text.parse::<u64>() {
        return Err(NoDuration::NoUnit(bare));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.') {
        return Err(NoDuration::Fraction);
    }
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let millis = unit_millis(unit).ok_or(NoDuration::NotOne)?;
        let number: u64 = number.parse().map_err(|_| NoDuration::NotOne)?;
        let part = number.checked_mul(millis).map(Duration::from_millis).ok_or(NoDuration::TooLong)?;
        sum = sum.checked_add(part).filter(|sum| *sum <= LONGEST).ok_or(NoDuration::TooLong)?;
        rest = tail.trim_start();
    }
    if text.is_empty() { Err(NoDuration::NotOne) } else { Ok(sum) }
}

/// How many milliseconds a unit has.
fn unit_millis(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" | "second" | "seconds" => 1000,
        "m" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        "w" | "week" | "weeks" => 7 * 86_400_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_unit() {
        let seconds = |n| Ok(Duration::from_secs(n));
        assert_eq!(duration("15s"), seconds(15));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2h"), seconds(7200));
        assert_eq!(duration("1 day"), seconds(86_400));
        assert_eq!(duration("1h 30m"), seconds(5400));
        assert_eq!(duration("1h30m"), seconds(5400));
        assert_eq!(duration("15"), Err(NoDuration::NoUnit(15)));
        assert_eq!(duration("1.5s"), Err(NoDuration::Fraction));
        assert_eq!(duration("15 bananas"), Err(NoDuration::NotOne));
        assert_eq!(duration("s"), Err(NoDuration::NotOne));
        assert_eq!(duration(""), Err(NoDuration::NotOne));
        assert_eq!(duration("-3s"), Err(NoDuration::NotOne));
        assert_eq!(duration("18446744073709551615w"), Err(NoDuration::TooLong));
    }
}
