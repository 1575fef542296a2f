//! One vote: a Raft over its own log, and how it is set up.

use super::batch::{Cut, VoterState};
use super::log::{LoadError, Log};
use super::logger;
use super::seats::{RaftId, Seats};
use super::wire::ENTRY_LIMIT;
use super::{ELECTION_TICK, HEARTBEAT_TICK, RANK_TICK};
use raft::{Config, ProgressState, RawNode, ReadOnlyOption, SnapshotStatus, StateRole};
use std::collections::BTreeMap;

/// Appends under way to one voter: with `ENTRY_LIMIT` each, at most 8 MiB wait for a slow link.
const INFLIGHT: usize = 32;
/// Proposals that wait for a majority; more means that nobody answers, and the proposer should hear it.
const UNCOMMITTED_LIMIT: u64 = 4 * 1024 * 1024;
/// Agreed entries handed over at once: a long replay comes in pieces.
const REPLAY_LIMIT: u64 = 1024 * 1024;
/// Ticks until a snapshot counts as lost: raft-rs sends nothing else to its receiver until it is told.
const SNAPSHOT_PATIENCE: u32 = 50;

/// One id with its Raft.
pub(super) struct Voter {
    pub(super) id: RaftId,
    pub(super) raw: RawNode<Log>,
    pub(super) cut: Option<Cut>,
    /// Who sits where as far as this voter has applied its log; its twin may be further.
    pub(super) seats: Seats,
    /// Receivers of snapshots, and for how many ticks they have been silent about it.
    snapshots: BTreeMap<u64, u32>,
}

impl Voter {
    /// A voter as its disk tells. `birth` are the seats before its first entry, `rank` its place among those who
    /// campaign.
    pub(super) fn new(birth: &Seats, rank: usize, state: VoterState) -> Result<Self, LoadError> {
        let id = state.id;
        let (log, seats) = Log::new(state, birth)?;
        let raw = RawNode::new(&config(rank, id), log, &logger::logger());
        let raw = raw.map_err(|error| LoadError::Raft { id, why: error.to_string() })?;
        Ok(Self { id, raw, cut: None, seats, snapshots: BTreeMap::new() })
    }

    pub(super) fn leads(&self) -> bool {
        self.raw.raft.state == StateRole::Leader
    }

    /// A receiver of a snapshot that has been lost on the way is asked again where it stands.
    pub(super) fn forget_lost_snapshots(&mut self) {
        if !self.leads() {
            self.snapshots.clear();
            return;
        }
        let all = self.raw.raft.prs().iter();
        let waiting = all.filter(|(_, progress)| progress.state == ProgressState::Snapshot);
        let waiting: Vec<u64> = waiting.map(|(&id, _)| id).collect();
        self.snapshots.retain(|id, _| waiting.contains(id));
        for id in waiting {
            let ticks = self.snapshots.entry(id).or_insert(0);
            *ticks += 1;
            if *ticks >= SNAPSHOT_PATIENCE {
                self.snapshots.remove(&id);
                self.raw.report_snapshot(id, SnapshotStatus::Failure);
            }
        }
    }
}

/// Windows are disjoint by rank and one tick wide, because raft-rs draws from the thread's own dice: so the
/// order of campaigns is known, and a simulation repeats itself. `priority` stays 0: a lower one would refuse
/// its vote to the only candidate that can win.
fn config(rank: usize, id: RaftId) -> Config {
    let window = ELECTION_TICK + RANK_TICK * rank;
    Config {
        id: id.0,
        election_tick: ELECTION_TICK,
        heartbeat_tick: HEARTBEAT_TICK,
        min_election_tick: window,
        max_election_tick: window + 1,
        pre_vote: true,
        check_quorum: true,
        read_only_option: ReadOnlyOption::Safe,
        max_size_per_msg: ENTRY_LIMIT as u64,
        max_inflight_msgs: INFLIGHT,
        max_uncommitted_size: UNCOMMITTED_LIMIT,
        max_committed_size_per_ready: REPLAY_LIMIT,
        ..Config::default()
    }
}
