//! The carrier's answer to every command but AUTH, SET and QUIT, which the session itself attends to.

use super::request::{Request, Spelling};
use super::setup::Record;
use super::stock::{EXPIRY, Held, Life, Slots, Stock};

/// What is sent back: lines without their ends, the code in front.
pub type Lines = Vec<String>;

/// The digit of failures, and the form of STAT.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The code of a failure: 1 to 9, and no client may care which.
    pub digit: u8,
    /// How STAT shows several slots.
    pub record: Record,
}

/// Answers for an account that has logged in. `slots` are what STAT shows if that is not the truth.
pub fn answer(
    stock: &mut Stock,
    (account, manner): (&str, Manner),
    request: &Request,
    slots: Option<Slots>,
) -> Lines {
    let ok = |text: &str| Ok(vec![format!("0 {text}")]);
    let result = match request {
        Request::Stat(number) => stat(stock, (account, manner), number, slots),
        Request::Orde { number, .. } => stock.working(account, number).and_then(|_| ok("Order updated OK")),
        Request::Feat { number, letter } => {
            stock.working(account, number).and_then(|_| ok(&format!("Feature {letter} updated OK")))
        }
        Request::Spin(number) => stock.working(account, number).and_then(|_| ok("PIN updated OK")),
        Request::Info { number, .. } => {
            stock.working(account, number).and_then(|_| ok("Information updated"))
        }
        Request::Nine { number, word, value } => {
            // The only command whose digits are known: they have their own table and no common failure digit.
            return stock
                .working(account, number)
                .map_or_else(|why| vec![format!("9 {why}")], |held| emergency_record(held, word, value));
        }
        Request::Allo(pattern) => match stock.free(pattern, 1).first() {
            Some(number) => ok(&format!("{number} Allocated")),
            None => Err("No number found for allocation"),
        },
        Request::Acti(number) => {
            stock.activate(account, number.as_str()).and_then(|()| ok("Number activated OK"))
        }
        Request::Deac(number) => stock.deactivate(account, number).and_then(|()| ok("Number deactivated OK")),
        Request::Reac(number) => stock.reactivate(account, number).and_then(|()| ok("Number reactivated OK")),
        Request::Alist { pattern, count } => list(stock, pattern, *count, manner),
        Request::BlkActi { prefix, count } => stock
            .activate_block(account, prefix, *count)
            .and_then(|(first, last)| ok(&format!("{first} {last}"))),
        Request::BlkInfo(number) => {
            stock.block(account, number).and_then(|(first, count)| ok(&format!("{first} {count}")))
        }
        Request::BlkDeac(first) => {
            stock.set_block(account, first, Life::Inactive).and_then(|()| ok("Block deactivated OK"))
        }
        Request::BlkReac(first) => {
            stock.set_block(account, first, Life::Active).and_then(|()| ok("Block reactivated OK"))
        }
        Request::Auth { .. } | Request::Set { .. } | Request::Quit => Err("Unknown command"),
    };
    result.unwrap_or_else(|why| vec![failure(manner, why)])
}

/// A line that says no.
pub fn failure(manner: Manner, why: &str) -> String {
    format!("{} {why}", manner.digit)
}

/// Inactive numbers are shown too, with `N`: both known readers test for `Y` only.
fn stat(
    stock: &mut Stock,
    (account, manner): (&str, Manner),
    number: &Spelling,
    slots: Option<Slots>,
) -> Result<Lines, &'static str> {
    let held = stock.of(account, number)?;
    let slots = slots.as_ref().unwrap_or(&held.slots);
    let flag = match held.life {
        Life::Active => 'Y',
        Life::Inactive => 'N',
    };
    let head = format!("{} {flag} {EXPIRY}", number.as_str());
    let text = match manner.record {
        Record::Joined => format!("{head} {}", slots.join("|")),
        Record::Repeated => {
            let used = slots.iter().filter(|slot| !slot.is_empty());
            let parts = used.map(|slot| format!("{head} {slot}")).collect::<Vec<_>>();
            if parts.is_empty() { head } else { parts.join("|") }
        }
    };
    Ok(vec![format!("0 {text}")])
}

fn list(stock: &Stock, pattern: &str, count: usize, manner: Manner) -> Result<Lines, &'static str> {
    let mut lines = stock.free(pattern, count).iter().map(|n| format!("0 {n}")).collect::<Lines>();
    if lines.is_empty() {
        return Err("No range found for allocation");
    }
    lines.push(failure(manner, "End of list"));
    Ok(lines)
}

/// The fields of the emergency services' record with their longest values.
const FIELDS: [(&str, usize); 9] = [
    ("TITLE", 20),
    ("FORENAME", 20),
    ("NAME", 50),
    ("HONOURS", 30),
    ("BUSSUFFIX", 50),
    ("PREMISES", 60),
    ("THOROUGHFARE", 55),
    ("LOCALITY", 30),
    ("POSTCODE", 8),
];

fn emergency_record(held: &mut Held, word: &str, value: &str) -> Lines {
    let one = |text: &str| vec![text.to_owned()];
    let has = |held: &Held, key: &str| held.nine.contains_key(key);
    match word {
        "CREATE" => {
            held.nine = std::iter::once(("CREATE".to_owned(), String::new())).collect();
            one("0 Accepted")
        }
        _ if !has(held, "CREATE") => one("9 No record found"),
        "VALIDATE" if has(held, "NAME") && has(held, "POSTCODE") => one("0 Information Valid"),
        "VALIDATE" => one("8 Rejected"),
        "STATUS" => one("1 Info received"),
        "DATA" => {
            let fields = held.nine.iter().filter(|(key, _)| *key != "CREATE");
            let mut lines = fields.map(|(key, value)| format!("0 {key} {value}")).collect::<Lines>();
            lines.push("9 End of data".to_owned());
            lines
        }
        field => match FIELDS.iter().find(|(name, _)| *name == field) {
            Some((_, most)) if !value.is_empty() && value.len() <= *most => {
                held.nine.insert(field.to_owned(), value.to_owned());
                one("0 Accepted")
            }
            Some(_) | None => one("8 Rejected"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::destination::Ports;
    use super::*;

    fn stock() -> Stock {
        let mut stock = Stock::default();
        let slots = |one: &str, two: &str| [one.to_owned(), two.to_owned(), String::new()];
        stock.put("02079460000", Held::new("demo", Life::Active, slots("S:1@192.0.2.1", "S:2@192.0.2.2")));
        stock.put("P2079460001", Held::new("demo", Life::Active, Slots::default()));
        stock.put("02079460002", Held::new("other", Life::Active, Slots::default()));
        stock
    }

    /// One command a line, `user> command`, each followed by its reply.
    #[track_caller]
    fn check(manner: Manner, script: &str) {
        let mut stock = stock();
        let mut got = String::new();
        for line in script.lines().map(str::trim).filter(|line| line.contains("> ")) {
            let (user, command) = line.split_once("> ").expect("filtered");
            let lines = match Request::parse(command, Ports::Refused) {
                Ok(request) => answer(&mut stock, (user, manner), &request, None),
                Err(why) => vec![failure(manner, why)],
            };
            got += &format!("{line}\n{}\n", lines.join("\n"));
        }
        let expected = script.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>();
        assert_eq!(got.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_known_texts_are_given_and_foreign_numbers_are_not_found() {
        check(
            Manner { digit: 4, record: Record::Joined },
            "demo> STAT 02079460000
            0 02079460000 Y 2027-12-31 S:1@192.0.2.1|S:2@192.0.2.2|
            demo> STAT P2079460001
            0 P2079460001 Y 2027-12-31 ||
            demo> STAT 02079460001
            4 Number not found
            demo> STAT 02079460002
            4 Number not found
            demo> ORDE 02079460000 1 0000
            0 Order updated OK
            demo> FEAT 02079460000 D
            0 Feature D updated OK
            demo> FEAT P2079460001 D
            4 Not for a ported number
            demo> INFO 02079460000 GEN 14 Shute End, RG40 1BJ
            0 Information updated
            demo> INFO 02079460000 999 STATUS
            9 No record found
            demo> INFO 02079460000 999 CREATE
            0 Accepted
            demo> INFO 02079460000 999 VALIDATE
            8 Rejected
            demo> INFO 02079460000 999 NAME A Company
            0 Accepted
            demo> INFO 02079460000 999 POSTCODE RG40 1BJ
            0 Accepted
            demo> INFO 02079460000 999 VALIDATE
            0 Information Valid
            demo> INFO 02079460000 999 DATA
            0 NAME A Company
            0 POSTCODE RG40 1BJ
            9 End of data",
        );
    }

    #[test]
    fn a_number_that_was_given_back_is_free_for_others() {
        check(
            Manner { digit: 1, record: Record::Joined },
            "demo> DEAC 02079460000
            0 Number deactivated OK
            demo> STAT 02079460000
            0 02079460000 N 2027-12-31 S:1@192.0.2.1|S:2@192.0.2.2|
            demo> REAC 02079460000
            0 Number reactivated OK
            demo> DEAC 02079460000
            0 Number deactivated OK
            other> ACTI 02079460000
            0 Number activated OK
            demo> REAC 02079460000
            1 Number not found
            demo> ACTI 02079460000
            1 Number not activated
            demo> ACTI 02079460001
            1 Number not activated",
        );
    }

    #[test]
    fn numbers_are_listed_allocated_and_taken_in_blocks() {
        check(
            Manner { digit: 2, record: Record::Joined },
            "demo> ALLO 0207946000_
            0 02079460003 Allocated
            demo> ALIST 0207946000_ 2
            0 02079460003
            0 02079460004
            2 End of list
            demo> BLKACTI 0113496001 10
            0 01134960010 01134960019
            demo> BLKINFO 01134960015
            0 01134960010 10
            other> BLKINFO 01134960015
            2 Account not ACTIve
            demo> ALIST 0113496001 5
            2 No range found for allocation
            demo> ALLO 0113496001_
            2 No number found for allocation
            demo> BLKDEAC 01134960010
            0 Block deactivated OK
            demo> BLKREAC 01134960010
            0 Block reactivated OK",
        );
    }

    #[test]
    fn several_slots_may_come_as_whole_records() {
        check(
            Manner { digit: 1, record: Record::Repeated },
            "demo> STAT 02079460000
            0 02079460000 Y 2027-12-31 S:1@192.0.2.1|02079460000 Y 2027-12-31 S:2@192.0.2.2
            demo> STAT P2079460001
            0 P2079460001 Y 2027-12-31",
        );
    }
}
