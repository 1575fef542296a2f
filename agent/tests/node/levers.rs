//! The part of the stories' language that is about levers: `fail london/proxy`, `expect lever london/proxy pulled`.

use super::people;
use super::world::{Cluster, SITES};
use agent::command::{Answer, Command};
use state::fact::Mode;
use state::route::Lever;
use state::{PlaybookId, RouteId, SiteId};
use std::time::Duration;

/// What befalls services that are no PBX, and what persons do about a lever.
pub fn act(cluster: &mut Cluster, words: &[&str]) {
    let (route, because) = (|name: &str| RouteId::new(name), || "the test says so".to_owned());
    match words {
        ["fail", service] => drop(cluster.outside.borrow_mut().failed.insert((*service).to_owned())),
        ["mend", service] => drop(cluster.outside.borrow_mut().failed.remove(*service)),
        ["hold", lever, "at", at] => {
            let lasts = Duration::from_secs(3600);
            let hold = Command::Hold { route: Some(route(lever)), lasts, because: because() };
            cluster.order(&SiteId::new(*at), hold);
        }
        ["advise", lever, "at", at] => {
            cluster.order(&SiteId::new(*at), Command::Mode { route: Some(route(lever)), mode: Mode::Advise });
        }
        ["release", lever, "at", at] => {
            cluster.order(&SiteId::new(*at), Command::Resume { route: Some(route(lever)) });
        }
        ["play", playbook, lever, "at", at] => {
            let args = [("route".to_owned(), (*lever).to_owned())].into();
            let playbook = PlaybookId::new(*playbook);
            cluster.order(&SiteId::new(*at), Command::Play { playbook, args, because: because() });
        }
        others => people::act(cluster, others),
    }
}

/// How levers must stand, in the eyes of everybody who lives.
pub fn expect(cluster: &mut Cluster, words: &[&str]) -> Result<(), String> {
    match words {
        ["lever", lever, is] => {
            let stands = |site: &SiteId| {
                let state = cluster.view(site).and_then(|view| view.routes.get(*lever));
                state.map(|state| state.lever).unwrap_or_default()
            };
            let all: Vec<Lever> = cluster.living().iter().map(stands).collect();
            let good = |lever: &Lever| match lever {
                Lever::AtRest => *is == "at-rest",
                Lever::Pulled { .. } => *is == "pulled",
                Lever::Between { .. } => *is == "between",
            };
            if all.iter().all(good) { Ok(()) } else { Err(format!("{all:?}")) }
        }
        ["runs", count] => {
            let runs = cluster.view(&SiteId::new(SITES[2])).map_or(0, |view| view.runs.len());
            if runs.to_string() == *count { Ok(()) } else { Err(format!("{runs}")) }
        }
        ["lever-why", lever, "at", at, rest @ ..] => {
            let question = Command::Why { route: Some(RouteId::new(*lever)) };
            let id = cluster.order(&SiteId::new(*at), question);
            let answer = cluster.outside.borrow_mut().answers.remove(&id);
            let Some(Answer::Why(reports)) = answer else { return Err(format!("{answer:?}")) };
            let said: String = reports.iter().map(agent::cli::screens::why::screen).collect();
            if said.contains(&rest.join(" ")) { Ok(()) } else { Err(said) }
        }
        others => people::expect(cluster, others),
    }
}
