//! Who is asked to pass on what, and what of it is refused.

use super::*;

const SITES: [&str; 4] = ["london", "manchester", "netherlands", "office"];

fn site(name: &str) -> SiteId {
    SiteId::new(name)
}

fn at(millis: u64) -> Mono {
    Mono::from_boot(Duration::from_millis(millis))
}

fn of(here: &str) -> Relay {
    Relay::new(site(here), Starts(3), SITES.map(site))
}

/// London, which hears all of these, each of them with its word on whom it hears.
fn london(words: &[(&str, &[&str])]) -> Relay {
    let mut relay = of("london");
    for (who, hears) in words {
        relay.heard(&site(who), at(1000));
        let hears: Vec<SiteId> = hears.iter().map(|name| site(name)).collect();
        relay.told(&site(who), &hears, at(1000));
    }
    relay
}

#[track_caller]
fn ways(relay: &Relay, to: &str, expected: &[&str]) {
    let is: Vec<String> = relay.ways(&site(to), at(1100)).iter().map(ToString::to_string).collect();
    assert_eq!(is, expected);
}

#[test]
fn a_whole_link_needs_nobody() {
    let all: &[&str] = &["london", "manchester", "netherlands", "office"];
    let relay = london(&[("manchester", all), ("netherlands", all), ("office", all)]);
    ways(&relay, "office", &[]);
    assert_eq!(relay.detours(at(1100)), BTreeMap::new());
}

#[test]
fn a_silent_site_is_reached_over_one_that_hears_us_and_is_heard_there() {
    // Manchester hears the office, but the office, as it had passed on, does not hear Manchester.
    let mut relay = london(&[("manchester", &["london", "office"]), ("netherlands", &["london", "office"])]);
    relay.told(&site("office"), &[site("netherlands")], at(1000));
    ways(&relay, "office", &["netherlands"]);
}

#[test]
fn a_site_that_does_not_hear_us_is_sent_more_than_what_it_cannot_hear() {
    let all: &[&str] = &["london", "manchester", "netherlands", "office"];
    let relay = london(&[("manchester", all), ("netherlands", all), ("office", &["manchester"])]);
    ways(&relay, "office", &["manchester"]);
    let detours = relay.detours(at(1100));
    assert_eq!(detours, BTreeMap::from([(site("office"), site("manchester"))]));
}

#[test]
fn while_nothing_is_known_everybody_is_asked_who_is_not_known_to_be_deaf() {
    let relay = london(&[("manchester", &["netherlands", "office"]), ("netherlands", &["london", "office"])]);
    // Nobody knows whether the office hears them; Manchester does not hear us.
    ways(&relay, "office", &["netherlands"]);
    let mut relay = of("london");
    relay.heard(&site("manchester"), at(1000));
    relay.told(&site("manchester"), &[site("office")], at(1000));
    relay.told(&site("manchester"), &[site("office"), site("london")], at(1000));
    ways(&relay, "office", &["manchester", "netherlands"]);
}

#[test]
fn nobody_passes_on_what_goes_to_the_dead() {
    let three: &[&str] = &["london", "manchester", "netherlands"];
    let relay = london(&[("manchester", three), ("netherlands", three)]);
    ways(&relay, "office", &[]);
    assert_eq!(of("london").ways(&site("office"), at(0)), Vec::<SiteId>::new());
}

#[test]
fn a_word_is_believed_for_as_long_as_two_pulses_may_be_lost() {
    let all: &[&str] = &["london", "manchester", "office"];
    let mut relay = london(&[("manchester", all)]);
    let silent = at(1000) + BELIEVED;
    relay.heard(&site("manchester"), silent);
    assert_eq!(relay.ways(&site("office"), silent), Vec::<SiteId>::new());
    relay.told(&site("manchester"), &[site("office"), site("london")], silent);
    assert_eq!(relay.ways(&site("office"), silent), [site("manchester"), site("netherlands")]);
}

#[test]
fn the_word_on_whom_we_hear_goes_to_everybody_when_it_changes_and_else_where_it_is_quiet() {
    let mut relay = of("london");
    let quiet = |to: &[&str]| Due { because: Because::Quiet, to: to.iter().map(|name| site(name)).collect() };
    let all = ["manchester", "netherlands", "office"];
    let changed = Due { because: Because::Changed, ..quiet(&all) };
    assert_eq!(relay.due(at(0)), quiet(&all), "nobody was sent anything yet");
    for name in all {
        relay.sent(&site(name), at(0));
    }
    assert_eq!(relay.due(at(299)), quiet(&[]));
    relay.sent(&site("office"), at(200));
    assert_eq!(relay.due(at(300)), quiet(&["manchester", "netherlands"]));
    relay.heard(&site("office"), at(350));
    assert_eq!(relay.due(at(400)), changed, "the office is heard now");
    for name in all {
        relay.sent(&site(name), at(1200));
    }
    assert_eq!(relay.due(at(1249)), quiet(&[]));
    assert_eq!(relay.due(at(1250)), changed, "and is not any more, after {RELAY_AFTER:?}");
}

#[test]
fn strangers_in_a_word_are_dropped() {
    let mut relay = of("london");
    let many: Vec<SiteId> = (0..1000).map(|n| site(&format!("site-{n}"))).collect();
    relay.told(&site("office"), &many, at(0));
    assert!(relay.known[&site("office")].hears.as_ref().unwrap().1.is_empty());
    relay.told(&site("paris"), &many, at(0));
    relay.heard(&site("paris"), at(0));
    assert_eq!(relay.hears(at(0)), Vec::<SiteId>::new());
}

#[test]
fn one_hop_once_and_only_among_ourselves() {
    let mut office = of("office");
    let sealed = office.wrap(&site("london"), b"hello".to_vec());
    let (manchester, london) = (of("manchester"), of("london"));
    assert_eq!(manchester.errand(&sealed, &site("office")), Ok(Errand::PassOn));
    assert_eq!(london.errand(&sealed, &site("manchester")), Ok(Errand::Ours));
    // A second hop, a frame that comes back, and one that did not need to be passed on.
    for (relay, by) in [(&manchester, "netherlands"), (&of("office"), "manchester"), (&london, "office")] {
        assert!(relay.errand(&sealed, &site(by)).is_err(), "{by}");
    }
    let by = site("netherlands");
    let astray = Refused::Astray { by: by.clone(), from: site("office"), to: site("london") };
    assert_eq!(manchester.errand(&sealed, &by), Err(astray));
    // Another receiver, another origin.
    for stranger in ["paris", "manchester"] {
        let to = Sealed { to: site(stranger), ..sealed.clone() };
        assert!(of("netherlands").errand(&to, &site("office")).is_err() == (stranger == "paris"));
        let from = Sealed { from: site("paris"), ..sealed.clone() };
        assert_eq!(london.errand(&from, &by), Err(Refused::Stranger(site("paris"))));
    }
}

#[test]
fn the_same_frame_counts_once_at_the_relay_and_at_its_end() {
    let (mut office, mut manchester, mut london) = (of("office"), of("manchester"), of("london"));
    let sealed = office.wrap(&site("london"), b"hello".to_vec());
    let again = Err(Refused::Again { from: site("office"), n: 1 });
    manchester.forwarded(&sealed);
    assert_eq!(manchester.errand(&sealed, &site("office")), again);
    london.taken(&sealed, &site("manchester"), at(0));
    assert_eq!(london.errand(&sealed, &site("netherlands")), again, "also over another relay");
    let next = office.wrap(&site("london"), b"hello".to_vec());
    assert_eq!(london.errand(&next, &site("manchester")), Ok(Errand::Ours));
    // A life that is over says nothing any more.
    london.taken(&Sealed { starts: Starts(4), ..next.clone() }, &site("manchester"), at(0));
    assert!(london.errand(&office.wrap(&site("london"), Vec::new()), &site("manchester")).is_err());
}

#[test]
fn a_new_disk_begins_to_count_anew_and_only_a_new_one() {
    let (mut manchester, mut london) = (of("manchester"), of("london"));
    let old = of("office").wrap(&site("london"), Vec::new());
    for relay in [&mut manchester, &mut london] {
        relay.borne(&site("office"), Disk(7));
    }
    manchester.forwarded(&old);
    london.taken(&old, &site("manchester"), at(0));
    let new = Sealed { starts: Starts(1), ..old };
    for (relay, by, errand) in
        [(&mut manchester, "office", Errand::PassOn), (&mut london, "netherlands", Errand::Ours)]
    {
        relay.borne(&site("office"), Disk(7));
        assert!(relay.errand(&new, &site(by)).is_err(), "the disk is the same: its lives only count up");
        relay.borne(&site("office"), Disk(8));
        assert_eq!(relay.errand(&new, &site(by)), Ok(errand));
    }
}

#[test]
fn what_was_passed_on_to_us_names_its_relay_until_the_link_speaks_again() {
    let mut london = london(&[("manchester", &["london", "office"]), ("netherlands", &["london", "office"])]);
    let sealed = of("office").wrap(&site("london"), Vec::new());
    london.taken(&sealed, &site("netherlands"), at(1000));
    assert_eq!(london.detours(at(1100)), BTreeMap::from([(site("office"), site("netherlands"))]));
    london.heard(&site("office"), at(1100));
    assert_eq!(london.detours(at(1100)), BTreeMap::new());
}
