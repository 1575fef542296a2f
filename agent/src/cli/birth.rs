//! `pointsman init`: reads the policy and makes the cluster that it describes.

use super::args::InitArgs;
use super::check::policy;
use super::ending::{Ending, Failure};
use super::print;
use crate::init::{InitError, InitSite, birth};
use policies::Policy;

pub fn init(args: &InitArgs) -> Result<Ending, Failure> {
    let (policy, text) = policy(&args.policy)?;
    let made = birth(&args.dir, &policy.cluster, &sites(&policy), &text).map_err(|error| failure(&error))?;
    let mut out = format!("{}: {} sites made in {}\n", policy.cluster, made.sites.len(), made.dir.display());
    for site in &made.sites {
        out += &format!("  copy {} to its machine, and type the six lines of its INSTALL\n", site.display());
    }
    out += &format!("  keep {} offline: whoever has it can make a site of this cluster\n", made.ca.display());
    print(&out)?;
    Ok(Ending::Done)
}

/// Every site may be the executor, so every site gets a place for every carrier's secret; a witness that shall hold
/// none is left without the file.
fn sites(policy: &Policy) -> Vec<InitSite> {
    let secrets: Vec<String> = policy.carriers.iter().map(|carrier| carrier.id.to_string()).collect();
    let site = |site: &policies::policy::Site| InitSite {
        site: site.id.clone(),
        peers: site.address,
        secrets: secrets.clone(),
    };
    policy.sites.iter().map(site).collect()
}

fn failure(error: &InitError) -> Failure {
    match error {
        InitError::NotEmpty(_)
        | InitError::Name(_)
        | InitError::Secret(_)
        | InitError::Twice(_)
        | InitError::Empty => Failure::mistyped(error.to_string()),
        InitError::Certificate { .. } | InitError::Write { .. } => Failure::failed(error),
    }
}
