//! The language of the stories: `at 3s kill manchester`, `until 20s`, `expect by 15s run done`; `#` begins a remark.

use super::deeds;
use super::expect;
use super::outside::{Carrier, Set, Shyness};
use super::world::{Cluster, SITES};
use agent::command::{Command, Telling};
use state::fact::Mode;
use state::{Destination, RouteId, SiteId};
use std::time::Duration;

/// The policy of every story: one number, the demo's pace.
pub const POLICY: &str = "\
cluster: bytemark
timezone: Europe/London
mode: auto
pace: { every: 1s, timeout: 500ms, fall: 3, rise: 3, blip: 3s }

sites:
  london:      { votes: 1, address: 192.0.2.11, pbx: 192.0.2.21 }
  manchester:  { votes: 1, address: 192.0.2.12, pbx: 192.0.2.22 }
  office:      { votes: 1, address: 192.0.2.14, pbx: 192.0.2.24 }
  netherlands: { votes: 2, address: 192.0.2.13, pbx: 192.0.2.23 }

carriers:
  magrathea: { ntsapi: { host: 192.0.2.31, port: 777, tls: plain } }

routes:
  main:
    carrier: magrathea
    numbers: [NUMBERS]
    to: S:$number@$pbx
    prefer: [london, manchester, netherlands, office]

people:
  matthew: { mail: matthew@example.com }
alerts:
  mail: { from: pointsman@example.com, relays: [192.0.2.25] }
  tell: [matthew]
";

/// Plays a story to its end; the error says what was expected, and what happened.
pub fn play(story: &str) -> Result<(), String> {
    let (cluster, faults) = live(story);
    if faults.is_empty() { Ok(()) } else { Err(format!("{}\n{}", faults.join("\n"), account(&cluster))) }
}

/// The world as a story leaves it, and what was expected of it in vain.
pub fn live(story: &str) -> (Cluster, Vec<String>) {
    // A remark stands alone or after a blank: `london#2` is a door.
    let mut lines: Vec<&str> =
        story.lines().map(|line| line.split(" #").next().expect("the story is well formed").trim()).collect();
    lines.retain(|line| !line.is_empty() && !line.starts_with('#'));
    let numbers = lines.iter().find_map(|line| line.strip_prefix("numbers ")).unwrap_or("1");
    let mut policy = policy(numbers.parse().expect("the story is well formed"));
    policy
        .extend(lines.iter().filter_map(|line| line.strip_prefix("policy ")).map(|line| format!("{line}\n")));
    for line in lines.iter().filter_map(|line| line.strip_prefix("policy-route ")) {
        policy = policy.replace("    prefer:", &format!("    {line}\n    prefer:"));
    }
    for key in lines.iter().filter_map(|line| line.strip_prefix("route ")) {
        policy = policy.replace("    prefer:", &format!("    {key}\n    prefer:"));
    }
    if lines.contains(&"doors") {
        policy = doors(&policy);
    }
    if let Some(zone) = lines.iter().find_map(|line| line.strip_prefix("timezone ")) {
        policy = policy.replace("Europe/London", zone.trim());
    }
    if lines.contains(&"signalling") {
        policy = policy.replace("tls: plain } }", "tls: plain }, signalling: [203.0.113.60] }");
    }
    let mut cluster = Cluster::new(&policy);
    let mut faults = Vec::new();
    for line in &lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["at", moment, "flap", name, "until", end] => {
                run_until(&mut cluster, time(moment));
                flap(&mut cluster, &SiteId::new(*name), time(end));
            }
            ["numbers" | "policy" | "policy-route" | "signalling" | "doors" | "timezone", ..] => {}
            ["finds", is, kind, thing, rest @ ..] => found(&cluster, (is, kind), (thing, &rest.join(" "))),
            ["at", moment, rest @ ..] => {
                run_until(&mut cluster, time(moment));
                act(&mut cluster, rest);
            }
            ["until", moment] => run_until(&mut cluster, time(moment)),
            ["expect", rest @ ..] => {
                if let Err(why) = expect(&mut cluster, rest) {
                    faults.push(format!("{line}: {why}"));
                }
            }
            strange => panic!("no such line: {strange:?}"),
        }
    }
    (cluster, faults)
}

/// The policy with so many numbers.
pub fn policy(numbers: usize) -> String {
    let all: Vec<String> = (0..numbers).map(|n| format!("\"0207946{n:04}\"")).collect();
    POLICY.replace("NUMBERS", &all.join(", "))
}

/// The policy with a second door for London.
pub fn doors(policy: &str) -> String {
    policy.replace("pbx: 192.0.2.21", "doors: [192.0.2.21, 192.0.2.91]")
}

pub fn time(text: &str) -> Duration {
    match text.strip_suffix("ms") {
        Some(millis) => Duration::from_millis(millis.parse().expect("the story is well formed")),
        None => Duration::from_secs_f64(
            text.strip_suffix('s')
                .expect("the story is well formed")
                .parse()
                .expect("the story is well formed"),
        ),
    }
}

fn run_until(cluster: &mut Cluster, moment: Duration) {
    while cluster.outside.borrow().now < moment {
        cluster.step();
    }
}

/// Whatever site looks at what it leans on finds this among other things.
fn found(cluster: &Cluster, (is, kind): (&str, &str), (thing, says): (&str, &str)) {
    let sight = serde_json::json!({ "is": is, "kind": kind, "thing": thing, "says": says, "hint": null });
    let sight = serde_json::from_value(sight).expect("the story is well formed");
    cluster.outside.borrow_mut().sights.push(sight);
}

/// A PBX is gone for two seconds and back for two, again and again.
fn flap(cluster: &mut Cluster, site: &SiteId, end: Duration) {
    while cluster.outside.borrow().now < end {
        cluster.outside.borrow_mut().missing.insert(site.clone());
        let now = cluster.outside.borrow().now;
        run_until(cluster, now + Duration::from_secs(2));
        cluster.outside.borrow_mut().missing.remove(site);
        run_until(cluster, now + Duration::from_secs(4));
    }
}

fn act(cluster: &mut Cluster, words: &[&str]) {
    let site = |name: &str| SiteId::new(name);
    let main = || RouteId::new("main");
    let because = || "the test says so".to_owned();
    match words {
        ["die", name] => {
            cluster.outside.borrow_mut().missing.insert(site(name));
            cluster.kill(&site(name));
        }
        ["miss", name] => drop(cluster.outside.borrow_mut().missing.insert(site(name))),
        ["find", name] => drop(cluster.outside.borrow_mut().missing.remove(&site(name))),
        ["deaf", name] => drop(cluster.outside.borrow_mut().deaf.insert(site(name))),
        ["shy"] => cluster.outside.borrow_mut().shy = Shyness::KnownPbxsAlone,
        ["hears", name] => drop(cluster.outside.borrow_mut().deaf.remove(&site(name))),
        ["stop", name] => cluster.stop(&site(name)),
        ["go-on", name] => cluster.go_on(&site(name)),
        ["lossy", name] => drop(cluster.outside.borrow_mut().lossy.insert(site(name))),
        ["clean", name] => drop(cluster.outside.borrow_mut().lossy.remove(&site(name))),
        ["kill", name] => cluster.kill(&site(name)),
        ["start", name] => cluster.start(&site(name)),
        ["cut", name] => drop(cluster.outside.borrow_mut().cut.insert(site(name))),
        ["heal", name] => drop(cluster.outside.borrow_mut().cut.remove(&site(name))),
        ["part", from, to] => {
            let (from, to) = (site(from), site(to));
            let both = [(from.clone(), to.clone()), (to, from)];
            cluster.outside.borrow_mut().apart.extend(both);
        }
        ["mute", from, "to", to] => {
            cluster.outside.borrow_mut().apart.insert((site(from), site(to)));
        }
        ["hostile", relay, "to", victim] => {
            cluster.outside.borrow_mut().hostile = Some((site(relay), site(victim)));
        }
        ["join"] => cluster.outside.borrow_mut().apart.clear(),
        ["ahead", name] => cluster.outside.borrow_mut().ahead = Some(site(name)),
        ["lose", "ask"] => drop(cluster.outside.borrow_mut().lose.insert("ask")),
        ["carrier", is] => cluster.outside.borrow_mut().carrier = carrier(is),
        ["revoke", at, "by", leader] => cluster.revoke(&site(at), &site(leader)),
        ["edit", to] => {
            let first =
                cluster.outside.borrow().shows.keys().next().expect("the story is well formed").clone();
            cluster.outside.borrow_mut().shows.insert(first, Destination::new(*to));
        }
        ["hold", at] => {
            let lasts = Duration::from_secs(3600);
            cluster.order(&site(at), Command::Hold { route: Some(main()), lasts, because: because() });
        }
        ["manual", at] => {
            cluster.order(&site(at), Command::Mode { route: Some(main()), mode: Mode::Manual });
        }
        ["resume", at] => drop(cluster.order(&site(at), Command::Resume { route: None })),
        ["claim", to, "at", at] => {
            let (route, site_to) = (main(), site(to));
            cluster.order(&site(at), Command::Claim { route, site: site_to, because: because() });
        }
        others => deeds::act(cluster, others),
    }
}

fn carrier(is: &str) -> Carrier {
    match is {
        "mute" => Carrier::Mute,
        "well" => Carrier::Well,
        "drops" => Carrier::Drops,
        "swallows" => Carrier::Swallows,
        "slow" => Carrier::Slow,
        "late" => Carrier::Late,
        other => panic!("the story's carrier cannot be `{other}`"),
    }
}

fn expect(cluster: &mut Cluster, words: &[&str]) -> Result<(), String> {
    let fail = |what: String| Err(what);
    match words {
        ["sets", count] => {
            let is = cluster.outside.borrow().sets.len();
            if is.to_string() == *count { Ok(()) } else { fail(format!("{is}")) }
        }
        ["set", "by", moment] => {
            let last = cluster.outside.borrow().sets.last().map(|set| set.at);
            if last.is_some_and(|at| at <= time(moment)) { Ok(()) } else { fail(format!("{last:?}")) }
        }
        ["set", "by", moment, "or", "never"] => {
            let last = cluster.outside.borrow().sets.last().map(|set| set.at);
            if last.is_none_or(|at| at <= time(moment)) { Ok(()) } else { fail(format!("{last:?}")) }
        }
        ["shows", "anybody", "alive"] => {
            let shown = expect::shown(cluster).into_iter().next().flatten();
            let good = shown.as_ref().is_some_and(|site| !cluster.outside.borrow().missing.contains(site));
            if good { Ok(()) } else { fail(format!("{shown:?}")) }
        }
        ["shows", "refuge"] => {
            let outside = cluster.outside.borrow();
            let first = outside.shows.iter().filter(|(number, _)| !number.is_behind());
            let shown: Vec<_> = first.map(|(_, shown)| shown.clone()).collect();
            let refuge = Destination::new("441134960999");
            if shown.iter().all(|shown| *shown == refuge) { Ok(()) } else { fail(format!("{shown:?}")) }
        }
        ["shows", site] => {
            let shown = expect::shown(cluster);
            let good = shown.iter().all(|shown| *shown == Some(SiteId::new(*site)));
            if good { Ok(()) } else { fail(format!("{shown:?}")) }
        }
        ["leader", name] => {
            let outside = cluster.outside.borrow();
            let last = outside.told.iter().rev().find_map(|(_, _, telling)| {
                let Telling::Leader { site: Some(site), .. } = telling else { return None };
                Some(site.clone())
            });
            if last == Some(SiteId::new(*name)) { Ok(()) } else { fail(format!("{last:?}")) }
        }
        ["run", word, "by", moment] => {
            let outside = cluster.outside.borrow();
            let ended = outside.told.iter().find_map(|(at, _, telling)| {
                let Telling::Run { word, .. } = telling else { return None };
                Some((*at, word.to_string().replace(' ', "-")))
            });
            let good = ended.as_ref().is_some_and(|(at, is)| is == word && *at <= time(moment));
            if good { Ok(()) } else { fail(format!("{ended:?}")) }
        }
        ["ended"] => {
            let open = |site: &SiteId| cluster.view(site).is_some_and(|view| view.open_runs().count() > 0);
            let open: Vec<SiteId> = cluster.living().into_iter().filter(open).collect();
            if open.is_empty() { Ok(()) } else { fail(format!("still open at {open:?}")) }
        }
        words => match deeds::expect(cluster, words) {
            Some(result) => result,
            None => expect::said(cluster, words),
        },
    }
}

/// What happened, for whoever has to find out.
fn account(cluster: &Cluster) -> String {
    let outside = cluster.outside.borrow();
    let told = outside.told.iter().filter(|(_, site, telling)| {
        let leader = matches!(telling, Telling::Leader { .. });
        leader
            || *site == SiteId::new(SITES[2])
            || matches!(telling, Telling::Run { .. } | Telling::Refused { .. })
    });
    let told = told
        .filter(|(_, _, telling)| !matches!(telling, Telling::Suspect { .. } | Telling::Ballot { .. }))
        .map(|(at, site, telling)| format!("{:.2} {site}: {telling:?}\n", at.as_secs_f64()));
    let set = |set: &Set| {
        let Set { at, by, number, to, fence, heard } = set;
        format!("{:.2} SET by {by} for {fence}: {number} {to}, answer heard: {heard:?}\n", at.as_secs_f64())
    };
    let sets = outside.sets.iter().map(set);
    told.chain(sets).collect()
}
