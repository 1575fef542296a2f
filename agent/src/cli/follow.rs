//! Follows one run to its end, line by line.

use super::args::Look;
use super::ending::{Ending, Failure};
use super::print;
use super::screens::{json, telling};
use crate::clock;
use crate::command::Telling;
use crate::control::client::{ClientError, Following};
use state::run::Word;
use state::{Index, RouteId, RunId};
use std::time::Duration;

/// Longer than any run of a thousand numbers takes from one line to the next.
const SILENCE: Duration = Duration::from_secs(10 * 60);

/// The run that an order is going to open, or has opened.
#[derive(Debug)]
pub struct Awaited {
    route: RouteId,
    agreed: Index,
    run: Option<RunId>,
}

/// What a telling is to whoever awaits a run.
#[derive(Debug, PartialEq, Eq)]
pub enum Concern {
    /// Something else.
    None,
    /// A part of it.
    Part,
    /// Its end.
    End(Word),
    /// The order itself was refused after all.
    Refused(String),
}

impl Awaited {
    /// The first run on this route that is opened at this index or later.
    pub fn new(route: RouteId, agreed: Index) -> Self {
        Self { route, agreed, run: None }
    }

    /// Judges one telling; must see every one of them, in order.
    pub fn concern(&mut self, telling: &Telling) -> Concern {
        let part = |part: bool| if part { Concern::Part } else { Concern::None };
        match telling {
            Telling::Decision { run, route, .. } => {
                // A run that was opened before the order is the one that the order ends.
                if self.run.is_none() && *route == self.route && run.0 >= self.agreed.0 {
                    self.run = Some(*run);
                }
                part(self.is(*run))
            }
            Telling::Step { run, .. } => part(self.is(*run)),
            Telling::Run { run, word, .. } if self.is(*run) => Concern::End(*word),
            Telling::CarrierRead { route, .. } => part(self.run.is_some() && *route == self.route),
            Telling::Refused { index, why, .. } if *index == self.agreed => Concern::Refused(why.clone()),
            Telling::Run { .. }
            | Telling::Refused { .. }
            | Telling::Suspect { .. }
            | Telling::Ballot { .. }
            | Telling::Verdict { .. }
            | Telling::Mode { .. }
            | Telling::Leader { .. }
            | Telling::Voice { .. }
            | Telling::Flapping { .. }
            | Telling::HandedOver { .. }
            | Telling::TakenBack { .. }
            | Telling::Leaderless { .. }
            | Telling::Escalated { .. }
            | Telling::Alone { .. }
            | Telling::Agreed { .. }
            | Telling::Policy { .. } => Concern::None,
        }
    }

    fn is(&self, run: RunId) -> bool {
        // A play is the run itself, so its index names the run even if its opening was not told.
        self.run == Some(run) || run.0 == self.agreed.0
    }
}

/// Prints what happens to the run until it ends, and ends as it does.
pub async fn to_its_end(
    mut following: Following,
    mut awaited: Awaited,
    look: &Look,
) -> Result<Ending, Failure> {
    let begun = clock::mono();
    loop {
        let telling = told_within(&mut following).await?;
        let concern = awaited.concern(&telling);
        if concern == Concern::None {
            continue;
        }
        print(&if look.json {
            json::object(&telling)
        } else {
            telling::line(&telling, clock::mono().since(begun))
        })?;
        match concern {
            Concern::End(Word::Done) => return Ok(Ending::Done),
            Concern::End(Word::DoneUnverified | Word::Undone | Word::Stuck) => return Ok(Ending::No),
            Concern::Refused(why) => return Err(Failure::no(why)),
            Concern::Part | Concern::None => {}
        }
    }
}

/// The next telling, unless nothing is told for far too long.
pub async fn told_within(following: &mut Following) -> Result<Telling, Failure> {
    let next = tokio::time::timeout(SILENCE, following.next()).await;
    Ok(next.map_err(|_| silence())??)
}

fn silence() -> Failure {
    let why = format!("nothing was told for {} minutes", SILENCE.as_secs() / 60);
    Failure::from(ClientError::Unfollowed(why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use state::{PlaybookId, SiteId};

    fn opened(run: u64, route: &str) -> Telling {
        Telling::Decision {
            run: RunId(run),
            route: RouteId::new(route),
            playbook: PlaybookId::new("fail-over"),
            from: Some(SiteId::new("london")),
            to: SiteId::new("manchester"),
            because: Vec::new(),
        }
    }

    fn ended(run: u64, word: Word) -> Telling {
        let (route, playbook) = (RouteId::new("main"), PlaybookId::new("fail-over"));
        Telling::Run { run: RunId(run), route, playbook, word, why: String::new() }
    }

    #[test]
    fn a_claim_waits_for_its_own_run_and_not_for_the_one_it_ends() {
        let mut awaited = Awaited::new(RouteId::new("main"), Index(50));
        assert_eq!(awaited.concern(&opened(48, "main")), Concern::None);
        assert_eq!(awaited.concern(&opened(51, "second")), Concern::None);
        assert_eq!(awaited.concern(&ended(48, Word::Undone)), Concern::None);
        assert_eq!(awaited.concern(&opened(52, "main")), Concern::Part);
        assert_eq!(awaited.concern(&opened(60, "main")), Concern::None);
        assert_eq!(awaited.concern(&ended(52, Word::Stuck)), Concern::End(Word::Stuck));
    }

    #[test]
    fn a_play_is_known_by_its_index_alone() {
        let mut awaited = Awaited::new(RouteId::new("main"), Index(50));
        assert_eq!(awaited.concern(&ended(50, Word::Done)), Concern::End(Word::Done));
        let refused = Telling::Refused { index: Index(50), what: String::new(), why: "held".into() };
        assert_eq!(awaited.concern(&refused), Concern::Refused("held".into()));
    }
}
