//! The vocabulary, the reply and the status reader, as tables; and a shower of broken bytes.

use super::account::Login;
use super::stat::Stat;
use super::words::{Command, Dialled, Reply, Target};
use crate::secret::Secret;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use state::{Destination, Number};

/// Each line `reply => what was read`; `~` stands for what a line cannot show here.
const STAT_TABLE: &str = include_str!("stat_table.txt");

fn tell(line: &str) -> String {
    let reply = match Reply::parse(line.as_bytes()) {
        Ok(reply) => reply,
        Err(error) => return error.to_string(),
    };
    if !reply.is_ok() {
        return format!("refused with {}: {}", reply.digit, reply.text);
    }
    match Stat::parse(&reply.text) {
        Ok(stat) => {
            let slots = stat.slots.map(|slot| slot.map_or("-".to_owned(), |value| value.to_string()));
            format!("{} {:?} {} {}", stat.number, stat.active, stat.expiry, slots.join(" "))
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_status_reader_reads_what_clients_expect() {
    let mut rows = 0;
    for row in STAT_TABLE.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
        let (line, expected) = row.split_once(" => ").unwrap();
        assert_eq!(tell(line), expected, "{line}");
        rows += 1;
    }
    assert!(rows >= 12);
}

#[test]
fn numbers_and_destinations_keep_to_their_alphabets() {
    for good in ["02079460001", "P2079460001", "0800123456", "+35315550100"] {
        assert!(Dialled::parse(&Number::new(good)).is_ok(), "{good}");
    }
    for bad in [
        "",
        "P",
        "2079460001",
        "0207946000",
        "p2079460001",
        "020 79460001",
        "02079460001\n",
        "+1",
        "02079460001234",
    ] {
        let fits = Dialled::parse(&Number::new(bad)).is_ok();
        assert_eq!(fits, bad == "0207946000", "{bad:?}");
    }
    let good =
        ["S:442079460001@192.0.2.10", "s:a@h", "E:+44.1_-@pbx.example", "V:a.b@example.org", "442079460001"];
    for good in good {
        assert!(Target::parse(&Destination::new(good)).is_ok(), "{good}");
    }
    let bad = [
        "",
        "S:",
        "S:@h",
        "S:a@",
        "S:a@h:5060",
        "S:a:b@h",
        "S:a b@h",
        "S:a@h|S:b@h",
        "I:u:p@h",
        "H:x@y",
        "S:a@h\r\nQUIT",
        "44207946000\u{e9}",
        "12345",
        "S:a@h@h",
        "DEAC",
    ];
    for bad in bad {
        assert!(Target::parse(&Destination::new(bad)).is_err(), "{bad:?}");
    }
}

#[test]
fn a_ported_number_is_said_the_same_whichever_way_it_is_written() {
    let number = Dialled::ported(&Number::new("02079460001")).unwrap();
    assert_eq!(number, Dialled::parse(&Number::new("P2079460001")).unwrap());
    assert_eq!(number, Dialled::ported(&Number::new("P2079460001")).unwrap());
    for echo in ["P2079460001", "02079460001", "+442079460001"] {
        assert!(number.is_echoed_by(echo), "{echo}");
    }
    assert!(!number.is_echoed_by("02079460002"));
}

#[test]
fn credentials_keep_to_their_alphabets_and_are_not_shown() {
    for (user, password) in
        [("", "a"), ("a b", "a"), ("a", ""), ("a", "a b"), ("a", "a\r\nQUIT"), ("a\n", "a")]
    {
        assert!(Login::new(user, Secret::new(password)).is_err(), "{user:?} {password:?}");
    }
    let login = Login::new("demo.user-1", Secret::new("x!\"$%7")).unwrap();
    assert_eq!(Command::Auth(&login).encode(), b"AUTH demo.user-1 x!\"$%7\r\n");
    assert!(!format!("{login:?}").contains("x!"));
}

#[test]
fn broken_bytes_never_panic_a_reader() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let rows: Vec<&str> = STAT_TABLE.lines().collect();
    for _ in 0..20_000 {
        let mut bytes = rows[rng.random_range(0..rows.len())].as_bytes().to_vec();
        for _ in 0..rng.random_range(0..6) {
            let place = rng.random_range(0..=bytes.len());
            match rng.random_range(0..3) {
                0 => bytes.insert(place, rng.random()),
                1 => bytes.truncate(place),
                _ => bytes.splice(place..place, *b"|| ").for_each(drop),
            }
        }
        if let Ok(reply) = Reply::parse(&bytes) {
            assert!(reply.text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            // Whatever comes out is of no interest; that it comes out is.
            let _read = Stat::parse(&reply.text);
        }
    }
}
