//! Observations to opinions: what one site believes of one subject, from its own answers alone.

use crate::limits::{FLAP_CHANGES, FLAP_WINDOW};
use crate::policy::Pace;
use state::Mono;
use state::fact::Says;
use std::fmt;
use std::time::Duration;

/// What a site believes of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// It answers.
    Up,
    /// It has missed an answer, or given the first one again.
    Suspect,
    /// It does not answer.
    Down,
    /// The site cannot know.
    Unsure(Why),
}

/// Why a site cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has just begun to look.
    Start,
    /// It looks again after its clock stood still or its own way out was cut.
    Again,
    /// Its own references are silent: the fault is its own.
    References,
    /// The answers changed too often to believe any of them.
    Flapping,
}

/// What a site has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The subject answered in time, and well.
    Good,
    /// It did not, or said that it is about to stop.
    Miss,
    /// This machine's clock jumped or it stood still: whatever was seen before is old.
    Gap,
    /// None of the references answers any more.
    ReferencesSilent,
    /// A reference answers again.
    ReferencesAnswer,
}

/// How much proof a site asks for when it begins to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// One good answer: calls ring there already, and doubt would only leave them without a witness.
    One,
    /// As many as after a fault.
    Rise,
}

/// By which rules an opinion is formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The subject's pace.
    pub pace: Pace,
    /// What is enough at the start.
    pub proof: Proof,
}

/// An opinion with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    belief: Belief,
    streak: Streak,
    /// The last good answer; or, if later, the moment from which misses were no longer this site's own fault.
    dark_from: Mono,
    /// When the answers turned; only what lies within the window of flapping.
    changes: Vec<Mono>,
    /// Which way they turned last.
    turned: Turned,
}

/// Equal answers in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Streak {
    None,
    Good { count: u32, since: Mono },
    Missed { count: u32, since: Mono },
}

/// Which way the answers turned last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turned {
    /// To the good, or never.
    Good,
    /// To the bad.
    Bad,
}

impl Opinion {
    /// The opinion of a site that begins to look.
    pub fn new(now: Mono) -> Self {
        Self {
            belief: Belief::Unsure(Why::Start),
            streak: Streak::None,
            dark_from: now,
            changes: Vec::new(),
            turned: Turned::Good,
        }
    }

    /// What the site believes.
    pub fn belief(&self) -> Belief {
        self.belief
    }

    /// How long the newest good answer has been gone.
    pub fn dark(&self, now: Mono) -> Duration {
        now.since(self.dark_from)
    }

    /// What the site says aloud; doubt is not said, it withdraws what was.
    pub fn says(&self, now: Mono) -> Option<Says> {
        match self.belief {
            Belief::Up => Some(Says::Up),
            Belief::Down => Some(Says::Down { dark: self.dark(now) }),
            Belief::Suspect | Belief::Unsure(_) => None,
        }
    }

    /// How many answers of the last kind there were in a row, and of how many that matter: `2 of 5`.
    pub fn streak(&self, rules: &Rules) -> (u32, u32) {
        match self.streak {
            Streak::None => (0, rules.pace.fall),
            Streak::Good { count, .. } => (count, rules.pace.rise),
            Streak::Missed { count, .. } => (count, rules.pace.fall),
        }
    }

    /// The opinion after an event.
    pub fn see(&mut self, event: Event, rules: &Rules, now: Mono) {
        if event == Event::ReferencesAnswer && self.belief != Belief::Unsure(Why::References) {
            return;
        }
        self.streak = self.streak.next(event, now);
        if !matches!(event, Event::Miss) {
            // A miss alone lets the dark grow: every other event says that it begins no earlier than now.
            self.dark_from = now;
        }
        self.changes.retain(|at| now.since(*at) < FLAP_WINDOW);
        if let Some(turned) = self.turns(rules) {
            self.turned = turned;
            self.changes.push(now);
        }
        let believed = self.belief.next(event, &Evidence { streak: self.streak, rules, now });
        self.settle(believed);
    }

    /// Which way the answers turn with this event, if they do; once for a row of misses, and once for the good
    /// answers after it. One lost answer is no turn. A second fault before the first is over is one, and so are
    /// misses for half of `fall`, and as many good answers after them: so a subject counts too that is never gone
    /// for long enough to be down, nor back for long enough to be up.
    fn turns(&self, rules: &Rules) -> Option<Turned> {
        let half = rules.pace.fall.div_ceil(2).max(2);
        match self.streak {
            _ if self.belief == Belief::Unsure(Why::Flapping) => None,
            Streak::Missed { count: 1, .. } if self.belief == Belief::Suspect => Some(Turned::Bad),
            Streak::Missed { count, since } if count == half => {
                let counted = self.changes.last().is_some_and(|at| *at >= since);
                (!counted).then_some(Turned::Bad)
            }
            Streak::Good { count, .. } if count == half && self.turned == Turned::Bad => Some(Turned::Good),
            Streak::Missed { .. } | Streak::Good { .. } | Streak::None => None,
        }
    }

    /// Takes the new belief, unless the answers turned too often; once they came to rest the past counts no more.
    fn settle(&mut self, believed: Belief) {
        let was_flapping = self.belief == Belief::Unsure(Why::Flapping);
        if was_flapping && matches!(believed, Belief::Up | Belief::Down) {
            self.changes.clear();
        }
        let own_fault = believed == Belief::Unsure(Why::References);
        let flaps = self.changes.len() > FLAP_CHANGES && !own_fault;
        self.belief = if flaps { Belief::Unsure(Why::Flapping) } else { believed };
    }
}

/// What a belief is judged by.
struct Evidence<'a> {
    streak: Streak,
    rules: &'a Rules,
    now: Mono,
}

impl Evidence<'_> {
    /// Good answers, enough to believe them.
    fn risen(&self, needed: u32) -> bool {
        matches!(self.streak, Streak::Good { count, .. } if count >= needed)
    }

    /// Misses, enough to believe them.
    fn fallen(&self) -> bool {
        matches!(self.streak, Streak::Missed { count, .. } if count >= self.rules.pace.fall)
    }

    /// Answers of one kind for so long that a flapping subject has come to rest.
    fn steady(&self) -> bool {
        match self.streak {
            Streak::None => false,
            Streak::Good { since, .. } | Streak::Missed { since, .. } => {
                self.now.since(since) >= self.rules.pace.blip * 2
            }
        }
    }

    /// How many good answers are enough for a site that cannot know.
    fn proof(&self, why: Why) -> u32 {
        match (why, self.rules.proof) {
            (Why::Start, Proof::One) => 1,
            (_, _) => self.rules.pace.rise,
        }
    }
}

impl Belief {
    /// The table: what is believed after an event.
    fn next(self, event: Event, evidence: &Evidence<'_>) -> Self {
        use Belief::{Down, Suspect, Unsure, Up};
        use Event::{Gap, Good, Miss, ReferencesAnswer, ReferencesSilent};
        match (self, event) {
            (_, ReferencesSilent) => Unsure(Why::References),
            (Unsure(Why::References), ReferencesAnswer) => Unsure(Why::Again),
            (Unsure(Why::References), _) => Unsure(Why::References),
            (Unsure(Why::Flapping), Good) if evidence.steady() => Up,
            (Unsure(Why::Flapping), Miss) if evidence.steady() => Down,
            (Unsure(Why::Flapping), _) => Unsure(Why::Flapping),
            (_, Gap) => Unsure(Why::Again),
            (Unsure(why), Good) if evidence.risen(evidence.proof(why)) => Up,
            (Suspect, Good) if evidence.risen(evidence.rules.pace.rise) => Up,
            (Suspect | Unsure(_), Miss) if evidence.fallen() => Down,
            (Up, Miss) | (Down, Good) => Suspect,
            (from, Good | Miss | ReferencesAnswer) => from,
        }
    }
}

impl Streak {
    fn next(self, event: Event, now: Mono) -> Self {
        match (self, event) {
            (Self::Good { count, since }, Event::Good) => {
                Self::Good { count: count.saturating_add(1), since }
            }
            (Self::Missed { count, since }, Event::Miss) => {
                Self::Missed { count: count.saturating_add(1), since }
            }
            (_, Event::Good) => Self::Good { count: 1, since: now },
            (_, Event::Miss) => Self::Missed { count: 1, since: now },
            (_, Event::Gap | Event::ReferencesSilent | Event::ReferencesAnswer) => Self::None,
        }
    }
}

impl fmt::Display for Belief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Up => "up",
            Self::Suspect => "suspect",
            Self::Down => "down",
            Self::Unsure(_) => "unsure",
        })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Start => "it has just begun to look",
            Self::Again => "it has to look again",
            Self::References => "its own references are silent",
            Self::Flapping => "the answers change too often",
        })
    }
}
