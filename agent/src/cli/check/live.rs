//! `check --live`: lists what this site leans on, as its agent sees it, or this program while no agent runs.

use super::policy;
use crate::act::{Config, Hands};
use crate::causes::with_causes;
use crate::cli::args::CheckArgs;
use crate::cli::ending::{Ending, Failure, unhoped};
use crate::cli::print;
use crate::cli::screens::{json, live as screen};
use crate::command::{Answer, Command, SurveyReport};
use crate::control::client::{Client, ClientError};
use crate::event::{Effect, Event, Survey};
use crate::links::{Config as LinksConfig, Identity, Other, Trust};
use crate::live::asks::Asks;
use crate::live::{Health, Kind, Sight, peers};
use crate::site::{SiteFile, SiteFileError};
use crate::start::shelf_of;
use policies::Policy;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Where a site file lies, unless another one is named.
const SITE_FILE: &str = "/etc/pointsman/site.yaml";
/// How often an agent is asked whether it is done.
const AGAIN: Duration = Duration::from_millis(300);

/// Looks, and lists: faults are the answer no, warnings are not.
pub async fn live(args: &CheckArgs) -> Result<Ending, Failure> {
    let file = match args.files.as_slice() {
        [] => PathBuf::from(SITE_FILE),
        [one] => one.clone(),
        _ => {
            return Err(Failure::mistyped("`--live` looks at one site")
                .hint(format!("`pointsman check --live {SITE_FILE}`")));
        }
    };
    let site = site_file(&file)?;
    let (by, sights) = match Client::connect(&site.control).await {
        Ok(client) => ("its agent", asked(client, &site).await?),
        Err(ClientError::NoAgent { .. }) => ("this command: no agent runs here", alone(&site).await?),
        Err(error) => return Err(error.into()),
    };
    print(&match args.json {
        true => sights.iter().map(json::object).collect(),
        false => screen::screen((site.site.as_str(), by), &sights, &file),
    })?;
    let faulty = sights.iter().any(|sight| sight.is == Health::Fault);
    Ok(if faulty { Ending::No } else { Ending::Done })
}

fn site_file(file: &Path) -> Result<SiteFile, Failure> {
    match SiteFile::load(file) {
        Ok(site) => Ok(site),
        Err(SiteFileError::Fault { report, .. }) => {
            print(&report.to_string())?;
            Err(Failure::mistyped("the site file has faults")
                .hint("`--live` looks at the machine of a site file"))
        }
        Err(error @ SiteFileError::Read { .. }) => Err(Failure::mistyped(with_causes(&error))
            .hint("`pointsman check --live FILE` names another site file")),
    }
}

/// What the agent that runs here finds. It looks with its own hands, when the carriers' patience allows.
async fn asked(mut client: Client, site: &SiteFile) -> Result<Vec<Sight>, Failure> {
    let mut awaited = None;
    loop {
        let answer = client.ask(Command::Survey { awaited }).await?;
        let Answer::Survey(report) = answer else { return Err(unhoped(answer)) };
        let SurveyReport { here, n, sights, .. } = *report;
        if here != site.site {
            let what = format!(
                "the agent at `{}` is of {here}, and this file of {}",
                site.control.display(),
                site.site
            );
            return Err(Failure::mistyped(what).hint("name that site's file"));
        }
        if let Some(sights) = sights {
            return Ok(sights);
        }
        awaited = Some(n);
        sleep(AGAIN).await;
    }
}

/// The same without an agent: the same hands, and the links that it would have.
async fn alone(site: &SiteFile) -> Result<Vec<Sight>, Failure> {
    let (policy, _) = policy(&site.policy)?;
    let bind = Some(site.listen.peers.ip()).filter(|ip: &IpAddr| !ip.is_unspecified());
    let (events, mut inbox) = mpsc::channel(64);
    let mut hands = Hands::new(Config {
        bind,
        secrets: site.secrets.clone(),
        // Where a carrier is resolved to is the agent's to remember: what is asked here is asked now.
        addresses: site.state.join("not-there"),
        commands: site.commands.clone(),
        authorities: site.authorities.clone(),
        site: Some(Arc::new(site.clone())),
        carriers: Vec::new(),
        events,
    });
    hands.act(Effect::Reach(policy.carriers.clone()));
    let shelf = shelf_of(&site.playbooks).unwrap_or_default();
    let asks = Asks::of(&policy, &site.site).with_playbooks(&shelf, &site.site);
    let cluster = policy.cluster.clone();
    hands.act(Effect::Survey(Survey { n: 1, cluster, asks, not_before: BTreeMap::new() }));
    let surveyed = async {
        while let Some(event) = inbox.recv().await {
            if let Event::Surveyed { sights, .. } = event {
                return sights;
            }
        }
        Vec::new()
    };
    let (mut sights, others) = tokio::join!(surveyed, met(site, &policy, bind));
    sights.extend(others);
    Ok(sights)
}

/// The peers, with the links that an agent would have here.
async fn met(site: &SiteFile, policy: &Policy, bind: Option<IpAddr>) -> Vec<Sight> {
    let Ok(identity) = Identity::load(&site.bundle) else {
        return vec![Sight::fault(Kind::Peer, "all of them", "cannot be asked without a bundle")];
    };
    let others = policy.sites.iter().filter(|other| other.id != site.site);
    let config = LinksConfig {
        own: site.site.clone(),
        cluster: policy.cluster.clone(),
        listen: site.listen.peers,
        bind,
        peers: others.map(known).collect(),
        identity,
    };
    peers::meet(config).await
}

/// A site of the policy; this command has no journal that could say whose bundle is revoked.
fn known(site: &policies::policy::Site) -> Other {
    Other { site: site.id.clone(), address: site.address, trust: Trust::Any }
}
