//! Which stories there are: their names, what is told of them, and what each must come to.

use clap::ValueEnum;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Which story is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// London loses power while it has the number
    SiteDies,
    /// London is cut off, not dead
    Partition,
    /// The site that leads and acts dies between its SET and the reply
    LeaderDiesMidPlaybook,
    /// London leads, and dies: an election comes first
    LeaderOnDyingSite,
    /// London and Manchester die, two seconds apart
    BothDatacentresDie,
    /// The carrier applies the SET, and its connection dies before the reply
    AppliedButNoReply,
    /// London dies while the carrier accepts connections and says nothing
    CarrierHangs,
    /// London's PBX comes and goes, and then stays away
    Flap,
    /// A person re-points the number at the carrier's portal
    StrangerEdits,
    /// The witness falls silent; later London dies as well
    WitnessDies,
    /// London's proxy dies: a rule has its prefix withdrawn, a person has it announced again
    Lever,
    /// One uplink of London dies, later the other
    Doors,
}

/// What a story must come to, beside what it finds out itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Must {
    /// How often agents may have moved the number.
    pub switches: RangeInclusive<usize>,
    /// Where the number points at the end, and where the cluster believes it to ring.
    pub rings_in: &'static str,
    /// What must have become of runs.
    pub run: Runs,
}

/// What must have become of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// The last one ended well.
    EndWell,
    /// There was none since the fault.
    None,
}

impl Scenario {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::SiteDies => "site-dies",
            Self::Partition => "partition",
            Self::LeaderDiesMidPlaybook => "leader-dies-mid-playbook",
            Self::LeaderOnDyingSite => "leader-on-dying-site",
            Self::BothDatacentresDie => "both-datacentres-die",
            Self::AppliedButNoReply => "applied-but-no-reply",
            Self::CarrierHangs => "carrier-hangs",
            Self::Flap => "flap",
            Self::StrangerEdits => "stranger-edits",
            Self::WitnessDies => "witness-dies",
            Self::Lever => "lever",
            Self::Doors => "doors",
        }
    }

    /// What happens in it.
    pub fn story(self) -> &'static str {
        match self {
            Self::SiteDies => "London loses power while it has the number",
            Self::Partition => "London is cut off, not dead, while it has the number",
            Self::LeaderDiesMidPlaybook => "London dies, then the leader that acts for it",
            Self::LeaderOnDyingSite => "London leads, has the number, and dies",
            Self::BothDatacentresDie => "London dies, and Manchester two seconds later",
            Self::AppliedButNoReply => "London dies; the carrier writes, and cannot say so",
            Self::CarrierHangs => "London dies; the carrier is silent for a minute",
            Self::Flap => "London's PBX comes and goes for a minute, then dies",
            Self::StrangerEdits => "a person points the number elsewhere at the carrier",
            Self::WitnessDies => "the witness falls silent; later London dies as well",
            Self::Lever => "London's proxy dies; its prefix goes, and comes back",
            Self::Doors => "one uplink of London dies, and later the other",
        }
    }

    /// How long it takes at most at the demo's own pace, so that it ends whatever happens.
    pub fn longest(self) -> Duration {
        Duration::from_secs(match self {
            Self::SiteDies | Self::Partition | Self::LeaderDiesMidPlaybook => 24,
            Self::LeaderOnDyingSite | Self::BothDatacentresDie | Self::AppliedButNoReply => 40,
            Self::Doors => 60,
            Self::CarrierHangs | Self::Flap | Self::WitnessDies | Self::Lever => 120,
            Self::StrangerEdits => 240,
        })
    }

    /// The sites that calls reach by two uplinks.
    pub fn two_doors(self) -> Vec<&'static str> {
        if self == Self::Doors { vec!["london"] } else { Vec::new() }
    }

    /// What it must come to.
    pub fn must(self) -> Must {
        let once = |rings_in| Must { switches: 1..=1, rings_in, run: Runs::EndWell };
        match self {
            Self::SiteDies
            | Self::Partition
            | Self::LeaderDiesMidPlaybook
            | Self::LeaderOnDyingSite
            | Self::AppliedButNoReply
            | Self::CarrierHangs
            | Self::Flap => once("manchester"),
            // Whether Manchester is chosen first depends on which of its answers were still to come.
            Self::BothDatacentresDie => Must { switches: 1..=2, ..once("netherlands") },
            // Both by a person's claim, before the first edit.
            Self::StrangerEdits => Must { switches: 2..=2, rings_in: "manchester", run: Runs::None },
            Self::WitnessDies => Must { switches: 0..=0, rings_in: "london", run: Runs::None },
            // What is no route moves no number.
            Self::Lever => Must { switches: 0..=0, ..once("london") },
            Self::Doors => Must { switches: 2..=2, ..once("manchester") },
        }
    }

    /// What can be typed next.
    pub fn next(self) -> [String; 3] {
        let mut rest = Self::value_variants().iter().skip_while(|other| **other != self).skip(1);
        let next = match rest.next() {
            Some(next) => format!("--scenario {}", next.name()),
            None => "--pace calm              the product's own pace".to_owned(),
        };
        let keep = "         pointsman-lab demo --keep                   leaves it running for you";
        [String::new(), format!("  Next:  pointsman-lab demo {next}"), keep.to_owned()]
    }
}
