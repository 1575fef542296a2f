//! The carrier's numbers: whose they are, whether they work, and where their three slots point.

use super::destination::masked;
use super::request::Spelling;
use serde::Serialize;
use state::Mono;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The three destinations of a number, slot 1 first; an empty slot is an empty text.
pub type Slots = [String; 3];

/// How many past values a number remembers, for a STAT that lags behind.
const REMEMBERED: usize = 32;

/// Until when a number is paid for; every number of the lab has the same.
pub const EXPIRY: &str = "2027-12-31";

/// Whether a number takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// `Y` in STAT.
    Active,
    /// `N` in STAT: given back, and free for anyone to take.
    Inactive,
}

/// One number.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The account it belongs, or last belonged, to.
    pub account: String,
    /// Whether it works.
    pub life: Life,
    /// Where it points.
    pub slots: Slots,
    /// The emergency services' record.
    #[serde(skip)]
    pub nine: BTreeMap<String, String>,
    #[serde(skip)]
    past: VecDeque<(Mono, Slots)>,
}

impl Held {
    /// A number of an account.
    pub fn new(account: &str, life: Life, slots: Slots) -> Self {
        let (nine, past) = Default::default();
        Self { account: account.to_owned(), life, slots, nine, past }
    }

    /// What may be shown of it: today's slots, with the passwords in their destinations hidden.
    pub fn shown(&self) -> Self {
        Self::new(&self.account, self.life, self.slots.each_ref().map(|slot| masked(slot)))
    }

    /// The slots as they stood `ago` before `now`.
    pub fn slots_before(&self, ago: Duration, now: Mono) -> &Slots {
        let changed_since = |(at, _): &&(Mono, Slots)| now.since(*at) < ago;
        self.past.iter().find(changed_since).map_or(&self.slots, |(_, before)| before)
    }

    /// Points a slot, 1 to 3, and gives what it held before.
    pub fn point(&mut self, slot: u8, destination: &str, now: Mono) -> String {
        if self.past.len() == REMEMBERED {
            self.past.pop_front();
        }
        self.past.push_back((now, self.slots.clone()));
        let at = usize::from(slot.clamp(1, 3)) - 1;
        std::mem::replace(&mut self.slots[at], destination.to_owned())
    }
}

/// A run of neighbouring numbers that were activated together.
#[derive(Clone, Debug)]
struct Block {
    account: String,
    first: String,
    count: usize,
}

/// All numbers.
#[derive(Debug, Default)]
pub struct Stock {
    numbers: BTreeMap<String, Held>,
    blocks: Vec<Block>,
}

impl Stock {
    /// Puts a number on the books, as the carrier's staff would.
    pub fn put(&mut self, number: &str, held: Held) {
        self.numbers.insert(number.to_owned(), held);
    }

    /// All numbers by their spelling.
    pub fn all(&self) -> &BTreeMap<String, Held> {
        &self.numbers
    }

    /// A number, whoever holds it.
    pub fn any(&mut self, number: &str) -> Option<&mut Held> {
        self.numbers.get_mut(number)
    }

    /// A number if it belongs to this account.
    pub fn of(&mut self, account: &str, number: &Spelling) -> Result<&mut Held, &'static str> {
        self.numbers.get_mut(number.as_str()).filter(|held| held.account == account).ok_or("Number not found")
    }

    /// A number if it belongs to this account and works.
    pub fn working(&mut self, account: &str, number: &Spelling) -> Result<&mut Held, &'static str> {
        let held = self.of(account, number)?;
        if held.life == Life::Active { Ok(held) } else { Err("Number not active") }
    }

    /// Takes a free number; fails if someone works with it (who lost the race tries another).
    pub fn activate(&mut self, account: &str, number: &str) -> Result<(), &'static str> {
        if self.is_taken(number) {
            return Err("Number not activated");
        }
        self.put(number, Held::new(account, Life::Active, Slots::default()));
        Ok(())
    }

    /// Gives a number back: it stops working, and anyone may take it.
    pub fn deactivate(&mut self, account: &str, number: &Spelling) -> Result<(), &'static str> {
        self.working(account, number)?.life = Life::Inactive;
        Ok(())
    }

    /// Takes a number back that nobody else has taken meanwhile.
    pub fn reactivate(&mut self, account: &str, number: &Spelling) -> Result<(), &'static str> {
        let held = self.of(account, number)?;
        if held.life == Life::Active {
            return Err("Number already active");
        }
        held.life = Life::Active;
        Ok(())
    }

    /// Up to `count` free numbers that fit a pattern (`_` is any digit, a short pattern is a prefix).
    pub fn free(&self, pattern: &str, count: usize) -> Vec<String> {
        let open = pattern.matches('_').count() + (11 - pattern.len());
        let combinations = 10_usize.saturating_pow(u32::try_from(open).unwrap_or(u32::MAX));
        (0..combinations)
            .map(|filling| fill(pattern, filling, open))
            .filter(|number| !self.is_taken(number))
            .take(count)
            .collect()
    }

    /// Takes `count` neighbouring numbers that start with `prefix`; gives the first and the last.
    pub fn activate_block(
        &mut self,
        account: &str,
        prefix: &str,
        count: usize,
    ) -> Result<(String, String), &'static str> {
        let open = 11 - prefix.len();
        let combinations = 10_usize.saturating_pow(u32::try_from(open).unwrap_or(u32::MAX));
        let names = |start: usize| (start..start + count).map(|filling| fill(prefix, filling, open));
        let start = (0..combinations)
            .step_by(count)
            .filter(|start| start + count <= combinations)
            .find(|start| names(*start).all(|number| !self.is_taken(&number)))
            .ok_or("No range found for allocation")?;
        for number in names(start) {
            self.activate(account, &number)?;
        }
        let (first, last) = (fill(prefix, start, open), fill(prefix, start + count - 1, open));
        self.blocks.push(Block { account: account.to_owned(), first: first.clone(), count });
        Ok((first, last))
    }

    /// The first number and the size of the block that a number lies in.
    pub fn block(&self, account: &str, number: &Spelling) -> Result<(String, usize), &'static str> {
        self.blocks
            .iter()
            .find(|block| block.account == account && block.numbers().any(|n| n == number.as_str()))
            .map(|block| (block.first.clone(), block.count))
            // The only failure text of these commands that a client is known to look for.
            .ok_or("Account not ACTIve")
    }

    /// Changes the life of a whole block, named by its first number.
    pub fn set_block(&mut self, account: &str, first: &Spelling, life: Life) -> Result<(), &'static str> {
        let block = self
            .blocks
            .iter()
            .find(|block| block.account == account && block.first == first.as_str())
            .cloned()
            .ok_or("Account not ACTIve")?;
        let ours = |held: &Held| held.account == account && held.life != life;
        if !block.numbers().all(|number| self.numbers.get(&number).is_some_and(ours)) {
            return Err("Block not available");
        }
        for number in block.numbers() {
            if let Some(held) = self.numbers.get_mut(&number) {
                held.life = life;
            }
        }
        Ok(())
    }

    fn is_taken(&self, number: &str) -> bool {
        // The plain form of a ported number is not for sale either.
        let ported = format!("P{}", &number[1..]);
        self.numbers.get(number).is_some_and(|held| held.life == Life::Active)
            || self.numbers.contains_key(&ported)
    }
}

impl Block {
    fn numbers(&self) -> impl Iterator<Item = String> + '_ {
        let start = self.first.parse::<usize>().unwrap_or_default();
        (start..start + self.count).map(|number| format!("{number:011}"))
    }
}

/// A pattern with its open places filled by the digits of `filling`.
fn fill(pattern: &str, filling: usize, open: usize) -> String {
    let mut digits = format!("{filling:0open$}").into_bytes().into_iter();
    let padded = pattern.bytes().chain(std::iter::repeat_n(b'_', 11 - pattern.len()));
    padded.map(|b| if b == b'_' { digits.next().unwrap_or(b'0') } else { b }).map(char::from).collect()
}
