//! What a peer may say: raft-rs trusts its peers and panics where they lie, so they are read here first.

use super::seats::{RaftId, Seats};
use super::strangers::Strangers;
use super::voter::Voter;
use super::wire::{CONTEXT_LIMIT, ENTRIES_LIMIT, ENTRY_LIMIT, Kind, LARGEST, Message, SNAPSHOT_LIMIT};
use raft::{StateRole, Storage};
use state::SiteId;
use thiserror::Error;

/// How far above our own a term may be: a million elections, which is four months of nothing but elections. Whoever
/// slept longer than that is readmitted; and no liar comes to the end of all terms, where nobody could be elected.
const LEAP: u64 = 1 << 20;

/// Why a message was not stepped. None of these harms anybody: Raft lives with lost messages.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// A site that speaks for another, or a stranger.
    #[error("refused a message of {id} from {site}, whose voter it is not")]
    NotYours {
        /// Who carried it.
        site: SiteId,
        /// Who it says it is.
        id: RaftId,
    },
    /// Not for us.
    #[error("refused a message to {0}, who does not sit here")]
    NotOurs(RaftId),
    /// A learner campaigned, led, or voted.
    #[error("refused a {kind:?} from {id}, who has no vote")]
    NoVote {
        /// Who.
        id: RaftId,
        /// What it tried.
        kind: Kind,
    },
    /// Larger than any honest message.
    #[error("refused a {0:?}: it is larger than any honest one")]
    TooLarge(Kind),
    /// Terms or indexes that cannot be.
    #[error("refused a {kind:?} from {id}: {why}")]
    Nonsense {
        /// From whom.
        id: RaftId,
        /// What kind.
        kind: Kind,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Whether only a voter may say it. A learner that leads was given a vote by a change that this site has not come to
/// yet, and leading is how it gets there.
fn needs_vote(kind: Kind) -> bool {
    match kind {
        Kind::AppendAnswer | Kind::HeartbeatAnswer | Kind::Append | Kind::Snapshot | Kind::Heartbeat => false,
        Kind::Vote | Kind::VoteAnswer | Kind::PreVote | Kind::PreVoteAnswer | Kind::TimeoutNow => true,
    }
}

/// Who speaks, and whether it may. An id that came after all that this site knows is believed of a site if a third
/// one says so in its greeting: a site that slept must be able to follow a leader with a new id, and nobody can bring
/// one forward alone.
pub(super) fn admit(
    (seats, strangers): (&Seats, &mut Strangers),
    from: &SiteId,
    message: &Message,
) -> Result<(), Refused> {
    let (id, kind) = (message.from, message.kind);
    match seats.site(id) {
        Some(site) if site != from => Err(Refused::NotYours { site: from.clone(), id }),
        Some(_) if !seats.votes(id) && needs_vote(kind) => Err(Refused::NoVote { id, kind }),
        Some(_) => Ok(()),
        None if id > seats.greatest() && strangers.vouched(id, from, needs_vote(kind)) => {
            strangers.meet(id, from);
            Ok(())
        }
        None => Err(Refused::NotYours { site: from.clone(), id }),
    }
}

fn sizes(message: &Message) -> Result<(), Refused> {
    let total: usize = message.entries.iter().map(|entry| entry.bytes.len()).sum();
    // One entry is always sent, however large; the others only while they fit beside it.
    let fits = message.entries.len() <= ENTRIES_LIMIT
        && total <= 2 * ENTRY_LIMIT
        && message.entries.iter().all(|entry| entry.bytes.len() <= ENTRY_LIMIT)
        && message.context.len() <= CONTEXT_LIMIT
        && message.snapshot.as_ref().is_none_or(|snapshot| snapshot.bytes.len() <= SNAPSHOT_LIMIT);
    if fits { Ok(()) } else { Err(Refused::TooLarge(message.kind)) }
}

/// What holds of every honest message, whatever the log of its receiver.
fn sense(message: &Message) -> Result<(), &'static str> {
    let numbers = [message.term.0, message.log_term.0, message.commit_term.0];
    let places = [message.index.0, message.commit.0, message.reject_hint.0];
    if numbers.into_iter().chain(places).any(|number| number > LARGEST) {
        return Err("a number is out of range");
    }
    if message.term.0 == 0 {
        return Err("it has no term, as only local messages have none");
    }
    if message.kind != Kind::Append && !message.entries.is_empty() {
        return Err("it has entries");
    }
    if message.snapshot.is_some() != (message.kind == Kind::Snapshot) {
        return Err("its kind and its snapshot contradict each other");
    }
    // raft-rs takes term 0 as the term of every entry that it does not have, and so would leave a hole.
    if message.kind == Kind::Append && (message.index.0 == 0) != (message.log_term.0 == 0) {
        return Err("its entries follow an entry without a term");
    }
    let mut at = (message.index.0, message.log_term.0);
    for entry in &message.entries {
        if entry.change.as_ref().is_some_and(|change| !change.is_sane()) {
            return Err("it changes the membership to what cannot be");
        }
        if entry.index.0 != at.0 + 1 || entry.term.0 < at.1 || entry.term > message.term {
            return Err("its entries do not follow each other");
        }
        at = (entry.index.0, entry.term.0);
    }
    Ok(())
}

/// Whether it is an honest message, and fits here, where raft-rs would panic over another.
pub(super) fn fits(voter: &Voter, message: &Message) -> Result<(), Refused> {
    let nonsense = |why| Refused::Nonsense { id: message.from, kind: message.kind, why };
    sizes(message)?;
    sense(message).map_err(nonsense)?;
    let raft = &voter.raw.raft;
    if raft.term > 0 && message.term.0 > raft.term.saturating_add(LEAP) {
        return Err(nonsense("its term is further ahead than elections could have brought it"));
    }
    let last = raft.raft_log.last_index();
    match message.kind {
        Kind::Heartbeat if message.commit.0 > last => {
            // An honest leader says so only if it saw us hold that entry: we have lost what we had.
            Err(nonsense("it says agreed what this log does not hold"))
        }
        Kind::AppendAnswer | Kind::HeartbeatAnswer
            if raft.state == StateRole::Leader && message.term.0 == raft.term =>
        {
            let beyond = !message.reject && message.index.0 > last;
            if beyond || message.commit.0 > last {
                return Err(nonsense("it holds more than its leader"));
            }
            Ok(())
        }
        Kind::Snapshot => {
            let Some(snapshot) = &message.snapshot else { return Err(nonsense("it is empty")) };
            let (places, terms) = (1..=LARGEST, 1..=message.term.0);
            if !places.contains(&snapshot.index.0) || !terms.contains(&snapshot.term.0) {
                return Err(nonsense("it stands at no possible place"));
            }
            if !snapshot.seats.is_sane() || !snapshot.seats.has(voter.id) {
                return Err(nonsense("its members are not those of a group with this voter"));
            }
            let known = raft.raft_log.store.term(snapshot.index.0).ok();
            if snapshot.index.0 <= raft.raft_log.committed && known.is_some_and(|t| t != snapshot.term.0) {
                return Err(nonsense("it contradicts what is agreed"));
            }
            Ok(())
        }
        Kind::Append
        | Kind::AppendAnswer
        | Kind::Vote
        | Kind::VoteAnswer
        | Kind::PreVote
        | Kind::PreVoteAnswer
        | Kind::Heartbeat
        | Kind::HeartbeatAnswer
        | Kind::TimeoutNow => Ok(()),
    }
}
