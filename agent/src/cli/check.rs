//! `pointsman check`: what a policy, playbook or site file means, or what is wrong with it.

mod beside;
mod live;
mod schema;

pub use live::live;

use super::args::CheckArgs;
use super::ending::{Ending, Failure};
use super::print;
use crate::node::Shelf;
use crate::site::{SiteFile, SiteFileError};
use playbooks::Playbook;
use policies::Policy;
use state::document::Report;
use std::fs;
use std::path::{Path, PathBuf};

/// Checks every file, also after a fault in an earlier one.
pub fn check(args: &CheckArgs) -> Result<Ending, Failure> {
    if args.schema {
        return schemas(&args.files);
    }
    let mut faulty = 0;
    for file in &args.files {
        match checked(file, args)? {
            Ok(words) => print(&words)?,
            Err(faults) => {
                faulty += 1;
                print(&faults)?;
            }
        }
    }
    match (faulty, args.files.len()) {
        (0, _) => Ok(Ending::Done),
        (_, 1) => Err(Failure::mistyped("the file has faults")),
        (n, all) => Err(Failure::mistyped(format!("{n} of {all} files have faults"))),
    }
}

/// The schema of each file's language; of the policy's, if there is no file.
fn schemas(files: &[PathBuf]) -> Result<Ending, Failure> {
    let kinds = files.iter().map(|file| read(file).map(|text| kind(&text))).collect::<Result<Vec<_>, _>>()?;
    for kind in if kinds.is_empty() { vec![Kind::Policy] } else { kinds } {
        print(&match kind {
            Kind::Policy => schema::schema("a policy of pointsman", &Policy::sketch()),
            Kind::Playbook => schema::schema("a playbook of pointsman", &Playbook::sketch()),
            Kind::Site => schema::schema("a site file of pointsman", &SiteFile::sketch()),
        })?;
    }
    Ok(Ending::Done)
}

/// A policy for a command that cannot go on without one; its faults go to stdout, as `check` prints them.
pub fn policy(file: &Path) -> Result<(Policy, String), Failure> {
    let text = read(file)?;
    let policy = Policy::read(&file.display().to_string(), &text);
    match policy {
        Ok(policy) => Ok((policy, text)),
        Err(report) => {
            print(&report.to_string())?;
            Err(Failure::mistyped("the policy has faults; nothing is made"))
        }
    }
}

/// Words, or faults.
fn checked(file: &Path, args: &CheckArgs) -> Result<Result<String, String>, Failure> {
    let (name, text) = (file.display().to_string(), read(file)?);
    Ok(match kind(&text) {
        Kind::Policy => match Policy::read(&name, &text) {
            Ok(policy) => {
                let against = |site: &SiteFile| beside::probed(&name, &text, (&policy, site));
                let shelf = beside::playbooks(file, &args.files);
                let report = beside(&policy, (&name, &text), &shelf);
                match report.or_else(|| beside::sites(file, &args.files).iter().find_map(against)) {
                    Some(report) => Err(report.to_string()),
                    None if args.table => Ok(policies::check::table(&policy)),
                    None => Ok(policies::check::words(&policy)),
                }
            }
            Err(report) => Err(report.to_string()),
        },
        Kind::Playbook => match Playbook::read(&name, &text) {
            Ok(playbook) => {
                let against = |site: &SiteFile| beside::commands(&name, &text, (&playbook, site));
                if let Some(report) = beside::sites(file, &args.files).iter().find_map(against) {
                    return Ok(Err(report.to_string()));
                }
                Ok(format!("ok: {} in {} steps: {}\n", playbook.name, playbook.steps.len(), playbook.about))
            }
            Err(report) => Err(report.to_string()),
        },
        Kind::Site => match SiteFile::load(file) {
            Ok(site) => site_words(&site, args),
            Err(SiteFileError::Fault { report, .. }) => Err(report.to_string()),
            Err(error @ SiteFileError::Read { .. }) => return Err(Failure::failed(&error)),
        },
    })
}

/// What is wrong with a good policy and the playbooks that it names.
fn beside(policy: &Policy, (name, text): (&str, &str), known: &Shelf) -> Option<Report> {
    beside::missing(name, text, known).or_else(|| beside::misfits(name, text, (&policy.levers, known)))
}

/// What a good site file means, and what of it is of no use on this machine.
fn site_words(site: &SiteFile, args: &CheckArgs) -> Result<String, String> {
    let faults = beside::secrets(site);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut words = format!("ok: site {}, listens at {}\n", site.site, site.listen.peers);
    let texts = args.files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let policies: Vec<Policy> = texts
        .filter(|text| kind(text) == Kind::Policy)
        .filter_map(|text| Policy::read("policy", &text).ok())
        .collect();
    let unsayable: String = policies.iter().map(|policy| beside::unsayable(site, policy)).collect();
    if !unsayable.is_empty() {
        return Err(unsayable);
    }
    for lacks in policies.iter().flat_map(|policy| beside::lacking(site, policy)) {
        words +=
            &format!("warning: no secret `{lacks}` here, so {} is never chosen to act there\n", site.site);
    }
    Ok(words)
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Policy,
    Playbook,
    Site,
}

/// The key that only one kind of file has. What has none of them is read as a policy, whose faults say what is missing.
fn kind(text: &str) -> Kind {
    let has =
        |key: &str| text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    match (has("playbook"), has("site"), has("cluster")) {
        (true, _, false) => Kind::Playbook,
        (false, true, false) => Kind::Site,
        _ => Kind::Policy,
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::mistyped(format!("cannot read `{}`: {error}", file.display())))
}
