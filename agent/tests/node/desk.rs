//! The part of the stories' language that is about policy files: who saves what where, and what the files then hold.

use super::levers;
use super::share::bundle;
use super::world::Cluster;
use agent::command::{Answer, Command};
use state::{Fingerprint, Imprint, SiteId};

/// What people do to files; the other deeds are told elsewhere.
pub fn act(cluster: &mut Cluster, words: &[&str]) {
    match words {
        ["save", name, change @ ..] => {
            let change = change.join(" ");
            let (old, new) = change.split_once(" => ").expect("a change is `old => new`");
            cluster.save(&SiteId::new(*name), |file| {
                let before = file.unwrap_or_default();
                assert!(before.contains(old), "{old} is not in {before}");
                Some(before.replace(old, &new.replace("\\n ", "\n    ")))
            });
        }
        ["votes", of, count, "at", name] => {
            cluster.save(&SiteId::new(*name), |file| Some(votes(&file.unwrap_or_default(), of, count)));
        }
        ["revoke", of, "at", name] => {
            cluster.order(&SiteId::new(*name), Command::Revoke { site: SiteId::new(*of) });
        }
        ["trust", of, number, "at", name] => {
            let number = number.parse().expect("the story is well formed");
            let key = Some(Fingerprint::of(&bundle(&SiteId::new(*of), number)));
            cluster.order(&SiteId::new(*name), Command::Readmit { site: SiteId::new(*of), key });
        }
        ["readmit", of, "at", name] => {
            cluster.order(&SiteId::new(*name), Command::Readmit { site: SiteId::new(*of), key: None });
        }
        ["lose", "disk", of] => cluster.lose_disk(&SiteId::new(*of)),
        ["bundle", of, number] => {
            let number = number.parse().expect("the story is well formed");
            cluster.disk(&SiteId::new(*of)).borrow_mut().bundle = number;
        }
        ["add", of, count, "at", name] => {
            cluster.save(&SiteId::new(*name), |file| Some(with(&file.unwrap_or_default(), of, count)));
        }
        ["found", of, count] => {
            let policy = cluster.disk(&SiteId::new("london")).borrow().file.clone().unwrap_or_default();
            cluster.found(&SiteId::new(*of), &with(&policy, of, count));
        }
        ["take", "out", of, "at", name] => {
            cluster.save(&SiteId::new(*name), |file| Some(without(&file.unwrap_or_default(), of)));
        }
        ["remove", "file", name] => cluster.save(&SiteId::new(*name), |_| None),
        ["throw", "away", "asides", name] => {
            cluster.disk(&SiteId::new(*name)).borrow_mut().aside.clear();
            cluster.save(&SiteId::new(*name), |file| file);
        }
        ["older", name] => {
            cluster.outside.borrow_mut().older.insert(SiteId::new(*name), state::codec::FIRST);
        }
        ["older", name, reads] => {
            let reads = reads.parse().expect("the story is well formed");
            cluster.outside.borrow_mut().older.insert(SiteId::new(*name), reads);
        }
        ["upgraded", name] => drop(cluster.outside.borrow_mut().older.remove(&SiteId::new(*name))),
        ["lock", name] => {
            cluster.disk(&SiteId::new(*name)).borrow_mut().unwritable = Some("permission denied".to_owned());
        }
        ["unlock", name] => cluster.disk(&SiteId::new(*name)).borrow_mut().unwritable = None,
        others => levers::act(cluster, others),
    }
}

/// A policy in which a site has another number of votes.
fn votes(policy: &str, of: &str, count: &str) -> String {
    let line = |line: &str| match line.split_once("votes: ") {
        Some((site, rest)) if line.trim_start().starts_with(&format!("{of}:")) => {
            format!("{site}votes: {count}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        Some(_) | None => line.to_owned(),
    };
    policy.lines().map(|text| line(text) + "\n").collect()
}

/// A policy with one site more, if it is not there already.
fn with(policy: &str, site: &str, votes: &str) -> String {
    if policy.contains(&format!("  {site}:")) {
        return policy.to_owned();
    }
    let line = format!("  {site}: {{ votes: {votes}, address: 192.0.2.15, pbx: 192.0.2.26 }}");
    policy.replace("\ncarriers:", &format!("{line}\n\ncarriers:"))
}

/// A policy with one site less, also where a route prefers it.
fn without(policy: &str, site: &str) -> String {
    let kept = policy.lines().filter(|line| !line.starts_with(&format!("  {site}:")));
    let text: String = kept.map(|line| format!("{line}\n")).collect();
    text.replace(&format!(", {site}"), "")
}

/// What the files must hold; the other expectations stand elsewhere.
pub fn expect(cluster: &mut Cluster, words: &[&str]) -> Result<(), String> {
    let file = |cluster: &Cluster, name: &str| cluster.disk(&SiteId::new(name)).borrow().file.clone();
    match words {
        ["file", name, "has", text @ ..] => {
            let file = file(cluster, name).unwrap_or_default();
            if file.contains(&text.join(" ")) { Ok(()) } else { Err(file) }
        }
        ["file", name, "lacks", text @ ..] => {
            let file = file(cluster, name).unwrap_or_default();
            if file.contains(&text.join(" ")) { Err(file) } else { Ok(()) }
        }
        ["one", "policy"] => one_policy(cluster),
        ["asides", name, count] => {
            let is = cluster.disk(&SiteId::new(*name)).borrow().aside.len().to_string();
            if is == *count { Ok(()) } else { Err(is) }
        }
        ["schema", name, schema] => {
            let is = cluster.view(&SiteId::new(*name)).map(|view| view.schema().to_string());
            if is.as_deref() == Some(*schema) { Ok(()) } else { Err(format!("{is:?}")) }
        }
        ["edits", count] => {
            let view = cluster.living().into_iter().next().and_then(|site| cluster.view(&site).cloned());
            let index = view.and_then(|view| view.policy).map(|policy| policy.index);
            let agreed = cluster.outside.borrow().edits.len();
            if agreed.to_string() == *count {
                Ok(())
            } else {
                Err(format!("{agreed}, the last at {index:?}"))
            }
        }
        others => seated(cluster, others),
    }
}

/// Who has which votes, and what an order came to.
fn seated(cluster: &mut Cluster, words: &[&str]) -> Result<(), String> {
    match words {
        ["refused", rest @ ..] => {
            let outside = cluster.outside.borrow();
            let (last, wanted) = (outside.answers.values().last(), rest.join(" "));
            let good = matches!(last, Some(Answer::Refused { why, .. }) if why.contains(&wanted));
            if good { Ok(()) } else { Err(format!("{last:?}")) }
        }
        ["hint", rest @ ..] => {
            let outside = cluster.outside.borrow();
            let (last, wanted) = (outside.answers.values().last(), rest.join(" "));
            let good =
                matches!(last, Some(Answer::Refused { hint: Some(hint), .. }) if hint.contains(&wanted));
            if good { Ok(()) } else { Err(format!("{last:?}")) }
        }
        ["votes", of, count, "at", at] => {
            let report = cluster.status(&SiteId::new(*at));
            let is = report.sites.iter().find(|site| site.site.as_str() == *of).map_or(0, |site| site.votes);
            if is.to_string() == *count { Ok(()) } else { Err(format!("{is} of {}", report.votes)) }
        }
        others => levers::expect(cluster, others),
    }
}

/// Every living site has folded the same text, has it in its file, acts by it, and knows that the others do.
fn one_policy(cluster: &mut Cluster) -> Result<(), String> {
    let living = cluster.living();
    let text = |cluster: &Cluster, site: &SiteId| {
        cluster.view(site).and_then(|view| view.policy.clone()).map(|policy| policy.text)
    };
    let agreed = text(cluster, &living[0]).ok_or("nothing is agreed")?;
    let version = Some(Imprint::of(&agreed).to_string());
    for site in &living {
        let file = cluster.disk(site).borrow().file.clone();
        if text(cluster, site).as_ref() != Some(&agreed) || file.as_ref() != Some(&agreed) {
            return Err(format!("{site} has folded {:?} and has {file:?}", text(cluster, site)));
        }
        let report = cluster.status(site);
        let others =
            report.sites.iter().filter(|other| living.contains(&other.site) && other.policy != version);
        let others: Vec<String> = others.map(|other| format!("{} {:?}", other.site, other.policy)).collect();
        if report.policy != version || !others.is_empty() {
            return Err(format!(
                "{site} goes by {:?}, and sees {others:?} instead of {version:?}",
                report.policy
            ));
        }
    }
    Ok(())
}
