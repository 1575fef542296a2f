//! Good policies in words, and what the rest of the program may ask them.

use super::golden;
use policies::policy::{Ask, Pace, Transport};
use policies::{Policy, check};
use state::fact::Mode;
use state::{Destination, Number, RouteId, SiteId, Subject};
use std::time::Duration;

/// The policy that a beginner writes.
const MINIMAL: &str = include_str!("../fixtures/minimal.yaml");
/// A policy with every key that this version acts on.
const FULL: &str = include_str!("../fixtures/full.yaml");

/// The whole case of a company with four sites.
const BYTEMARK: &str = include_str!("../fixtures/bytemark.yaml");

#[test]
fn good_policies_in_golden_files() {
    golden::check("good", |input| match Policy::read("policy.yaml", input) {
        Ok(policy) => format!("{}\n{}", check::words(&policy), check::table(&policy)),
        Err(report) => report.to_string(),
    });
}

fn span(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn read(text: &str) -> Policy {
    Policy::read("policy.yaml", text).unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn the_example_says_what_it_means() {
    let words = "\
ok: 4 sites, 5 votes (3 win), 1 route, 1 number, 1 person
london dies               -> main in manchester   15s to 17s later
london and manchester die -> main in netherlands  15s to 17s later
who can act               any three of: london, manchester, office, netherlands x2
                          (`pointsman check --table` prints all sixteen cases)
warning: one person only; nobody to escalate to
warning: mail and SMS are not sent in this version; `pointsman status` and the log tell
";
    assert_eq!(check::words(&read(MINIMAL)), words);
}

#[test]
fn the_whole_case_says_what_it_means() {
    let words = "\
ok: 4 sites, 5 votes (3 win), 1 route, 100 numbers, 2 people
192.0.2.11 of london dies -> main in london#2             15s to 17s later
london dies               -> main in manchester           15s to 17s later
london and manchester die -> main in netherlands          15s to 17s later
no call reaches london    -> main in manchester           15s to 17s later
no PBX answers            -> main in its refuge           441134960999
main in its refuge        -> comes back by itself         5m after a site is up
main in netherlands       -> goes on by itself            30m after a better site is up
main away from london     -> goes home by itself          2h after london is up, between 09:00-17:00
london/proxy is down      -> withdraw-prefix site=london  15s to 17s later, if another proxy is up
london/proxy is up again  -> announce-prefix site=london  5m after it was pulled, at the soonest
behind main               slot 2 S:442079460000@203.0.113.131, slot 3 441134960999
                          (`pointsman plan prepare` shows what is not written yet; audited, never relied on)
who can act               any three of: london, manchester, office, netherlands x2
                          (`pointsman check --table` prints all sixteen cases)
warning: mail and SMS are not sent in this version; `pointsman status` and the log tell
note: kept; this version does not act on it yet: greetings, sorry_pages, magic, quiet, watcher, escalation, \
on_call, prove
";
    assert_eq!(check::words(&read(BYTEMARK)), words);
}

#[test]
fn the_example_can_be_asked() {
    let policy = read(MINIMAL);
    let names: Vec<&str> = policy.sites.iter().map(|site| site.id.as_str()).collect();
    assert_eq!(names, ["london", "manchester", "office", "netherlands"]);
    assert_eq!((policy.votes(), policy.majority()), (5, 3));
    assert_eq!(policy.timezone.iana_name(), Some("Europe/London"));
    assert_eq!(
        policy.subjects().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["london/pbx", "manchester/pbx", "office/pbx", "netherlands/pbx"]
    );
    let london = SiteId::new("london");
    assert_eq!(policy.site(&london).unwrap().address.to_string(), "192.0.2.10:7701");
    assert_eq!(policy.pace(&Subject::pbx(&london)), Pace::CALM);
    assert_eq!(policy.electorate(&Subject::pbx(&london)).len(), 4);
    assert_eq!(policy.probe(&Subject::pbx(&london)).unwrap().ask, Ask::SipOptions(Transport::Udp));

    let route = policy.route(&RouteId::new("main")).unwrap();
    let number = Number::new("02079460000");
    let shown = Destination::new("S:442079460000@192.0.2.11");
    assert_eq!(policy.destination(route, &number, &london), Some(shown.clone()));
    assert_eq!(policy.site_of(route, &number, &shown).unwrap().id, london);
    assert_eq!(policy.site_of(route, &number, &Destination::new("441134960999")), None);
    let carrier = policy.carrier(&route.carrier).unwrap();
    assert_eq!(
        (carrier.host.as_str(), carrier.port, carrier.batch()),
        ("secure.magrathea-telecom.co.uk", 777, 5)
    );
}

#[test]
fn everything_that_can_be_written_arrives() {
    let policy = read(FULL);
    assert_eq!(policy.mode, Some(Mode::Advise));
    let pace = |site: &str| policy.pace(&Subject::pbx(&SiteId::new(site)));
    assert_eq!(pace("london"), Pace::BRISK);
    assert_eq!(pace("office").blip, Duration::from_secs(20), "a blip that is not written follows the probes");
    assert_eq!((pace("demo").every, pace("demo").blip), (Duration::from_secs(1), Duration::from_secs(3)));
    assert_eq!(pace("demo").rise, 3);

    let reach = policy.reach(&state::CarrierId::new("magrathea"));
    assert_eq!((reach.every, reach.login_every(4), reach.login_every(5)), (span(90), span(90), span(100)));
    assert_eq!((reach.pace().every, reach.pace().timeout, reach.pace().fall), (span(15), span(5), 3));
    assert_eq!(
        policy.subjects().iter().filter(|subject| subject.is_carrier()).count(),
        0,
        "nothing is judged"
    );

    let main = policy.route(&RouteId::new("main")).unwrap();
    assert_eq!(main.last_resort, [SiteId::new("netherlands"), SiteId::new("office")]);
    let refuge = policy.destination(main, &main.numbers[0], &SiteId::refuge());
    assert_eq!(refuge, Some(Destination::new("441134960999")));
    assert_eq!(main.playbooks.none_left.as_str(), "my-all-dark");
    let signalling = policy.signalling(policy.carrier(&main.carrier).unwrap());
    assert_eq!(
        signalling.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["203.0.113.60:5060", "203.0.113.61:5080"]
    );
    let inbound = Subject::inbound(&SiteId::new("london"));
    assert!(policy.subjects().contains(&inbound));
    assert_eq!(policy.electorate(&inbound).len(), 1, "only the site itself can tell");

    let main = policy.route(&RouteId::new("main")).unwrap();
    assert_eq!(main.numbers.len(), 101);
    assert_eq!(main.numbers[100], Number::new("P1134960000"));
    assert_eq!((main.budget.switches, main.budget.window), (2, Duration::from_secs(12 * 3600)));
    assert_eq!(main.playbooks.site_down.as_str(), "my-fail-over");
    assert_eq!(policy.mode_of(main), Some(Mode::Manual), "the stricter wins");
    let sales = policy.route(&RouteId::new("sales")).unwrap();
    assert_eq!(policy.mode_of(sales), Some(Mode::Advise));
    let number = Number::new("P1134960100");
    let at = |site: &str| policy.destination(sales, &number, &SiteId::new(site)).map(|to| to.to_string());
    assert_eq!(at("london").as_deref(), Some("s:+441134960100@192.0.2.11"));
    assert_eq!(at("office").as_deref(), Some("s:+441134960100@203.0.113.11"));
    assert_eq!(at("demo"), None, "no carrier can be told of a PBX at such an address");

    let probe = |site: &str, service: &str| {
        let subject = policy
            .subjects()
            .into_iter()
            .find(|subject| subject.site.as_str() == site && subject.service.as_str() == service);
        policy.probe(&subject.unwrap()).unwrap().clone()
    };
    assert_eq!(probe("london", "pbx").ask, Ask::SipOptions(Transport::Tcp));
    assert_eq!(probe("london", "pbx").address.unwrap().to_string(), "192.0.2.11:5061");
    assert_eq!(probe("london", "proxy").ask, Ask::Tcp);
    assert_eq!(probe("london", "proxy").address.unwrap().to_string(), "192.0.2.12:5060");
    let asked_by = policy.electorate(&probe("london", "proxy").subject);
    assert_eq!(
        asked_by.iter().map(|site| site.id.as_str()).collect::<Vec<_>>(),
        ["manchester", "netherlands"]
    );
}
