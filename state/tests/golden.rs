//! Every fact as the bytes that stand on disks: what was written once is read for ever, and nothing new lacks them.

mod examples;

use serde::de::DeserializeOwned;
use state::alone::AloneEntry;
use state::codec;
use state::fact::{Adoption, Closure, Entry, Fact, Home, Mode, Origin, Passed, Says, Was};
use state::handover::{Hindrance, Strength, Urgency};
use state::plan::{At, Ensure, IfFailed, Undo};
use state::run::{Cause, Direction, Word};
use state::{SiteId, Stamp, Starts};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

/// Behind the number of a variant so many zeros are enough for its fields: empty texts, empty lists, naught.
const FIELDS: usize = 64;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The lines of a golden file by their names.
fn known(name: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file(name)).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let line = |line: &str| line.split_once(": ").map(|(name, is)| (name.to_owned(), is.to_owned()));
    lines.map(|text| line(text).unwrap_or_else(|| panic!("{name}: `{text}` is no line"))).collect()
}

/// Compares with what is written; `UPDATE=1` adds what is new. What is there already is never rewritten.
fn check(name: &str, is: &[(String, String)]) {
    let was = known(name);
    let mut wrong = String::new();
    for (what, now) in is {
        match was.get(what) {
            Some(before) if before == now => {}
            Some(before) => {
                wrong += &format!("{what}: is {now}\n{what}: was {before}, and disks have it so\n")
            }
            None if std::env::var_os("UPDATE").is_some() => {
                let text = fs::read_to_string(file(name)).unwrap_or_default();
                fs::write(file(name), format!("{text}{what}: {now}\n"))
                    .expect("a golden file can be written");
            }
            None => wrong += &format!("{what}: has no line in {name}; `UPDATE=1` adds it\n"),
        }
    }
    let names: BTreeSet<&String> = is.iter().map(|(what, _)| what).collect();
    let gone = was.keys().filter(|what| !names.contains(what));
    gone.for_each(|what| wrong += &format!("{what}: has no example any more, and disks may have it\n"));
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("it was written by this test");
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// Every variant of an enum that can be read, in its order: whoever adds one need not tell this test.
fn variants<T: DeserializeOwned>() -> Vec<T> {
    let variant = |n: u8| {
        let mut bytes = vec![n];
        bytes.extend([0; FIELDS]);
        postcard::take_from_bytes(&bytes).map(|(variant, _)| variant).ok()
    };
    (0..u8::MAX).map_while(variant).collect()
}

/// The word that a value's description begins with: the name of its variant.
fn name(of: &impl Debug) -> String {
    format!("{of:?}").chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// The names of an enum's variants that no example has.
fn missing<T: DeserializeOwned + Debug>(examples: &[(&str, T)]) -> Vec<String> {
    let has: BTreeSet<String> = examples.iter().map(|(_, example)| name(example)).collect();
    variants::<T>().iter().map(name).filter(|name| !has.contains(name)).collect()
}

fn entry(fact: Fact) -> Entry {
    let origin = Origin { site: SiteId::new("london"), starts: Starts(3), n: 300 };
    Entry { origin, stamp: Stamp::from_millis(1_795_132_800_000), fact }
}

#[test]
fn every_fact_has_its_bytes_and_they_are_what_they_were() {
    let examples = examples::facts();
    assert_eq!(missing(&examples), Vec::<String>::new(), "these facts have no example");
    let line = |(what, fact): &(&str, Fact)| {
        let bytes = codec::encode(&entry(fact.clone())).unwrap();
        (format!("{} {what}", name(fact)).trim_end().to_owned(), hex(&bytes))
    };
    check("facts.txt", &examples.iter().map(line).collect::<Vec<_>>());
}

#[test]
fn every_line_on_disk_is_read_as_what_it_was() {
    let known = known("facts.txt");
    for (what, fact) in examples::facts() {
        let line = &known[format!("{} {what}", name(&fact)).trim_end()];
        assert_eq!(codec::decode(&bytes(line)).unwrap(), entry(fact), "{what}");
    }
}

#[test]
fn claims_alone_have_their_bytes_too() {
    let examples = examples::alone();
    assert_eq!(missing(&examples), Vec::<String>::new(), "these have no example");
    let line = |(_, line): &(&str, AloneEntry)| (name(line), hex(&line.encode()));
    check("alone.txt", &examples.iter().map(line).collect::<Vec<_>>());
}

/// Each variant's number: one that is put between two others would turn old facts into something else.
fn numbered<T: DeserializeOwned + Debug>(of: &str) -> Vec<(String, String)> {
    let all = variants::<T>();
    assert!(!all.is_empty(), "{of} cannot be read");
    all.iter().enumerate().map(|(n, variant)| (format!("{of} {n}"), name(variant))).collect()
}

#[test]
fn no_variant_takes_the_number_of_another() {
    let mut all = numbered::<Fact>("Fact");
    all.extend(numbered::<AloneEntry>("AloneEntry"));
    all.extend(numbered::<Cause>("Cause"));
    all.extend(numbered::<Adoption>("Adoption"));
    all.extend(numbered::<Hindrance>("Hindrance"));
    all.extend(numbered::<Strength>("Strength"));
    all.extend(numbered::<Urgency>("Urgency"));
    all.extend(numbered::<Says>("Says"));
    all.extend(numbered::<Was>("Was"));
    all.extend(numbered::<Closure>("Closure"));
    all.extend(numbered::<Home>("Home"));
    all.extend(numbered::<Passed>("Passed"));
    all.extend(numbered::<Mode>("Mode"));
    all.extend(numbered::<Word>("Word"));
    all.extend(numbered::<Direction>("Direction"));
    all.extend(numbered::<Ensure>("Ensure"));
    all.extend(numbered::<Undo>("Undo"));
    all.extend(numbered::<At>("At"));
    all.extend(numbered::<IfFailed>("IfFailed"));
    check("variants.txt", &all);
}
