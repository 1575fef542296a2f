//! The faults of a run as plain data, drawn from the seed before it begins: a failure is shrunk by deleting some.

use super::carrier::{Conduct, MISCONDUCT};
use super::dice::Dice;
use super::disk::Fuse;

/// How many sites there are.
pub const SITES: u64 = 4;

/// One fault, and when it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In milliseconds of true time.
    pub at: u64,
    /// What it is.
    pub what: What,
}

/// What can go wrong, and what people do. Durations are in milliseconds, sites are numbered as in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The sites whose bit is set hear nothing of the others, nor the others of them.
    Partition { side: u8, lasts: u64 },
    /// Nothing gets from one site to another; the way back is open.
    OneWay { from: usize, to: usize, lasts: u64 },
    /// A site does not reach the carrier.
    NoCarrier { site: usize, lasts: u64 },
    /// On every link so many in a hundred are lost and doubled, and all are slow and overtake each other.
    Weather { lost: u64, doubled: u64, lasts: u64 },
    /// An agent dies, at once or at one of its next writes, and is started again.
    Crash { site: usize, down: u64, fuse: Option<Fuse> },
    /// A process is stopped; its machine's clock goes on.
    Freeze { site: usize, lasts: u64 },
    /// A machine is stopped, and its clock with it.
    Pause { site: usize, lasts: u64 },
    /// A PBX is dead.
    Pbx { site: usize, lasts: u64 },
    /// A PBX is two seconds dead and two seconds alive, so many times.
    Flap { site: usize, times: u64 },
    /// The carrier misbehaves.
    Carrier { conduct: Conduct, lasts: u64 },
    /// A person points a number somewhere at the carrier's portal: at a site, or at a stranger's place.
    Edit { number: usize, to: Option<usize> },
    /// A person orders something at a site.
    Order { site: usize, order: Order },
    /// A wall clock jumps.
    Wall { site: usize, by: i64 },
}

/// What people order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A hold, in milliseconds.
    Hold { lasts: u64 },
    /// Manual.
    Manual,
    /// Auto, and what was latched or held is resumed.
    Auto,
    /// A site shall have the route.
    Claim { to: usize },
    /// The newest incident is acknowledged.
    Ack,
}

/// The faults of a seed for so long, in order of time.
pub fn draw(seed: u64, millis: u64) -> Vec<Fault> {
    let mut dice = Dice::new(seed, "faults");
    // Some runs are a slow drip, some a storm: what goes wrong together is what nobody thought of.
    let pause = *dice.pick(&[8_000, 25_000, 60_000]);
    let mut at = 20_000;
    let mut faults = Vec::new();
    loop {
        at += dice.within(500, pause * 2);
        if at >= millis {
            return faults;
        }
        faults.push(Fault { at, what: what(&mut dice) });
        // Whoever forbade automation lets it act again after a while, else the rest of the run would be idle.
        if dice.happens(15) {
            let order = What::Order { site: site(&mut dice), order: Order::Auto };
            faults.push(Fault { at, what: order });
        }
    }
}

fn site(dice: &mut Dice) -> usize {
    usize::try_from(dice.within(0, SITES - 1)).expect("there are four")
}

fn what(dice: &mut Dice) -> What {
    match dice.within(0, 99) {
        0..12 => {
            let side = u8::try_from(dice.within(1, 14)).expect("it is less than 15");
            What::Partition { side, lasts: *dice.pick(&[2_000, 15_000, 43_000, 120_000]) }
        }
        12..19 => {
            let (from, to) = (site(dice), site(dice));
            What::OneWay { from, to, lasts: dice.within(1_000, 60_000) }
        }
        19..24 => What::NoCarrier { site: site(dice), lasts: dice.within(1_000, 90_000) },
        24..30 => {
            let (lost, doubled) = (dice.within(0, 40), dice.within(0, 30));
            What::Weather { lost, doubled, lasts: dice.within(5_000, 60_000) }
        }
        30..44 => crash(dice),
        44..49 => What::Freeze { site: site(dice), lasts: dice.within(500, 60_000) },
        49..52 => What::Pause { site: site(dice), lasts: dice.within(500, 30_000) },
        52..67 => {
            // The first choice has the numbers most of the time.
            let site = if dice.happens(60) { usize::from(dice.happens(30)) } else { site(dice) };
            What::Pbx { site, lasts: dice.within(5_000, 600_000) }
        }
        67..70 => What::Flap { site: site(dice), times: dice.within(2, 20) },
        70..83 => What::Carrier { conduct: *dice.pick(&MISCONDUCT), lasts: dice.within(5_000, 120_000) },
        83..87 => edit(dice),
        87..97 => What::Order { site: site(dice), order: order(dice) },
        _ => {
            let by = i64::try_from(dice.within(0, 7_200_000)).expect("it is small") - 3_600_000;
            What::Wall { site: site(dice), by }
        }
    }
}

fn crash(dice: &mut Dice) -> What {
    let writes = u32::try_from(dice.within(0, 12)).expect("it is small");
    let fuse = match dice.within(0, 2) {
        0 => None,
        1 => Some(Fuse::Before(writes)),
        _ => Some(Fuse::After(writes)),
    };
    What::Crash { site: site(dice), down: dice.within(200, 30_000), fuse }
}

fn edit(dice: &mut Dice) -> What {
    let to = if dice.happens(70) { Some(site(dice)) } else { None };
    What::Edit { number: usize::from(dice.happens(50)), to }
}

fn order(dice: &mut Dice) -> Order {
    match dice.within(0, 9) {
        0..2 => Order::Hold { lasts: dice.within(1_000, 300_000) },
        2..3 => Order::Manual,
        3..6 => Order::Auto,
        6..9 => Order::Claim { to: site(dice) },
        _ => Order::Ack,
    }
}
