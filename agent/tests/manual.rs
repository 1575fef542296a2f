//! The man page of pointsman and its `--help` speak of the same commands and flags.

/// How a page and a program are read and compared; the lab's test shares it.
mod manual {
    pub mod figures;
    pub mod language;
    pub mod page;
}

use manual::language::{self, Reader};
use std::path::Path;

#[test]
fn pointsman_and_its_page_agree() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man/pointsman.8");
    manual::page::agree(env!("CARGO_BIN_EXE_pointsman"), &page);
}

fn in_man(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../man").join(name)
}

#[test]
fn every_key_of_a_policy_has_its_place_in_the_page() {
    let read: Reader = |text| policies::Policy::read("it", text).err().map(|report| report.to_string());
    language::agree(&in_man("policy.5"), ("cluster:", read), &[]);
}

#[test]
fn every_key_of_a_playbook_has_its_place_in_the_page() {
    let read: Reader = |text| playbooks::Playbook::read("it", text).err().map(|report| report.to_string());
    let shipped: Vec<&str> = playbooks::shipped().iter().map(|(_, text)| *text).collect();
    language::agree(&in_man("playbook.5"), ("playbook:", read), &shipped);
}

#[test]
fn every_key_of_a_site_file_has_its_place_in_the_page() {
    let read: Reader = |text| {
        let file = agent::site::SiteFile::parse("it", text, Path::new("/etc/pointsman"));
        file.err().map(|report| report.to_string())
    };
    language::agree(&in_man("pointsman.conf.5"), ("site:", read), &[]);
}

/// The tables of limits are those of the code, line by line; `UPDATE=1` redraws them.
#[test]
fn every_limit_of_the_code_is_in_a_page() {
    manual::figures::agree(&in_man("policy.5"), "policies/src/limits.rs");
    manual::figures::agree(&in_man("playbook.5"), "playbooks/src/limits.rs");
}
