//! What a story can expect of what the agents say, agree on and show, and of what can be counted.

use super::desk;
use super::outside::Heard;
use super::script::{doors, policy, time};
use super::world::{Cluster, SITES};
use agent::cli::screens::{self, telling};
use agent::command::{Answer, Command, Telling, Voice};
use policies::Policy;
use state::{Destination, Number, SiteId};
use std::time::Duration;

/// The rest of what can be expected: what the agents say and agree on.
pub fn said(cluster: &mut Cluster, words: &[&str]) -> Result<(), String> {
    let fail = |what: String| Err(what);
    match words {
        ["living", "agree"] => {
            let living = cluster.living();
            let heads: Vec<_> =
                living.iter().filter_map(|s| cluster.view(s)).map(|v| (v.index, v.head)).collect();
            if heads.windows(2).all(|two| two[0] == two[1]) { Ok(()) } else { fail(format!("{heads:?}")) }
        }
        ["apart"] => apart(cluster),
        ["frame", kind] => {
            let sent = &cluster.outside.borrow().sent;
            if sent.contains(kind) { Ok(()) } else { fail(format!("{sent:?}")) }
        }
        ["agreed", at] => {
            let outside = cluster.outside.borrow();
            let last = outside.answers.values().last();
            if matches!(last, Some(Answer::Agreed { .. })) { Ok(()) } else { fail(format!("{at}: {last:?}")) }
        }
        ["told", "by", moment, rest @ ..] => {
            let outside = cluster.outside.borrow();
            let until = |(at, _, _): &&(Duration, SiteId, Telling)| *at <= time(moment);
            let told = outside.told.iter().filter(until).map(|(at, _, told)| telling::line(told, *at));
            let wanted = rest.join(" ");
            let told: Vec<String> = told.collect();
            if told.iter().any(|line| line.contains(&wanted)) { Ok(()) } else { fail(told.concat()) }
        }
        ["told", "first", rest @ ..] => told_first(cluster, &rest.join(" ")),
        ["said", rest @ ..] => {
            let (outside, wanted) = (cluster.outside.borrow(), rest.join(" "));
            let said = outside.told.iter().any(|(_, _, telling)| format!("{telling:?}").contains(&wanted));
            if said { Ok(()) } else { fail("nobody said it".to_owned()) }
        }
        ["screen", at, "says", rest @ ..] => {
            let screen = screens::status::screen(&cluster.status(&SiteId::new(*at)));
            if screen.contains(&rest.join(" ")) { Ok(()) } else { fail(screen) }
        }
        ["why", at, "says", rest @ ..] => {
            let said = why(cluster, at);
            if said.contains(&rest.join(" ")) { Ok(()) } else { fail(said) }
        }
        ["why", at, "lacks", rest @ ..] => {
            let said = why(cluster, at);
            if said.contains(&rest.join(" ")) { fail(said) } else { Ok(()) }
        }
        ["status", at, "says", rest @ ..] => {
            let said = lines(cluster, at);
            let wanted = rest.join(" ");
            if said.iter().any(|line| line.contains(&wanted)) { Ok(()) } else { fail(format!("{said:?}")) }
        }
        ["status", at, "lacks", rest @ ..] => {
            let said = lines(cluster, at);
            let wanted = rest.join(" ");
            match said.into_iter().find(|line| line.contains(&wanted)) {
                Some(line) => fail(line),
                None => Ok(()),
            }
        }
        others => counted(cluster, others),
    }
}

/// One thing was told before the other: `this and then that`.
fn told_first(cluster: &Cluster, both: &str) -> Result<(), String> {
    let (outside, both) = (cluster.outside.borrow(), both.split_once(" and then "));
    let told: Vec<String> = outside.told.iter().map(|(at, _, told)| telling::line(told, *at)).collect();
    let place = |of: &str| told.iter().position(|line| line.contains(of));
    let places = both.map(|(first, second)| (place(first), place(second)));
    let good = matches!(places, Some((Some(first), Some(second))) if first < second);
    if good { Ok(()) } else { Err(told.concat()) }
}

/// What can be counted.
fn counted(cluster: &mut Cluster, words: &[&str]) -> Result<(), String> {
    let fail = |what: String| Err(what);
    match words {
        ["budget", "used", count] => {
            let site = cluster.living().into_iter().next().expect("somebody lives");
            let is = cluster.status(&site).routes[0].budget.0;
            if is.to_string() == *count { Ok(()) } else { fail(format!("{is}")) }
        }
        ["looks", count, "between", from, to] => {
            let (from, to) = (time(from), time(to));
            let looks = cluster.outside.borrow().looks.clone();
            let is = looks.iter().filter(|at| **at >= from && **at < to).count();
            if is.to_string() == *count { Ok(()) } else { fail(format!("{is}: {looks:?}")) }
        }
        ["silences", count] => {
            let silent = |told: &&(Duration, SiteId, Telling)| {
                let (_, at, telling) = *told;
                *at == SiteId::new(SITES[3]) && matches!(telling, Telling::Voice { is: Voice::Silent, .. })
            };
            let is = cluster.outside.borrow().told.iter().filter(silent).count().to_string();
            if is == *count { Ok(()) } else { fail(is) }
        }
        ["unsaid", rest @ ..] => {
            let (outside, wanted) = (cluster.outside.borrow(), rest.join(" "));
            let said = outside.told.iter().find(|(_, _, telling)| format!("{telling:?}").contains(&wanted));
            said.map_or(Ok(()), |said| fail(format!("{said:?}")))
        }
        ["term", term] => {
            let is = cluster.status(&SiteId::new(SITES[3])).term.to_string();
            if is == *term { Ok(()) } else { fail(is) }
        }
        ["heard", votes, "at", at] => {
            let is = cluster.status(&SiteId::new(*at)).heard.to_string();
            if is == *votes { Ok(()) } else { fail(is) }
        }
        ["looks", "at", "most", count] => {
            let is = cluster.outside.borrow().looks.len();
            if is <= count.parse().expect("the story is well formed") {
                Ok(())
            } else {
                fail(format!("{is}"))
            }
        }
        others => desk::expect(cluster, others),
    }
}

/// What the status of a site asks of a person, and what it finds worth knowing.
pub fn lines(cluster: &mut Cluster, at: &str) -> Vec<String> {
    let report = cluster.status(&SiteId::new(at));
    report.needs_you.into_iter().map(|need| need.what).chain(report.watch).collect()
}

/// The screen of `why` at a site.
fn why(cluster: &mut Cluster, at: &str) -> String {
    let id = cluster.order(&SiteId::new(at), Command::Why { route: None });
    match cluster.outside.borrow_mut().answers.remove(&id) {
        Some(Answer::Why(reports)) => reports.iter().map(screens::why::screen).collect(),
        other => panic!("{at} answered {other:?}"),
    }
}

/// Nothing follows a SET that nobody heard the answer of for as long as it may still arrive: C and D, 7 s.
pub fn apart(cluster: &Cluster) -> Result<(), String> {
    let outside = cluster.outside.borrow();
    for (at, first) in outside.sets.iter().enumerate().filter(|(_, set)| set.heard == Heard::Never) {
        let later = outside.sets[at + 1..].iter().find(|set| set.number.meets(&first.number));
        if later.is_some_and(|later| later.at - first.at < Duration::from_secs(7)) {
            return Err(format!("{first:?} and then {later:?}"));
        }
    }
    Ok(())
}

/// The site that each number shows.
pub fn shown(cluster: &Cluster) -> Vec<Option<SiteId>> {
    let outside = cluster.outside.borrow();
    let means = |destination: &Destination| {
        let text = doors(&policy(1));
        let policy = Policy::read("the test's policy", &text).expect("the story is well formed");
        let sites = policy.sites.iter().flat_map(|site| site.doors());
        let host = destination.as_str().rsplit_once('@').map(|(_, host)| host.to_owned());
        sites
            .map(|(door, _)| {
                let to = policy.destination(&policy.routes[0], &Number::new("020"), &door);
                (door, to)
            })
            .find(|(_, to)| {
                to.as_ref().and_then(|to| to.as_str().rsplit_once('@')).map(|x| x.1.to_owned()) == host
            })
            .map(|(site, _)| site)
    };
    let first = outside.shows.iter().filter(|(number, _)| !number.is_behind());
    first.map(|(_, shown)| means(shown)).collect()
}
