//! Which faults a seed draws, before its run begins: the same seed draws the same ones.

use super::carrier::MISCONDUCT;
use super::desk::{Change, Machine};
use super::dice::Dice;
use super::disk::Fuse;
use super::schedule::{Deed, Fault, Order, SITES, What, When, Whom};
use super::thief::Booty;

/// Before this nobody's disk is lost: its name must have been agreed, and not every agent was started yet.
const NAMED: u64 = 130_000;

/// The faults of a seed for so long, in order of time.
pub fn draw(seed: u64, millis: u64) -> Vec<Fault> {
    let mut dice = Dice::new(seed, "faults");
    // Some runs are a slow drip, some a storm: what goes wrong together is what nobody thought of.
    let pause = *dice.pick(&[8_000, 25_000, 60_000]);
    // In some runs the route moves all the time, and somebody lies in wait for it.
    let restless = dice.happens(35);
    let mut at = 20_000;
    let mut faults = Vec::new();
    loop {
        at += dice.within(500, pause * 2);
        if at >= millis {
            faults.extend(losses(&mut Dice::new(seed, "disks"), millis));
            let seats = seats(&mut Dice::new(seed, "seats"), millis);
            // A revocation changes the votes by itself.
            if seats.is_empty() {
                faults.extend(thefts(&mut Dice::new(seed, "thefts"), millis));
            }
            faults.extend(seats);
            faults.sort_by_key(|fault: &Fault| fault.at);
            return faults;
        }
        if dice.happens(12) {
            faults
                .extend(together(&mut dice).into_iter().map(|(after, what)| Fault { at: at + after, what }));
            continue;
        }
        let what = if restless && dice.happens(60) { move_or_wait(&mut dice) } else { what(&mut dice) };
        faults.push(Fault { at, what });
        // What a number can suffer from two writers needs two misfortunes at once.
        if matches!(what, What::Ambush { .. }) && dice.happens(60) {
            faults.push(Fault { at, what: What::Ambush { when: When::Writing, deed: Deed::Strand } });
        }
        // Whoever forbade automation lets it act again after a while, else the rest of the run would be idle.
        if dice.happens(if restless { 40 } else { 15 }) {
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
        24..27 => {
            let (lost, doubled) = (dice.within(0, 40), dice.within(0, 30));
            What::Weather { lost, doubled, lasts: dice.within(5_000, 60_000) }
        }
        27..30 => {
            let (from, to) = (site(dice), site(dice));
            let (lost, doubled) = (dice.within(0, 90), dice.within(0, 90));
            What::Rough { from, to, lost, doubled, lasts: dice.within(5_000, 60_000) }
        }
        30..38 => crash(dice),
        38..42 => What::Freeze { site: site(dice), lasts: dice.within(500, 60_000) },
        42..45 => What::Pause { site: site(dice), lasts: dice.within(500, 30_000) },
        45..46 => What::Dropped { site: site(dice), count: dice.within(1, 10) },
        46..47 => What::Garble { from: site(dice), to: site(dice), count: dice.within(1, 10) },
        47..48 => What::Blind { site: site(dice), lasts: dice.within(1_000, 60_000) },
        48..60 => {
            // The first choice has the numbers most of the time.
            let site = if dice.happens(60) { usize::from(dice.happens(30)) } else { site(dice) };
            What::Pbx { site, lasts: dice.within(5_000, 600_000) }
        }
        60..62 => What::Drain { site: site(dice), lasts: dice.within(1_000, 120_000) },
        62..64 => What::Flap { site: site(dice), times: dice.within(2, 20) },
        64..72 => ambush(dice),
        72..74 => front_end(dice),
        74..83 => What::Carrier { conduct: *dice.pick(&MISCONDUCT), lasts: dice.within(5_000, 120_000) },
        83..87 if dice.happens(50) => What::Save { site: site(dice), change: change(dice) },
        83..87 => edit(dice),
        87..97 => What::Order { site: site(dice), order: order(dice) },
        _ => {
            let by = i64::try_from(dice.within(0, 7_200_000)).expect("it is small") - 3_600_000;
            What::Wall { site: site(dice), by }
        }
    }
}

/// What nobody has thought of because it takes several misfortunes at once, each so long after the first.
fn together(dice: &mut Dice) -> Vec<(u64, What)> {
    let ambush = |when, deed| (0, What::Ambush { when, deed });
    let stranded = ambush(When::Writing, Deed::Strand);
    let dies = (0, What::Pbx { site: usize::from(dice.happens(40)), lasts: dice.within(20_000, 90_000) });
    let lasts = dice.within(2_500, 15_000);
    match dice.within(0, 9) {
        // The write is still on its way when everybody else takes its sender for lost.
        0 => {
            let whom = Whom::Executor;
            vec![ambush(When::Writing, Deed::Isolate { whom, lasts }), stranded, dies]
        }
        // The same, and it is the leader who knows of it.
        1 => {
            let when = *dice.pick(&[When::Going, When::Writing]);
            vec![ambush(when, Deed::Isolate { whom: Whom::Leader, lasts }), stranded, dies]
        }
        // Or its sender is gone for good, or a person wants something else just then.
        2 => vec![
            ambush(When::Writing, Deed::Fuse { whom: Whom::Executor, fuse: fuse(dice, 1) }),
            stranded,
            dies,
        ],
        3 => {
            let order = Order::Claim { to: site(dice) };
            vec![stranded, ambush(When::Writing, Deed::Order { order }), dies]
        }
        // The leader is back at once, with its log and without its memory.
        4 => {
            let deed = Deed::Crash { whom: Whom::Leader, down: dice.within(100, 800) };
            vec![ambush(*dice.pick(&[When::Writing, When::Answering]), deed), stranded, dies]
        }
        // What a person orders is said to two leaders.
        5 => {
            let order = What::Order { site: site(dice), order: order(dice) };
            let deed = Deed::Isolate { whom: Whom::Leader, lasts };
            vec![(0, order), (dice.within(1, 60), What::Now { deed })]
        }
        6 => each_alone(dice),
        // A person has pointed a number elsewhere, and nobody has read it yet.
        7 => vec![(0, edit(dice)), (dice.within(1_000, 8_000), dies.1)],
        // No exchange is left, for a moment or for long.
        _ => {
            let lasts = *dice.pick(&[10_000, 40_000, 120_000]);
            (0..4).map(|site| (dice.within(0, 3_000), What::Pbx { site, lasts })).collect()
        }
    }
}

/// Two persons at two sites that are cut off, from each other too, act alone; what is left of the sites may as well.
fn each_alone(dice: &mut Dice) -> Vec<(u64, What)> {
    let (one, lasts) = (site(dice), dice.within(15_000, 60_000));
    let other = (one + usize::try_from(dice.within(1, SITES - 1)).expect("there are four")) % 4;
    let cut = |site: usize| (0, What::Partition { side: 1 << site, lasts });
    let mut act = |at: usize| {
        (dice.within(500, 12_000), What::Order { site: at, order: Order::Alone { to: site(dice) } })
    };
    vec![cut(one), cut(other), act(one), act(other)]
}

fn front_end(dice: &mut Dice) -> What {
    What::FrontEnd { site: site(dice), lag: dice.within(200, 2_500), lasts: dice.within(10_000, 120_000) }
}

fn crash(dice: &mut Dice) -> What {
    let fuse = if dice.happens(33) { None } else { Some(fuse(dice, 12)) };
    What::Crash { site: site(dice), down: dice.within(200, 30_000), fuse }
}

/// Disks that are lost or brought back from an image, and people who try to let their sites back in, here and there.
fn losses(dice: &mut Dice, millis: u64) -> Vec<Fault> {
    let mut faults = Vec::new();
    if millis <= NAMED || dice.happens(50) {
        return faults;
    }
    for _ in 0..dice.within(1, 1 + millis / 120_000) {
        let (which, down, at) = (site(dice), dice.within(200, 30_000), dice.within(NAMED, millis - 1));
        let mut lost = |at, what| faults.push(Fault { at, what });
        if dice.happens(50) {
            let replaced = dice.happens(40);
            let loss =
                if replaced { What::Replace { site: which, down } } else { What::Wipe { site: which, down } };
            lost(at, loss);
        } else if dice.happens(40) {
            let other = (which + usize::from(dice.happens(50)) + 1) % 4;
            lost(at, What::WipeBoth { one: which, other, down });
            let order = Order::Readmit { which: other };
            lost(at + down + dice.within(0, 90_000), What::Order { site: site(dice), order });
        } else {
            // An old image, or a log that is torn a little before its end.
            let age = if dice.happens(50) { dice.within(100, 15_000) } else { dice.within(15_000, 120_000) };
            let writes = u32::try_from(dice.within(0, 6)).expect("it is small");
            lost(at - age, What::Image { site: which, writes });
            lost(at, What::Restore { site: which, down });
        }
        for _ in 0..3 {
            let order = Order::Readmit { which };
            lost(at + down + dice.within(0, 90_000), What::Order { site: site(dice), order });
        }
    }
    faults.retain(|fault| fault.at < millis);
    faults
}

/// A bundle that is stolen, and people who revoke it and let its site in with the next one, here and there.
fn thefts(dice: &mut Dice, millis: u64) -> Vec<Fault> {
    let mut faults = Vec::new();
    if millis <= NAMED || dice.happens(60) {
        return faults;
    }
    let (which, at) = (site(dice), dice.within(NAMED, millis - 1));
    let booty = if dice.happens(50) { Booty::Machine } else { Booty::Copy };
    faults.push(Fault { at, what: What::Steal { site: which, booty } });
    let mut later = at;
    for order in
        [Order::Revoke { which }, Order::Revoke { which }, Order::Trust { which }, Order::Trust { which }]
    {
        later += dice.within(2_000, 25_000);
        faults.push(Fault { at: later, what: What::Order { site: site(dice), order } });
    }
    faults.retain(|fault| fault.at < millis);
    faults
}

/// Sites and votes that people change, and what befalls whoever leads while two majorities count.
fn seats(dice: &mut Dice, millis: u64) -> Vec<Fault> {
    const SOON: u64 = 25_000;
    let mut faults = Vec::new();
    if millis < 4 * SOON || dice.happens(60) {
        return faults;
    }
    let mut at = dice.within(SOON, millis / 2);
    for _ in 0..dice.within(1, 3) {
        let mut save = |at, site, change| faults.push(Fault { at, what: What::Save { site, change } });
        let machine = if dice.happens(50) { Machine::New } else { Machine::Old };
        let (desk, other) = (site(dice), site(dice));
        match dice.within(0, 2) {
            0 => save(at, desk, Change::Come { site: 4, machine }),
            1 => save(at, desk, Change::Votes { from: site(dice), to: site(dice) }),
            _ => {
                let which = *dice.pick(&[1, 2, 3]);
                let back = at + dice.within(10_000, 80_000);
                save(at, desk, Change::Leave { site: which });
                save(back, other, Change::Come { site: which, machine });
                save(back + 5_000, desk, Change::Come { site: which, machine });
            }
        }
        if dice.happens(60) {
            let whom = if dice.happens(50) { Whom::Leader } else { Whom::Executor };
            let what = What::Ambush { when: When::Reseating, deed: deed(dice, whom) };
            faults.push(Fault { at, what });
        }
        at += dice.within(10_000, 60_000);
    }
    faults.retain(|fault| fault.at < millis);
    faults
}

fn fuse(dice: &mut Dice, most: u64) -> Fuse {
    let writes = u32::try_from(dice.within(0, most)).expect("it is small");
    if dice.happens(50) { Fuse::Before(writes) } else { Fuse::After(writes) }
}

fn move_or_wait(dice: &mut Dice) -> What {
    if dice.happens(60) {
        return ambush(dice);
    }
    What::Pbx { site: usize::from(dice.happens(40)), lasts: dice.within(10_000, 90_000) }
}

fn ambush(dice: &mut Dice) -> What {
    let moments = [When::Deciding, When::Asking, When::Going, When::Writing, When::Answering];
    let when = *dice.pick(&moments);
    let whom = if dice.happens(50) { Whom::Leader } else { Whom::Executor };
    // Between decision and agreement it is mostly a person who is quicker.
    if matches!(when, When::Deciding | When::Asking) && dice.happens(60) {
        let (hold, claim) =
            (Order::Hold { lasts: dice.within(1_000, 120_000) }, Order::Claim { to: site(dice) });
        let order = *dice.pick(&[hold, Order::Manual, claim]);
        return What::Ambush { when, deed: Deed::Order { order } };
    }
    What::Ambush { when, deed: deed(dice, whom) }
}

fn deed(dice: &mut Dice, whom: Whom) -> Deed {
    match dice.within(0, 9) {
        0 => Deed::Crash { whom, down: dice.within(200, 30_000) },
        1 => Deed::Fuse { whom, fuse: fuse(dice, 3) },
        2..4 => Deed::Mute { whom, but: site(dice), lasts: dice.within(500, 20_000) },
        4 => Deed::Isolate { whom, lasts: dice.within(1_000, 20_000) },
        5 => Deed::Freeze { whom, lasts: dice.within(200, 60_000) },
        6 => Deed::Pause { whom, lasts: dice.within(200, 30_000) },
        7 => Deed::Edit { number: usize::from(dice.happens(50)), to: Some(site(dice)) },
        _ => Deed::Order { order: order(dice) },
    }
}

fn edit(dice: &mut Dice) -> What {
    let to = if dice.happens(70) { Some(site(dice)) } else { None };
    What::Edit { number: usize::from(dice.happens(50)), to }
}

fn change(dice: &mut Dice) -> Change {
    match dice.within(0, 9) {
        0..3 => Change::Budget(dice.within(2, 100)),
        3..6 => Change::Prefer(site(dice)),
        6..9 => Change::Remark(dice.within(0, 1_000_000)),
        _ => Change::Fault,
    }
}

fn order(dice: &mut Dice) -> Order {
    match dice.within(0, 9) {
        0..2 => Order::Hold { lasts: dice.within(1_000, 300_000) },
        2..3 => Order::Manual,
        3..6 => Order::Auto,
        6..7 => Order::Alone { to: site(dice) },
        7..9 => Order::Claim { to: site(dice) },
        _ => Order::Ack,
    }
}
