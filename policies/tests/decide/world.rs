//! The small world of the golden decisions: four sites, one route, and the lines that change them.

use jiff::tz::TimeZone;
use policies::decide::{Reign, Standing, Steady};
use policies::judge::{Blip, Budget, Case, Judge, LeverRule, RouteRule, SiteVotes};
use policies::policy::Failback;
use state::fact::{Adoption, Attempt, Ballot, Closure, Entry, Fact, Home, Mode, Origin, Outcome, Says, Was};
use state::plan::{At, Ensure, IfFailed, Plan, PlannedStep, Pointing, Undo};
use state::run::{Cause, Direction, Word};
use state::view::{Applied, View};
use state::{
    Boot, CarrierId, Destination, Index, Nonce, Number, PlaybookId, RouteId, RunId, ServiceId, SiteId, Stamp,
    Starts, Subject, Who,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub struct World {
    pub judge: Judge,
    pub view: View,
    pub now: Stamp,
    pub standing: Standing,
    spoken: BTreeMap<SiteId, BTreeSet<Subject>>,
    n: u64,
}

pub fn site(name: &str) -> SiteId {
    SiteId::new(name)
}

pub fn subject(text: &str) -> Subject {
    let (site, service) = text.split_once('/').unwrap_or_else(|| panic!("`{text}` is no SITE/SERVICE"));
    Subject { site: SiteId::new(site), service: ServiceId::new(service) }
}

pub fn span(text: &str) -> Duration {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (number, unit) = units.iter().find_map(|(end, unit)| Some((text.strip_suffix(end)?, unit))).unwrap();
    Duration::from_micros((number.parse::<f64>().unwrap() * unit * 1_000_000.0).round() as u64)
}

fn mode(text: &str) -> Option<Mode> {
    match text {
        "auto" => Some(Mode::Auto),
        "advise" => Some(Mode::Advise),
        "manual" => Some(Mode::Manual),
        "none" => None,
        _ => panic!("`{text}` is no mode"),
    }
}

pub fn rule(prefer: &[&str]) -> RouteRule {
    RouteRule {
        prefer: prefer.iter().map(|name| site(name)).collect(),
        last_resort: Vec::new(),
        failback: None,
        refuge: None,
        signalling: Vec::new(),
        services: BTreeMap::new(),
        budget: Budget { switches: 4, window: span("24h") },
        retry_after: span("10m"),
        mode: None,
    }
}

/// The one step of a run: the route's number points at a site.
fn pointing(to: &str) -> PlannedStep {
    let number = Pointing { number: Number::new("02079460000"), from: None, to: Destination::new(to) };
    PlannedStep {
        ensure: Ensure::RoutePointsAt {
            carrier: CarrierId::new("magrathea"),
            site: site(to),
            numbers: vec![number],
        },
        undo: Undo::No("a test goes one way".to_owned()),
        at: At::Executor,
        timeout: span("10s"),
        attempts: 3,
        backoff: span("1s"),
        if_failed: IfFailed::Stuck,
    }
}

/// The only attempt of such a run.
fn attempt(run: RunId, seen: Index) -> Attempt {
    Attempt {
        run,
        step: 0,
        direction: Direction::Do,
        n: 1,
        executor: site("netherlands"),
        boot: Boot(1),
        nonce: Nonce(run.0),
        numbers: vec![Number::new("02079460000")],
        basis: seen,
        seen,
    }
}

impl World {
    /// Everything is well at 03:00:00, the policy says `auto`, and `main` was never read.
    pub fn new() -> Self {
        let votes = [("london", 1), ("manchester", 1), ("office", 1), ("netherlands", 2)];
        let sites = votes.map(|(name, votes)| SiteVotes { site: site(name), votes }).to_vec();
        let rule = rule(&["london", "manchester", "netherlands", "office"]);
        let routes = BTreeMap::from([(RouteId::new("main"), rule)]);
        let blip = Blip { default: span("3s"), of: BTreeMap::new() };
        Self {
            judge: Judge {
                sites,
                electorates: BTreeMap::new(),
                blip,
                routes,
                levers: BTreeMap::new(),
                mode: Some(Mode::Auto),
                zone: TimeZone::UTC,
            },
            view: View::birth("golden"),
            now: Stamp::from_millis(3 * 3_600_000),
            standing: Standing {
                reign: Reign::Leads,
                heard: 5,
                of: 5,
                steady: BTreeMap::new(),
                jumped: None,
                fresh: BTreeMap::new(),
            },
            spoken: BTreeMap::new(),
            n: 0,
        }
    }

    pub fn case(&self) -> Case<'_> {
        Case { judge: &self.judge, view: &self.view, now: self.now }
    }

    fn agree(&mut self, by: &str, fact: Fact) {
        self.n += 1;
        let origin = Origin { site: site(by), starts: Starts(1), n: self.n };
        let entry = Entry { origin, stamp: self.now, fact };
        let applied = self.view.apply(Index(self.n), b"", &entry);
        assert_eq!(applied, Applied::Accepted, "{entry:?}");
    }

    /// Casts a site's whole set anew, with one ballot changed: what the others say has aged meanwhile.
    pub fn ballot(&mut self, by: &str, about: &Subject, says: Option<Says>) {
        let known = self.spoken.entry(site(by)).or_default();
        known.insert(about.clone());
        let others: Vec<Subject> = known.iter().filter(|other| *other != about).cloned().collect();
        let kept = others.into_iter().filter_map(|subject| {
            let says = self.view.says(&site(by), &subject, self.now)?;
            Some(Ballot { subject, says })
        });
        let mut ballots: Vec<Ballot> = kept.collect();
        ballots.extend(says.map(|says| Ballot { subject: about.clone(), says }));
        self.agree(by, Fact::BallotsCast { ballots });
    }

    pub fn silent(&mut self, name: &str) {
        let (starts, n) = self.view.ballots_upto(&site(name));
        self.agree("netherlands", Fact::SiteSilent { site: site(name), starts, n });
    }

    /// These sites live, all others are silent and were seen down by the living for `dark`.
    pub fn living(&mut self, names: &[&str], dark: Duration) {
        let sites = self.judge.sites.clone();
        for by in names {
            for about in &sites {
                let lives = names.contains(&about.site.as_str());
                let says = if lives { Says::Up } else { Says::Down { dark } };
                self.ballot(by, &Subject::pbx(&about.site), Some(says));
            }
        }
        for dead in sites.iter().filter(|dead| !names.contains(&dead.site.as_str())) {
            self.silent(dead.site.as_str());
        }
        let votes = |s: &&SiteVotes| names.contains(&s.site.as_str());
        self.standing.heard = sites.iter().filter(votes).map(|s| u32::from(s.votes)).sum();
    }

    /// Carries out one line of a golden file.
    pub fn tell(&mut self, line: &str) {
        let (line, quoted) = line.split_once(" because ").unwrap_or((line, "\"\""));
        let because = quoted.trim_matches('"').to_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["new"] => *self = Self::new(),
            ["time", by] => self.now = self.now + span(by.trim_start_matches('+')),
            ["living", names @ ..] => self.living(names, span("20s")),
            ["ballot", by, about, says @ ..] => {
                let says = match says {
                    ["up"] => Some(Says::Up),
                    ["withdrawn"] => None,
                    ["down", dark] => Some(Says::Down { dark: span(dark.trim_start_matches("dark=")) }),
                    _ => panic!("a ballot says `up`, `down dark=TIME` or `withdrawn`: {line}"),
                };
                self.ballot(by, &subject(about), says);
            }
            ["silent", name] => self.silent(name),
            ["heard", name, ago] => drop(self.standing.fresh.insert(site(name), span(ago))),
            ["able", name, since] => self.steady(name, Steady::Able(span(since))),
            ["unable", name, since] => self.steady(name, Steady::Unable(span(since))),
            ["jumped", left] => self.standing.jumped = Some(span(left)).filter(|left| !left.is_zero()),
            ["flaps", by, about @ ..] => {
                let subjects = about.iter().map(|about| subject(about)).collect();
                self.agree(by, Fact::FlappingSeen { subjects });
            }
            ["moves", name, to] => self.moves(name, to),
            ["standing", "leads"] => self.standing.reign = Reign::Leads,
            ["standing", "catching-up"] => self.standing.reign = Reign::CatchingUp,
            ["standing", "follows"] => self.standing.reign = Reign::Follows,
            ["quorum", heard, "of", of] => {
                (self.standing.heard, self.standing.of) = (heard.parse().unwrap(), of.parse().unwrap());
            }
            ["policy", words @ ..] => self.policy(words),
            ["lever", watches, words @ ..] => self.lever(watches, words),
            ["tries", name] => self.tries(name),
            words => self.person(words, because),
        }
    }

    /// Binds a lever: `lever london/proxy after 15s keep_up 1 beside manchester/proxy`; `once` has no way back.
    fn lever(&mut self, watches: &str, words: &[&str]) {
        let watches = subject(watches);
        let day = Budget { switches: 4, window: span("24h") };
        let mut rule = LeverRule {
            watches: watches.clone(),
            after: span("15s"),
            lets_go: true,
            keep_up: 0,
            beside: Vec::new(),
            budget: day,
            mode: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "once" => rule.lets_go = false,
                "after" => rule.after = span(words.next().unwrap()),
                "keep_up" => rule.keep_up = words.next().unwrap().parse().unwrap(),
                "mode" => rule.mode = mode(words.next().unwrap()),
                "budget" => rule.budget.switches = words.next().unwrap().parse().unwrap(),
                "beside" => rule.beside = words.by_ref().map(|name| subject(name)).collect(),
                _ => panic!("unknown word of a lever: {word}"),
            }
        }
        self.judge.levers.insert(RouteId::lever(&watches), rule);
        if self.view.schema() < 3 {
            self.agree("netherlands", Fact::SchemaRaised { to: 3 });
        }
    }

    /// An attempt at the run under way is started.
    fn tries(&mut self, name: &str) {
        let (run, seen) = (self.view.routes[name].run.unwrap(), self.view.index);
        self.agree("netherlands", Fact::StepStarted(Attempt { numbers: Vec::new(), ..attempt(run, seen) }));
    }

    fn policy(&mut self, words: &[&str]) {
        let main = self.judge.routes.get_mut("main").unwrap();
        match words {
            ["mode", word] => self.judge.mode = mode(word),
            ["main", "mode", word] => main.mode = mode(word),
            ["main", "prefer", names @ ..] => main.prefer = names.iter().map(|name| site(name)).collect(),
            ["main", "budget", switches, "in", window] => {
                main.budget = Budget { switches: switches.parse().unwrap(), window: span(window) };
            }
            ["main", "last_resort", names @ ..] => {
                main.last_resort = names.iter().map(|name| site(name)).collect();
            }
            ["main", "failback", after] => {
                main.failback = Some(Failback { after: span(after), between: None })
            }
            ["main", "failback", after, hours] => {
                let between = Some(hours.parse().unwrap());
                main.failback = Some(Failback { after: span(after), between });
            }
            ["main", "signalling", at] => main.signalling = vec![at.parse().unwrap()],
            ["main", "refuge"] => main.refuge = Some(SiteId::refuge()),
            ["main", "needs", about] => {
                let about = subject(about);
                main.services.insert(about.site, about.service);
            }
            ["blip", blip] => self.judge.blip.default = span(blip),
            ["blip", about, blip] => drop(self.judge.blip.of.insert(subject(about), span(blip))),
            ["votes", name, votes] => {
                let of = self.judge.sites.iter_mut().find(|s| s.site == site(name)).unwrap();
                of.votes = votes.parse().unwrap();
            }
            ["electorate", about, names @ ..] => {
                let names = names.iter().map(|name| site(name)).collect();
                self.judge.electorates.insert(subject(about), names);
            }
            _ => panic!("unknown policy line: {words:?}"),
        }
    }

    fn person(&mut self, words: &[&str], because: String) {
        let route = |name: &str| (name != "all").then(|| RouteId::new(name));
        let who = |name: &str| Who::new(name);
        let fact = match words {
            ["mode", name, word, "by", by] => {
                Fact::ModeSet { route: route(name), mode: mode(word).unwrap(), who: who(by) }
            }
            ["hold", name, "until", until, "by", by] => {
                let until = self.now + span(until.trim_start_matches('+'));
                Fact::Held { route: route(name), until, because, who: who(by) }
            }
            ["resume", name, "by", by] => Fact::Resumed { route: route(name), who: who(by) },
            ["claim", name, to, "by", by] => Fact::Claimed {
                route: RouteId::new(*name),
                site: site(to),
                playbook: PlaybookId::new("fail-over"),
                because,
                who: who(by),
            },
            ["rings", name, at] => self.adopted(name, at, Adoption::First),
            ["edited", name, at] => self.adopted(name, at, Adoption::Person),
            ["run", name, to] => self.opened(name, to, Vec::new()),
            ["pulls", name] => self.pulled(name, Home::Elsewhere),
            ["lets-go", name] => self.pulled(name, Home::Home),
            ["opens", name] => Fact::IncidentOpened { route: RouteId::new(*name), site: subject(name).site },
            ["passes", name] => Fact::IncidentPassed { incident: self.view.routes[*name].incident.unwrap() },
            ["escalates", name] => Fact::Escalated { incident: self.view.routes[*name].incident.unwrap() },
            ["acks", name, "by", by] => {
                let incident = self.view.routes[*name].incident.unwrap();
                Fact::IncidentAcked { incident, who: who(by) }
            }
            ["end", name, word] => {
                let run = self.view.routes[*name].run.unwrap();
                let word = match *word {
                    "done" => Word::Done,
                    "undone" => Word::Undone,
                    "stuck" => Word::Stuck,
                    _ => panic!("a run ends `done`, `undone` or `stuck`"),
                };
                Fact::RunEnded { run, word, why: because }
            }
            _ => panic!("unknown line: {words:?}"),
        };
        self.agree("netherlands", fact);
    }

    fn steady(&mut self, name: &str, steady: Steady) {
        self.standing.steady.insert((RouteId::new("main"), site(name)), steady);
    }

    /// A whole run that moves the route's number, as automation opens it.
    fn moves(&mut self, name: &str, to: &str) {
        let opened = self.opened(name, to, vec![pointing(to)]);
        self.agree("netherlands", opened);
        let run = self.view.routes[name].run.unwrap();
        let seen = self.view.index;
        self.agree("netherlands", Fact::StepStarted(attempt(run, seen)));
        let (fence, number) = (self.view.index, Number::new("02079460000"));
        let outcome = Outcome {
            number,
            was: Was::Right,
            closure: Closure::Closed,
            seen: Some(Destination::new(to)),
            why: String::new(),
        };
        let outcomes = vec![outcome];
        self.agree(to, Fact::StepEnded { fence, boot: Boot(1), was: Was::Right, outcomes, note: None });
        self.agree("netherlands", Fact::RunEnded { run, word: Word::Done, why: String::new() });
    }

    fn adopted(&self, name: &str, at: &str, from: Adoption) -> Fact {
        let site = (at != "nowhere").then(|| site(at));
        Fact::RouteAdopted { route: RouteId::new(name), site, readings: Vec::new(), from }
    }

    fn opened(&self, name: &str, to: &str, steps: Vec<PlannedStep>) -> Fact {
        let plan = Plan {
            playbook: PlaybookId::new("fail-over"),
            route: RouteId::new(name),
            from: self.view.routes[name].rings_in.clone(),
            to: site(to),
            steps,
        };
        let cause = Cause::Automatic { because: Vec::new() };
        Fact::RunOpened { basis: self.view.index, plan, cause, home: Home::Elsewhere }
    }

    /// A run of a lever's rule; its one step tells people.
    fn pulled(&self, name: &str, home: Home) -> Fact {
        let told = PlannedStep { ensure: Ensure::Notify { text: "told".to_owned() }, ..pointing("london") };
        let site = subject(name).site;
        let plan = Plan {
            playbook: PlaybookId::new(if home == Home::Home { "announce-prefix" } else { "withdraw-prefix" }),
            route: RouteId::new(name),
            from: Some(site.clone()),
            to: site,
            steps: vec![told],
        };
        let cause = Cause::Automatic { because: Vec::new() };
        Fact::RunOpened { basis: self.view.index, plan, cause, home }
    }
}
