//! `pointsman init`: reads the policy and makes the cluster that it describes.

use super::args::InitArgs;
use super::check::policy;
use super::ending::{Ending, Failure};
use super::print;
use crate::init::{InitError, InitSite, addition, birth};
use policies::Policy;
use state::SiteId;

pub fn init(args: &InitArgs) -> Result<Ending, Failure> {
    let (policy, text) = policy(&args.policy)?;
    if let Some(site) = &args.add {
        return one_more(args, (&policy, &text), &SiteId::new(site.as_str()));
    }
    let made = birth(&args.dir, &policy.cluster, &sites(&policy), &text).map_err(|error| failure(&error))?;
    let mut out = format!("{}: {} sites made in {}\n", policy.cluster, made.sites.len(), made.dir.display());
    for site in &made.sites {
        out += &format!("  copy {} to its machine, and type the six lines of its INSTALL\n", site.display());
    }
    out += &format!("  keep {} offline: whoever has it can make a site of this cluster\n", made.ca.display());
    print(&out)?;
    Ok(Ending::Done)
}

/// The folder of one site more, with the CA that is there.
fn one_more(args: &InitArgs, (policy, text): (&Policy, &str), site: &SiteId) -> Result<Ending, Failure> {
    let known = sites(policy).into_iter().find(|known| known.site == *site);
    let Some(known) = known else {
        let what = format!("`{}` has no site `{site}`", args.policy.display());
        return Err(Failure::mistyped(what).hint("write it under `sites:` first"));
    };
    let made = addition(&args.dir, &policy.cluster, &known, text).map_err(|error| failure(&error))?;
    print(&format!(
        "{site}: made in {}, with the key {}\n  \
         copy it to its machine, and type the six lines of its INSTALL\n  \
         a new site: add it to the policy of the running cluster, at any one site\n  \
         after `pointsman revoke {site}`: pointsman readmit {site} --key {}\n",
        made.dir.display(),
        made.key,
        made.key
    ))?;
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
        | InitError::Taken(_)
        | InitError::Name(_)
        | InitError::Secret(_)
        | InitError::Twice(_)
        | InitError::NoAuthority { .. }
        | InitError::Strange(_)
        | InitError::Empty => Failure::mistyped(error.to_string()),
        InitError::Certificate { .. } | InitError::Write { .. } => Failure::failed(error),
    }
}
