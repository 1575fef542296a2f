//! Numbers as carriers write them, alone and in ranges.

use super::draft::Written;
use state::Number;
use state::document::Value;

/// The most numbers of one route: twice what the largest network has that we were told of.
const NUMBERS_MAX: u64 = 2000;
/// A number without its leading `0` or `P`, in Ofcom's plan.
const DIGITS: std::ops::RangeInclusive<usize> = 9..=10;

/// Reads the numbers of a route: `02079460000`, `P2079460000` if it was ported in, `02079460001-02079460099`.
pub(super) fn read(value: Value<'_>) -> Vec<Written<Number>> {
    let mut numbers: Vec<Written<Number>> = Vec::new();
    for item in value.list() {
        for number in range(item).unwrap_or_default() {
            if numbers.len() as u64 >= NUMBERS_MAX {
                item.refuse::<()>(format!("more than {NUMBERS_MAX} numbers"), "split the route");
                return numbers;
            }
            numbers.push(Written::at(item, number));
        }
    }
    numbers
}

/// One number, or all from the first to the last.
fn range(item: Value<'_>) -> Option<Vec<Number>> {
    let text = item.text()?;
    let Some((first, last)) = text.split_once('-') else {
        return Some(vec![number(text, item)?]);
    };
    let (first, last) = (number(first.trim(), item)?, number(last.trim(), item)?);
    let (from, to) = (first.as_str(), last.as_str());
    let (Ok(low), Ok(high)) = (from[1..].parse::<u64>(), to[1..].parse::<u64>()) else {
        unreachable!("a number is a letter and digits");
    };
    if from[..1] != to[..1] || from.len() != to.len() || low > high {
        return item.refuse(format!("`{text}` is no range"), "the smaller number first, both of one form");
    }
    if high - low >= NUMBERS_MAX {
        return item
            .refuse(format!("`{text}` is {} numbers", high - low + 1), format!("at most {NUMBERS_MAX}"));
    }
    let width = from.len() - 1;
    Some((low..=high).map(|digits| Number::new(format!("{}{digits:0width$}", &from[..1]))).collect())
}

/// A single number.
fn number(text: &str, item: Value<'_>) -> Option<Number> {
    let digits = text.strip_prefix(['0', 'P']);
    match digits {
        Some(digits) if is_national(digits) => Some(Number::new(text)),
        _ => {
            let note = match text.strip_prefix("+44").or_else(|| text.strip_prefix("44")) {
                Some(rest) => format!("as the carrier writes it: `\"0{rest}\"`"),
                None if text.starts_with("0044") => {
                    format!("as the carrier writes it: `\"0{}\"`", &text[4..])
                }
                None if text.contains(' ') => "without blanks, such as `02079460000`".to_string(),
                None => "such as `02079460000`, or `P2079460000` if it was ported in".to_string(),
            };
            item.refuse(format!("`{text}` is no number"), note)
        }
    }
}

/// Whether these are the digits of a number behind its `0` or `P`; none begins with another zero, which leads abroad.
fn is_national(digits: &str) -> bool {
    let all = DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    all && !digits.starts_with('0')
}

/// A number as the whole world dials it, without the `+`: `02079460000` is `442079460000`.
pub fn e164(number: &Number) -> String {
    match number.as_str().strip_prefix(['0', 'P']) {
        Some(rest) => format!("44{rest}"),
        None => number.as_str().trim_start_matches('+').to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_dials_a_number_without_its_zero() {
        assert_eq!(e164(&Number::new("02079460000")), "442079460000");
        assert_eq!(e164(&Number::new("P1134960000")), "441134960000");
        assert_eq!(e164(&Number::new("+35315550100")), "35315550100");
    }
}
