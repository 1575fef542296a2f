//! A site that was away for so long that the others cut their logs: a snapshot, and the journal mended behind it.

use super::super::town::Town;
use super::{Detail, SECOND};
use agent::command::Command;
use agent::event::{Asker, Event};
use agent::quorum::Keep;
use state::fact::Mode;
use state::{Index, Who};

const OFFICE: usize = 2;
/// Less than an agent keeps, so that a short absence is a long one.
const KEEP: Keep = Keep { entries: 200, worth: 50 };

/// Orders of a person, hundreds in a second, until the logs are longer than what is kept for a site that is away.
fn orders(town: &mut Town, many: usize) {
    for n in 0..many {
        let mode = if n % 2 == 0 { Mode::Advise } else { Mode::Auto };
        let asker = Asker { id: n as u64, who: Who::new("matthew") };
        let command = Command::Mode { route: None, mode };
        town.event(0, Event::Asked { asker, command }).unwrap();
        // Ten at once: what is agreed in one batch costs one.
        if n % 10 == 9 {
            town.run(town.now + 50_000).unwrap();
        }
    }
}

#[test]
fn a_journal_behind_a_snapshot_is_fetched_and_replays_to_the_same_view() {
    let mut town = Town::new(7, Vec::new(), Detail::Quiet);
    assert_eq!(town.sites[OFFICE].id.as_str(), "office");
    town.run(30 * SECOND).unwrap();
    let away = town.sites[OFFICE].disk().last();
    town.die(OFFICE, 100_000 * SECOND).unwrap();
    orders(&mut town, KEEP.entries + 2 * KEEP.worth);
    for site in (0..4).filter(|site| *site != OFFICE) {
        town.sites[site].turn.as_mut().expect("it runs").compact(KEEP);
    }
    town.run(town.now + 2 * SECOND).unwrap();
    town.start(OFFICE).unwrap();
    town.run(town.now + 10 * SECOND).unwrap();
    let restored = town.sites[OFFICE].disk().gaps.first().copied().expect("it came by a snapshot");
    assert!(restored.0 > Index(away.0 + 50));
    town.run(town.now + 60 * SECOND).unwrap();

    let cluster = "town";
    assert_eq!(town.sites[OFFICE].disk().missing(cluster), None);
    let journal = |town: &mut Town, site: usize| town.sites[site].disk().journal.clone();
    assert_eq!(journal(&mut town, OFFICE), journal(&mut town, 0), "fact for fact");
    let replayed = town.sites[OFFICE].disk().replay(cluster);
    assert_eq!(Some(&replayed), town.sites[OFFICE].view(), "from the birth, without the snapshot");
    town.heal().unwrap();
}
