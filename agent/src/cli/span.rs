//! Times on the command line: a whole number and its unit, as in the policy.

use std::time::Duration;

/// Reads `90s`, `10m`, `1h`, `2d`; a bare number is a fault that says what to write.
pub fn span(text: &str) -> Result<Duration, String> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(at);
    let count: u64 = count.parse().map_err(|_| format!("`{text}` is no time: write `1h`"))?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        "" => return Err(format!("a time needs a unit: write `{count}h` or `{count}m`")),
        other => return Err(format!("`{other}` is no unit of time: use s, m, h, d or w")),
    };
    count.checked_mul(unit).map(Duration::from_secs).ok_or_else(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(span("1w"), span("7d"));
        assert_eq!(span("15"), Err("a time needs a unit: write `15h` or `15m`".to_owned()));
        for bad in ["", "h", "-1h", "1.5h", "1h30m", "1 h", "99999999999999999w"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }
}
