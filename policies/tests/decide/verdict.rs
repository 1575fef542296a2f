//! Random ballots: the verdict against a second, deliberately dumb reading of its rule.

use crate::world::{World, site, span};
use policies::judge::SiteVotes;
use policies::tally::Verdict;
use state::Subject;
use state::fact::Says;
use std::time::Duration;

/// One xorshift step: enough to vary ballots, and the same everywhere for one seed.
fn roll(seed: &mut u64, below: u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed % below
}

/// `None`: no ballot. `Some(None)`: up. `Some(Some(dark))`: down.
type Said = (u32, Option<Option<Duration>>);

fn dumb(said: &[Said], blip: Duration) -> Verdict {
    let (mut all, mut down, mut downs, mut up, mut ups) = (0, 0, 0, 0, 0);
    for (votes, says) in said.iter().filter(|(votes, _)| *votes > 0) {
        all += votes;
        match says {
            Some(Some(dark)) if *dark >= blip => (down, downs) = (down + votes, downs + 1),
            Some(None) => (up, ups) = (up + votes, ups + 1),
            Some(Some(_)) | None => {}
        }
    }
    if down > all / 2 && downs >= 2 {
        return if ups >= 2 { Verdict::Disputed } else { Verdict::Down };
    }
    if up > all / 2 && ups >= 2 { Verdict::Up } else { Verdict::Pending }
}

#[test]
fn verdict_agrees_with_a_dumb_reading_of_its_rule() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    println!("seed {seed:#x}");
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let about = Subject::pbx(&site("a"));
    let mut met = std::collections::BTreeSet::new();
    for round in 0..20_000 {
        let mut world = World::new();
        let count = 1 + roll(&mut seed, 7) as usize;
        let mut said: Vec<Said> = Vec::new();
        world.judge.sites.clear();
        for name in &names[..count] {
            let votes = roll(&mut seed, 3) as u8;
            world.judge.sites.push(SiteVotes { site: site(name), votes });
            let says = match roll(&mut seed, 6) {
                0 => None,
                1 | 2 => Some(None),
                _ => Some(Some(Duration::from_millis(2_000 + roll(&mut seed, 5) * 500))),
            };
            let cast = says.map(|dark| dark.map_or(Says::Up, |dark| Says::Down { dark }));
            world.ballot(name, &about, cast);
            let silenced = roll(&mut seed, 8) == 0;
            if silenced {
                world.silent(name);
            }
            said.push((u32::from(votes), says.filter(|_| !silenced)));
        }
        let verdict = world.case().verdict(&about);
        assert_eq!(verdict, dumb(&said, span("3s")), "round {round}: {said:?}");
        met.insert(format!("{verdict:?}"));
    }
    assert_eq!(met.len(), 4, "some verdict never came about: {met:?}");
}
