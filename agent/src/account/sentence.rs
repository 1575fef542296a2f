//! Each kind of fact as a sentence, in the words of the screens; what it changes is seen from the view before it.

use super::{About, attempts, members};
use policies::reason::Age;
use state::alone::AloneClaim;
use state::fact::{Adoption, Ballot, Entry, Fact, Reading, Says};
use state::plan::Plan;
use state::run::Cause;
use state::view::SiteBallots;
use state::{IncidentId, Index, RouteId, RunId, SiteId, Subject, View};

/// A fact in words.
#[derive(Debug)]
pub struct Sentence {
    /// What it is about.
    pub about: About,
    /// What it says.
    pub text: String,
    /// Its reasons, and what else belongs to it, line by line.
    pub more: Vec<String>,
}

impl Sentence {
    /// A sentence without reasons.
    pub fn of(about: About, text: String) -> Self {
        Self { about, text, more: Vec::new() }
    }

    /// With one reason, unless it says nothing.
    pub fn because(mut self, why: &str) -> Self {
        self.more.extend(Some(format!("because {why}")).filter(|_| !why.is_empty()));
        self
    }
}

/// The entry at `index` in words; `before` is the view that it was folded on, if that is known.
pub fn sentence(index: Index, entry: &Entry, before: Option<&View>) -> Sentence {
    let by = &entry.origin.site;
    match &entry.fact {
        Fact::PolicyAgreed { text, who } => {
            let digest = state::chain::digest(text);
            let text = format!("policy {digest} is in force everywhere, brought by {who}");
            Sentence::of(About::Everything, text)
        }
        Fact::PolicyEdited { text, base, who } => {
            let digest = state::chain::digest(text);
            let text = format!("policy {digest} takes the place of {base}, edited by {who}");
            Sentence::of(About::Everything, text)
        }
        Fact::BallotsCast { ballots } => said(by, ballots, before),
        Fact::FlappingSeen { subjects } => flapping(by, subjects),
        Fact::SiteSilent { site, .. } => {
            let text = format!("{site} is silent: what it said last no longer counts");
            Sentence::of(About::Site(site.clone()), text)
        }
        Fact::IncidentOpened { .. }
        | Fact::IncidentPassed { .. }
        | Fact::IncidentAcked { .. }
        | Fact::Escalated { .. } => incident(index, &entry.fact, before),
        Fact::RunOpened { plan, cause, .. } => opened(index, plan, cause),
        Fact::StepStarted(_)
        | Fact::StepEnded { .. }
        | Fact::StepEndedLate { .. }
        | Fact::StepLost { .. }
        | Fact::AttemptLapsed { .. }
        | Fact::StepPassed { .. }
        | Fact::StepSeen { .. }
        | Fact::StepRead { .. } => attempts::sentence(index, &entry.fact, before),
        Fact::RunTurned { run, why } => {
            Sentence::of(of_run(*run, before), format!("{run} turns back: {why}"))
        }
        Fact::RunEnded { run, word, why } => {
            Sentence::of(of_run(*run, before), format!("{run} ended: {word}")).because(why)
        }
        Fact::RouteAdopted { route, site, readings, from } => {
            adopted((route, site.as_ref()), readings, *from)
        }
        Fact::ModeSet { .. }
        | Fact::Held { .. }
        | Fact::Resumed { .. }
        | Fact::Claimed { .. }
        | Fact::PreparationOrdered { .. }
        | Fact::Played { .. } => person(&entry.fact),
        Fact::SlotsRead { route, readings } => slots(route, readings),
        Fact::ClaimedAlone { route, claim, .. } => alone(route, claim),
        Fact::HandedOver { .. } | Fact::TakenBack { .. } | Fact::Leaderless { .. } => hand_over(&entry.fact),
        Fact::Born { site, disk, .. } => members::born(site, *disk),
        Fact::Readmitted { site, who, .. } => members::readmitted(site, who),
        Fact::VotesChanging { seated } => members::changing(seated),
        Fact::VotesChanged { seated } => members::changed(seated),
        Fact::VotesGiven { site, raft_ids } => members::given(site, raft_ids.len()),
        Fact::BundleRevoked { site, who } => members::revoked(site, who),
        Fact::BundleTrusted { site, key, who } => members::trusted(site, *key, who),
        Fact::SchemaRaised { to } => raised(*to),
    }
}

fn raised(to: u16) -> Sentence {
    let text = format!("every site reads facts of schema {to}: they may be written");
    Sentence::of(About::Everything, text)
}

/// What a run is about, as long as anybody remembers it.
pub fn of_run(run: RunId, before: Option<&View>) -> About {
    let known = before.and_then(|view| view.runs.get(&run));
    known.map_or(About::Everything, |run| About::Route(run.plan.route.clone()))
}

/// Only what is new in a set of ballots is said.
fn said(by: &SiteId, ballots: &[Ballot], before: Option<&View>) -> Sentence {
    let stood: Option<&SiteBallots> = before.and_then(|view| view.ballots.get(by));
    let same = |subject: &Subject, says: Says| match (stood.and_then(|old| old.set.get(subject)), says) {
        (Some(Says::Up), Says::Up) | (Some(Says::Down { .. }), Says::Down { .. }) => true,
        (Some(Says::Up | Says::Down { .. }) | None, Says::Up | Says::Down { .. }) => false,
    };
    let new: Vec<&Ballot> = ballots.iter().filter(|ballot| !same(&ballot.subject, ballot.says)).collect();
    let word = |ballot: &&Ballot| match ballot.says {
        Says::Up => format!("{} up", ballot.subject),
        Says::Down { dark } => format!("{} down, last good answer {} before", ballot.subject, Age(dark)),
    };
    let standing = |subject: &&Subject| !ballots.iter().any(|ballot| ballot.subject == **subject);
    let taken = stood.map(|old| old.set.keys().filter(standing).collect::<Vec<_>>()).unwrap_or_default();
    let mut words: Vec<String> = new.iter().map(word).collect();
    words.extend(taken.iter().map(|subject| format!("no longer sure of {subject}")));
    let about = new.iter().map(|ballot| &ballot.subject).chain(taken).map(|subject| &subject.site);
    let sites: Vec<&SiteId> = about.collect();
    let text = if words.is_empty() { "the same as before".to_owned() } else { words.join("; ") };
    let alone = sites.first().filter(|first| sites.iter().all(|site| site == *first));
    let about = alone.map_or(About::Everything, |site| About::Site((*site).clone()));
    Sentence::of(about, format!("{by} says: {text}"))
}

fn flapping(by: &SiteId, subjects: &[Subject]) -> Sentence {
    let names: Vec<String> = subjects.iter().map(ToString::to_string).collect();
    let text = match names.as_slice() {
        [] => format!("nothing flaps any more, as seen from {by}"),
        [one] => format!("{one} flaps, as seen from {by}"),
        many => format!("{} flap, as seen from {by}", many.join(" and ")),
    };
    let site = subjects.first().map_or(by, |subject| &subject.site);
    Sentence::of(About::Site(site.clone()), text)
}

fn incident(index: Index, fact: &Fact, before: Option<&View>) -> Sentence {
    let about = |id: &IncidentId| {
        let known = before.and_then(|view| view.incidents.get(id));
        known.map_or(About::Everything, |incident| About::Route(incident.route.clone()))
    };
    if let Fact::IncidentPassed { incident } = fact {
        return Sentence::of(
            about(incident),
            format!("{incident} is over by itself: the site answers again"),
        );
    }
    if let Fact::IncidentAcked { incident, who } = fact {
        return Sentence::of(about(incident), format!("{who} has seen {incident}"));
    }
    if let Fact::Escalated { incident } = fact {
        let text = format!("nobody has seen {incident} in time: automation only leaves a dead site");
        return Sentence::of(about(incident), text);
    }
    let Fact::IncidentOpened { route, site } = fact else {
        return Sentence::of(About::Everything, String::new());
    };
    let id = IncidentId(index.0);
    let text = match route.is_lever() {
        true => format!("{id} begins: {route} is down"),
        false => format!("{id} begins: {site}, where {route} rings, is down"),
    };
    Sentence::of(About::Route(route.clone()), text)
}

fn opened(index: Index, plan: &Plan, cause: &Cause) -> Sentence {
    let from = plan.from.as_ref().map_or("nowhere", SiteId::as_str);
    let (run, playbook, route) = (RunId(index.0), &plan.playbook, &plan.route);
    let nowhere = route.is_lever() || plan.prepares();
    let way = if nowhere { String::new() } else { format!(", {from} -> {}", plan.to) };
    let text = format!("{run} begins: {playbook} of {route}{way}");
    let because = match cause {
        Cause::Automatic { because } | Cause::Repair { because, .. } => because.clone(),
        Cause::Person { who, because } => vec![format!("{who} said: {because}")],
    };
    because.iter().fold(Sentence::of(About::Route(route.clone()), text), |said, why| said.because(why))
}

fn adopted((route, site): (&RouteId, Option<&SiteId>), readings: &[Reading], from: Adoption) -> Sentence {
    let shows = match (site, readings.first().and_then(|first| first.shows.as_ref())) {
        (Some(site), _) => site.to_string(),
        (None, Some(shows)) => format!("{shows}, no site of ours"),
        (None, None) => "nothing".to_owned(),
    };
    let why = match from {
        Adoption::First => "read for the first time",
        Adoption::Person => "somebody changed it there; manual until a person resumes it",
        Adoption::Own => "as it was wanted or verified before",
    };
    let text = format!("the carrier shows {shows} for {route}, and that is taken as true: {why}");
    Sentence::of(About::Route(route.clone()), text)
}

fn every(route: Option<&RouteId>) -> (About, String) {
    let about = route.map_or(About::Everything, |route| About::Route(route.clone()));
    (about, route.map_or("every route".to_owned(), RouteId::to_string))
}

/// What a person decided, with the name.
fn person(fact: &Fact) -> Sentence {
    if let Fact::ModeSet { route, mode, who } = fact {
        let (about, of) = every(route.as_ref());
        return Sentence::of(about, format!("{who} set {of} to mode {mode}"));
    }
    if let Fact::Held { route, until, because, who } = fact {
        let (about, of) = every(route.as_ref());
        return Sentence::of(about, format!("{who} held {of} until {until}")).because(because);
    }
    if let Fact::Played { route, site, playbook, given, because, who } = fact {
        let with: Vec<String> = given.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let text = format!("{who} decided that {site} shall have {route}, by {playbook} {}", with.join(" "));
        return Sentence::of(About::Route(route.clone()), text).because(because);
    }
    if let Fact::Claimed { route, site, playbook, because, who } = fact {
        let text = format!("{who} decided that {site} shall have {route}, by {playbook}");
        return Sentence::of(About::Route(route.clone()), text).because(because);
    }
    if let Fact::PreparationOrdered { route, because, who } = fact {
        let text = format!("{who} wants slots 2 and 3 of {route} prepared");
        return Sentence::of(About::Route(route.clone()), text).because(because);
    }
    let Fact::Resumed { route, who } = fact else { return Sentence::of(About::Everything, String::new()) };
    let (about, of) = every(route.as_ref());
    Sentence::of(about, format!("{who} let automation act on {of} again"))
}

/// What slots 2 and 3 are known to show from here on.
fn slots(route: &RouteId, readings: &[Reading]) -> Sentence {
    let one = |reading: &Reading| {
        let shows = reading.shows.as_ref().map_or("nothing", |shows| shows.as_str());
        format!("slot {} of {} shows {shows}", reading.number.slot(), reading.number.line())
    };
    let text = match readings {
        [] => "slots 2 and 3 were read".to_owned(),
        [only] => one(only),
        [first, _] => format!("{}; 1 more slot was read", one(first)),
        [first, rest @ ..] => format!("{}; {} more slots were read", one(first), rest.len()),
    };
    Sentence::of(About::Route(route.clone()), text)
}

fn alone(route: &RouteId, claim: &AloneClaim) -> Sentence {
    let AloneClaim { at, to, who, because, done, .. } = claim;
    let text = format!("{who} pointed {route} at {to} alone, from {at} at {done}, without an agreement");
    Sentence::of(About::Route(route.clone()), text).because(because)
}

fn hand_over(fact: &Fact) -> Sentence {
    if let Fact::HandedOver { route, strength, because, .. } = fact {
        let text = format!("{route} is {strength}");
        return Sentence::of(About::Route(route.clone()), text).because(because);
    }
    if let Fact::TakenBack { route, .. } = fact {
        let text = format!("automation has {route} again: what was in the way is over");
        return Sentence::of(About::Route(route.clone()), text);
    }
    let Fact::Leaderless { lasted, strength, .. } = fact else {
        return Sentence::of(About::Everything, String::new());
    };
    let text = format!("nobody could lead for {}; every route was {strength}", Age(*lasted));
    Sentence::of(About::Everything, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use state::Stamp;
    use state::fact::Origin;
    use std::time::Duration;

    #[test]
    fn only_what_is_new_in_a_set_of_ballots_is_said() {
        let (office, pbx) = (SiteId::new("office"), |name: &str| Subject::pbx(&SiteId::new(name)));
        let ballot = |name: &str, says| Ballot { subject: pbx(name), says };
        let down = Says::Down { dark: Duration::from_secs(3) };
        let entry = |n, ballots| Entry {
            origin: Origin { site: office.clone(), starts: state::Starts(1), n },
            stamp: Stamp::from_millis(n),
            fact: Fact::BallotsCast { ballots },
        };
        let mut view = View::birth("bytemark");
        let first = entry(1, vec![ballot("london", Says::Up), ballot("manchester", Says::Up)]);
        let said = sentence(Index(1), &first, Some(&view));
        assert_eq!(said.text, "office says: london/pbx up; manchester/pbx up");
        let _ = view.apply(Index(1), b"", &first);
        let second = entry(2, vec![ballot("london", down)]);
        let said = sentence(Index(2), &second, Some(&view));
        let expected =
            "office says: london/pbx down, last good answer 3.0s before; no longer sure of manchester/pbx";
        assert_eq!(said.text, expected);
        assert_eq!(said.about, About::Everything);
        let said = sentence(Index(2), &second, None);
        assert_eq!(said.about, About::Site(SiteId::new("london")), "without a view all of it is new");
    }
}
