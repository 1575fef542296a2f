//! Throws changed copies of real bytes at a parser, keeps what it calls by a new name, and shortens what breaks it.

use super::memory::peak_of;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How much a target gets in a quick run, whichever ends first.
const QUICK: (u32, Duration) = (3000, Duration::from_secs(2));

/// What is kept beside the real bytes because it was called by a new name.
const KEPT: usize = 1000;

/// One parser, and what it is fed.
pub struct Target<'a> {
    /// Its name.
    pub name: &'a str,
    /// Real bytes, all of which it must take.
    pub corpus: Vec<Vec<u8>>,
    /// Words of its language, to be thrown in.
    pub words: &'a [&'a str],
    /// The most memory for an input of one byte and for each further one.
    pub memory: (usize, usize),
    /// The longest input.
    pub longest: usize,
}

/// How an input was taken: under a name that begins with `ok`, or refused under another; `Err` breaks an invariant.
pub type Taken = Result<String, String>;

/// Feeds a target until its time is over; panics with the shortest bytes that break it.
pub fn fuzz(target: &Target<'_>, take: impl Fn(&[u8]) -> Taken) {
    let seed = number("SEED").unwrap_or(1);
    let (rounds, lasts) = match number("FUZZ_SECONDS") {
        Some(seconds) => (u32::MAX, Duration::from_secs(seconds)),
        None => QUICK,
    };
    eprintln!("{}: seed {seed}", target.name);
    let mut known = BTreeSet::new();
    let mut corpus = target.corpus.clone();
    let (mut dice, since, mut accepted, mut n) = (Dice(seed), Instant::now(), 0, 0);
    for real in &target.corpus {
        let name = tried(target, &take, real).unwrap_or_else(|why| panic!("{}: {why}", target.name));
        assert!(name.starts_with("ok"), "{}: real bytes were refused: {name}", target.name);
        known.insert(name);
    }
    while n < rounds && since.elapsed() < lasts {
        n += 1;
        let input = dice.change(&corpus, target);
        match tried(target, &take, &input) {
            Ok(name) => {
                accepted += u32::from(name.starts_with("ok"));
                if known.insert(name) && corpus.len() < target.corpus.len() + KEPT {
                    corpus.push(input);
                }
            }
            Err(why) => broken(target, &take, (&input, &why), (seed, n)),
        }
    }
    eprintln!("{}: {n} inputs, {accepted} taken, {} names", target.name, known.len());
    assert!(n < 50 || accepted > 0, "{}: nothing was ever taken, so nothing was proved", target.name);
    assert!(n < 50 || accepted < n, "{}: nothing was ever refused, so nothing was proved", target.name);
}

/// One input; a panic and too much memory are broken invariants too.
fn tried(target: &Target<'_>, take: &impl Fn(&[u8]) -> Taken, input: &[u8]) -> Taken {
    let (caught, peak) = peak_of(|| catch_unwind(AssertUnwindSafe(|| take(input))));
    let (base, each) = target.memory;
    let most = base + each * input.len();
    match caught {
        Err(_) => Err("it panicked".to_owned()),
        Ok(_) if peak > most => {
            Err(format!("{} bytes took {peak} of memory, {most} are allowed", input.len()))
        }
        Ok(taken) => taken,
    }
}

/// Shortens the input while it breaks in the same way.
fn broken(
    target: &Target<'_>,
    take: &impl Fn(&[u8]) -> Taken,
    (input, why): (&[u8], &str),
    at: (u64, u32),
) -> ! {
    let kind = |why: &str| why.rsplit(' ').next().unwrap_or_default().to_owned();
    let mut short = input.to_vec();
    let mut piece = short.len() / 2;
    while piece > 0 {
        let mut start = 0;
        while start < short.len() {
            let mut less = short.clone();
            less.drain(start..(start + piece).min(short.len()));
            match tried(target, take, &less) {
                Err(other) if kind(&other) == kind(why) => short = less,
                Ok(_) | Err(_) => start += piece,
            }
        }
        piece /= 2;
    }
    let hex: String = short.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = String::from_utf8_lossy(&short);
    panic!("{}: {why}; SEED={} input {}; {} bytes: {hex}\n{text}", target.name, at.0, at.1, short.len());
}

/// A sentence without what differs from input to input, so that it names the way and not the case.
pub fn name(kind: &str, sentence: &impl ToString) -> String {
    let mut quoted = false;
    let plain = sentence.to_string();
    let plain = plain.chars().filter(|c| {
        quoted ^= *c == '`';
        !quoted && (c.is_ascii_alphabetic() || *c == ' ')
    });
    format!("{kind} {}", plain.take(60).collect::<String>())
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A generator of its own, so that a seed means the same for ever (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % sides.max(1) as u64).expect("it is below a usize")
    }

    fn change(&mut self, corpus: &[Vec<u8>], target: &Target<'_>) -> Vec<u8> {
        let mut bytes = corpus[self.below(corpus.len())].clone();
        // One change often leaves the rest to be read, and so reaches what lies behind it.
        let most = 1 + self.below(6);
        for _ in 0..=self.below(most) {
            self.once(&mut bytes, corpus, target.words);
        }
        bytes.truncate(target.longest);
        bytes
    }

    fn once(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&str]) {
        // What parsers trip over: ends of ranges, the longest varint, and bytes that are no text.
        const ODD: [&[u8]; 8] =
            [&[0], &[1], &[0x7f], &[0x80], &[0xff], &[0xff, 0xff, 0xff, 0xff, 0x0f], &[0xff; 10], b"\r\n"];
        let at = self.below(bytes.len() + 1);
        let reach = 1 + self.below(64);
        let until = (at + self.below(reach)).min(bytes.len());
        match self.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.next().to_le_bytes()[0],
            2 => drop(bytes.splice(at..until, ODD[self.below(ODD.len())].iter().copied())),
            3 => drop(bytes.drain(at..until)),
            4 => {
                let again = bytes[at..until].repeat(1 + self.below(20));
                drop(bytes.splice(at..at, again));
            }
            5 => bytes.truncate(at),
            6 if !words.is_empty() => {
                drop(bytes.splice(at..until, words[self.below(words.len())].bytes()));
            }
            7 => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len() + 1);
                let upto = (from + self.below(200)).min(other.len());
                drop(bytes.splice(at..until, other[from..upto].iter().copied()));
            }
            _ => {
                let count = self.below(8);
                let noise: Vec<u8> = (0..count).map(|_| self.next().to_le_bytes()[0]).collect();
                drop(bytes.splice(at..at, noise));
            }
        }
    }
}

#[test]
fn what_breaks_is_found_and_shortened() {
    let target = Target {
        name: "a parser that dislikes a b after an a",
        corpus: vec![b"aaaa cccc".to_vec()],
        words: &["ab"],
        memory: (1 << 20, 64),
        longest: 100,
    };
    let take = |bytes: &[u8]| {
        assert!(!bytes.windows(2).any(|two| two == b"ab"), "on purpose");
        Ok(if bytes.len() > 4 { "ok".to_owned() } else { "short".to_owned() })
    };
    let caught = catch_unwind(AssertUnwindSafe(|| fuzz(&target, take))).expect_err("it breaks");
    let said = caught.downcast_ref::<String>().expect("a sentence");
    assert!(said.contains("it panicked") && said.contains("2 bytes: 6162"), "{said}");
}

#[test]
fn a_greedy_parser_is_found() {
    let target = Target {
        name: "a parser that believes a length",
        corpus: vec![vec![1, 1, 2, 3]],
        words: &[],
        memory: (4096, 16),
        longest: 100,
    };
    let take = |bytes: &[u8]| {
        let length = bytes.first().map_or(0, |first| usize::from(*first) * 1000);
        let room: Vec<u8> = Vec::with_capacity(length);
        Ok(if room.capacity() > 9 { "ok".to_owned() } else { "short".to_owned() })
    };
    let caught = catch_unwind(AssertUnwindSafe(|| fuzz(&target, take))).expect_err("it is greedy");
    assert!(caught.downcast_ref::<String>().expect("a sentence").contains("of memory"));
}
