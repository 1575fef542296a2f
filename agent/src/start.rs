//! Start-up: files, disk and links become an agent; its memory is the replay of its journal.

mod disk;

use crate::causes::with_causes;
use crate::cluster_clock::ClusterClock;
use crate::door::{self, Door, Named, Own, Stand};
use crate::links::{Identity as Certificate, IdentityError};
use crate::node::{Node, Shelf, Start};
use crate::quorum::{LoadError, Past, Quorum, RaftId, Seat, Seats, SeatsError, Standing, VoterState};
use crate::site::{SiteFile, SiteFileError};
use crate::store::{Store, StoreError};
use crate::{clock, event};
use playbooks::Playbook;
use policies::Policy;
use state::{Boot, CarrierId, Index, PlaybookId, SiteId, View, codec};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why an agent does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The site file.
    #[error(transparent)]
    Site(#[from] SiteFileError),
    /// A file that is needed.
    #[error("cannot read `{}`", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The folder for the database.
    #[error("cannot make the folder `{}`", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The policy or a playbook has faults; they are shown as `pointsman check` shows them.
    #[error("{0}")]
    Faults(String),
    /// The certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Two files speak of different things.
    #[error("cannot start as {here}: {what}")]
    Mismatch {
        /// The site of the site file.
        here: SiteId,
        /// What does not fit.
        what: String,
    },
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal holds what this version cannot read.
    #[error("cannot replay entry {index} of the journal")]
    Replay {
        /// Which entry.
        index: Index,
        /// Why.
        source: codec::CodecError,
    },
    /// The journal has a gap, and nothing stands for what it lacks.
    #[error("cannot replay the journal: it has a gap up to {gap}, and no snapshot stands for what it lacks")]
    Gap {
        /// Where the gap ends.
        gap: Index,
    },
    /// The snapshot that stands for a gap was written by another version.
    #[error("cannot read the snapshot at {index}, which stands for a gap of the journal")]
    Snapshot {
        /// Where it was taken.
        index: Index,
        /// The decoder's words.
        source: postcard::Error,
    },
    /// The file with the name of the disk was edited.
    #[error("cannot read the name of the disk in `{}`", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
    },
    /// What was kept of the birth of the cluster was written by another version.
    #[error("cannot read who sat where at the birth of the cluster")]
    Birth(#[source] postcard::Error),
    /// The table of claims alone was written by another version.
    #[error("cannot read line {n} of the claims alone")]
    Alone {
        /// Which line.
        n: u64,
        /// The decoder's words.
        source: postcard::Error,
    },
    /// The members.
    #[error(transparent)]
    Seats(#[from] SeatsError),
    /// The Raft log.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Everything that the driver needs.
pub struct Ready {
    /// The site file.
    pub site: SiteFile,
    /// The site's certificate.
    pub certificate: Certificate,
    /// The policy that was read, agreed or from the file.
    pub policy: Policy,
    /// The agent.
    pub node: Node,
    /// Its quorum.
    pub quorum: Quorum,
    /// Who may speak to it.
    pub door: Door,
    /// Its clock.
    pub clock: ClusterClock,
    /// Its disk.
    pub store: Store,
}

/// Reads everything and replays the journal. Nothing is executed by replay.
///
/// # Errors
/// Names the file or the entry that stands in the way.
pub fn start(config: &Path) -> Result<Ready, StartError> {
    let site = SiteFile::load(config)?;
    let certificate = Certificate::load(&site.bundle)?;
    let own = own_policy(&site);
    if let Ok((own, _)) = &own {
        agree(&site, &certificate, own)?;
    }
    std::fs::create_dir_all(&site.state)
        .map_err(|source| StartError::Folder { path: site.state.clone(), source })?;
    let shelf = disk::Shelf {
        state: &site.state,
        beside: config.parent().unwrap_or(Path::new("")),
        cluster: certificate.cluster(),
    };
    let Remembered { opened, view, stopped, named } = remember(&shelf, &site.site)?;
    let disk::Opened { mut store, loaded, disk, outside } = opened;
    let (policy, file) = in_force(&view, own, &site.site)?;
    agree(&site, &certificate, &policy)?;
    let votes = policy.sites.iter().map(|s| (s.id.clone(), u32::from(s.votes))).collect();
    let clock = ClusterClock::new(view.stamp, votes);
    let identity =
        event::Identity { site: site.site.clone(), starts: loaded.starts, boot: Boot(rand::random()), disk };
    let stand = match &outside {
        Some(why) => Stand::Outside { why: why.clone() },
        None if loaded.is_blank() && named.is_none() => Stand::Newborn,
        None => Stand::Inside,
    };
    let ids = named.iter().flat_map(|named| &named.raft_ids).copied().map(RaftId).collect();
    let named = named.map(|named| named.at).unwrap_or_default();
    let own = Own { boot: identity.boot, disk, starts: loaded.starts, named, stand: stand.clone() };
    let door = Door::new(site.site.clone(), own, disk::heard(&store, &policy)?);
    let secrets = secrets(&site, &policy);
    let playbooks = shelf_of(&site.playbooks)?;
    let led = store.led()?.map(|at| clock::wall().since(at));
    let alone = disk::alone(&store)?;
    let marks = store.marks()?;
    let start = Start { identity, view, file, secrets, playbooks, stopped, led, alone, outside, marks };
    let node = Node::new(start, clock::mono());
    let past = Past { journal: loaded.last, voters: loaded.voters, ids };
    let past = Some(past).filter(|_| stand == Stand::Inside);
    let quorum = quorum(&policy, &site.site, (&mut store, past))?;
    Ok(Ready { site, certificate, policy, node, quorum, door, clock, store })
}

/// What the disk tells.
struct Remembered {
    opened: disk::Opened,
    view: View,
    stopped: Option<String>,
    named: Option<Named>,
}

/// Opens the disk and replays its journal, which may tell that another disk bears this site's name.
fn remember(shelf: &disk::Shelf<'_>, here: &SiteId) -> Result<Remembered, StartError> {
    let opened = disk::open(shelf)?;
    let (view, stopped) = replay(&opened.store, shelf.cluster, &opened.loaded.voters)?;
    let named = opened.store.kept(door::NAMED)?.and_then(|bytes| Named::from_bytes(&bytes));
    let at = named.as_ref().map(|named| named.at).unwrap_or_default();
    let foreign = view.members.get(here).filter(|member| member.disk != opened.disk && member.at > at);
    if foreign.is_none() {
        return Ok(Remembered { opened, view, stopped, named });
    }
    let why = "its journal tells that another disk is this site's";
    let opened = disk::put_aside(shelf, opened.store, why)?;
    Ok(Remembered { opened, view: View::birth(shelf.cluster), stopped: None, named: None })
}

fn read(path: &Path) -> Result<String, StartError> {
    std::fs::read_to_string(path).map_err(|source| StartError::File { path: path.to_owned(), source })
}

/// The site's own policy file: what the cluster is born with, and from then on only a proposal.
fn own_policy(site: &SiteFile) -> Result<(Policy, String), StartError> {
    let text = read(&site.policy)?;
    Ok((policy(&site.policy.display().to_string(), &text)?, text))
}

/// The agreed policy rules, and a file that was spoilt since does not keep its site down. A site that was added, or
/// brought back, knows the one that has it only once its journal has come so far; until then it goes by its own file.
fn in_force(
    view: &View,
    own: Result<(Policy, String), StartError>,
    here: &SiteId,
) -> Result<(Policy, String), StartError> {
    let Some(agreed) = &view.policy else { return own };
    let read = policy("the agreed policy", &agreed.text)?;
    let has = |policy: &Policy| policy.site(here).is_some();
    if !has(&read) && own.as_ref().is_ok_and(|(own, _)| has(own)) {
        return own;
    }
    if let Err(why) = own {
        tracing::warn!("the own policy file is not used, the agreed policy is in force: {why}");
    }
    Ok((read, agreed.text.clone()))
}

fn policy(name: &str, text: &str) -> Result<Policy, StartError> {
    Policy::read(name, text).map_err(|report| StartError::Faults(report.to_string()))
}

/// The three files must speak of the same site and the same cluster.
fn agree(site: &SiteFile, certificate: &Certificate, policy: &Policy) -> Result<(), StartError> {
    let wrong = |what: String| Err(StartError::Mismatch { here: site.site.clone(), what });
    if *certificate.site() != site.site {
        return wrong(format!("the certificate is that of {}", certificate.site()));
    }
    if certificate.cluster() != policy.cluster {
        let (theirs, ours) = (certificate.cluster(), &policy.cluster);
        return wrong(format!("the certificate is of cluster `{theirs}`, the policy of `{ours}`"));
    }
    if policy.site(&site.site).is_none() {
        return wrong("the policy has no such site".to_owned());
    }
    Ok(())
}

/// The memory that the journal amounts to, and why it stops short if an entry is of a newer version: a site that
/// cannot read on still votes and answers.
fn replay(store: &Store, cluster: &str, voters: &[VoterState]) -> Result<(View, Option<String>), StartError> {
    let mut view = match store.gaps()?.last() {
        Some((after, _)) => beyond(*after, voters)?,
        None => View::birth(cluster),
    };
    for row in store.journal_from(Index(view.index.0 + 1)) {
        let row = row?;
        let entry = match codec::decode(&row.bytes) {
            Ok(entry) => entry,
            Err(why @ codec::CodecError::Schema { .. }) => {
                return Ok((view, Some(format!("entry {} cannot be read: {why}", row.index))));
            }
            Err(source) => return Err(StartError::Replay { index: row.index, source }),
        };
        let _ = view.apply(row.index, &row.bytes, &entry);
    }
    Ok((view, None))
}

/// A journal with a gap does not tell everything: the newest snapshot on the same disk stands for the part
/// that it lacks.
pub fn beyond(gap: Index, voters: &[VoterState]) -> Result<View, StartError> {
    let snapshots = voters.iter().filter_map(|voter| voter.snapshot.as_ref());
    let newest = snapshots.filter(|snapshot| snapshot.index >= gap).max_by_key(|snapshot| snapshot.index);
    let newest = newest.ok_or(StartError::Gap { gap })?;
    postcard::from_bytes(&newest.bytes).map_err(|source| StartError::Snapshot { index: newest.index, source })
}

/// The carriers of the policy whose secret is here.
fn secrets(site: &SiteFile, policy: &Policy) -> Vec<CarrierId> {
    let held = |id: &CarrierId| match site.secrets.read(id.as_str()) {
        Ok(_) => true,
        Err(why) => {
            tracing::warn!("{} will not act at {id}: {why}", site.site);
            false
        }
    };
    policy.carriers.iter().map(|carrier| carrier.id.clone()).filter(held).collect()
}

/// The playbooks that come with the program, and those of the folder, which win. A spoilt one keeps no site down:
/// nothing is played under the name of its file.
pub(crate) fn shelf_of(folder: &Path) -> Result<Shelf, StartError> {
    let mut shelf = BTreeMap::new();
    for (name, text) in playbooks::shipped() {
        let playbook = playbook(name, text)?;
        shelf.insert(playbook.name.clone(), playbook);
    }
    let Ok(listing) = std::fs::read_dir(folder) else { return Ok(shelf) };
    let mut files: Vec<PathBuf> = listing.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    for path in files {
        let read = read(&path).and_then(|text| playbook(&path.display().to_string(), &text));
        match read {
            Ok(playbook) => drop(shelf.insert(playbook.name.clone(), playbook)),
            Err(why) => {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                let why = with_causes(&why);
                tracing::error!("nothing is played as `{name}` until its file is mended: {why}");
                shelf.remove(&PlaybookId::new(name));
            }
        }
    }
    Ok(shelf)
}

fn playbook(name: &str, text: &str) -> Result<Playbook, StartError> {
    Playbook::read(name, text).map_err(|report| StartError::Faults(report.to_string()))
}

/// The votes of this site, on the seats that were there before the first entry of all logs.
fn quorum(
    policy: &Policy,
    here: &SiteId,
    (store, past): (&mut Store, Option<Past>),
) -> Result<Quorum, StartError> {
    let kept = store.kept(door::BIRTH)?;
    let birth = match &kept {
        Some(bytes) => postcard::from_bytes(bytes).map_err(StartError::Birth)?,
        None => seats(policy)?,
    };
    let Some(past) = past else { return Ok(Quorum::outside(birth, here)) };
    if kept.is_none() {
        store.keep(door::BIRTH, &door::plain(&birth))?;
    }
    Ok(Quorum::new(birth, here, past)?)
}

/// Who votes, and who stands for election first: witnesses, then those where no calls are, their twins last.
///
/// # Errors
/// Names what makes no group of voters.
pub fn seats(policy: &Policy) -> Result<Seats, SeatsError> {
    let mut next = 1;
    let mut seats = Vec::new();
    for site in &policy.sites {
        let count = u64::from(site.votes).max(1);
        let ids: Vec<RaftId> = (next..next + count).map(RaftId).collect();
        next += count;
        let standing = if site.votes == 0 { Standing::Learner } else { Standing::Voter };
        seats.push(Seat { site: site.id.clone(), ids, standing });
    }
    let first_choice = |site: &SiteId| policy.routes.iter().any(|route| route.prefer.first() == Some(site));
    let mut voters: Vec<&Seat> = seats.iter().filter(|seat| seat.standing == Standing::Voter).collect();
    voters.sort_by_key(|seat| (seat.ids.len() < 2, first_choice(&seat.site)));
    let firsts = voters.iter().filter_map(|seat| seat.ids.first());
    let twins = voters.iter().filter_map(|seat| seat.ids.get(1));
    let rank = firsts.chain(twins).copied().collect();
    Seats::new(seats, rank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quorum::wire::Snapshot;
    use crate::store::JournalRow;
    use state::fact::{Entry, Fact, Mode, Origin};
    use state::{Stamp, Starts, Term, Who};

    fn row(index: u64, mode: Mode) -> (JournalRow, Entry) {
        let origin = Origin { site: SiteId::new("office"), starts: Starts(1), n: index };
        let fact = Fact::ModeSet { route: None, mode, who: Who::new("matthew") };
        let entry = Entry { origin, stamp: Stamp::from_millis(index), fact };
        let bytes = codec::encode(&entry).unwrap();
        (JournalRow { index: Index(index), term: Term(1), bytes }, entry)
    }

    #[test]
    fn a_journal_with_a_gap_is_replayed_from_the_snapshot_that_stands_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(&folder.path().join("pointsman.db"), "bytemark").unwrap();
        let rows = [row(1, Mode::Auto), row(2, Mode::Manual), row(3, Mode::Advise)];
        let mut view = View::birth("bytemark");
        for (row, entry) in &rows[..2] {
            let _ = view.apply(row.index, &row.bytes, entry);
        }
        store.append_journal(&[rows[0].0.clone()]).unwrap();
        store.note_gap(Index(2), view.head).unwrap();
        store.append_journal(&[rows[2].0.clone()]).unwrap();
        assert!(matches!(replay(&store, "bytemark", &[]), Err(StartError::Gap { gap: Index(2) })));

        let mut voter = VoterState::empty(RaftId(1));
        let seats = Seats::nameless(vec![RaftId(1)], Vec::new());
        let bytes = postcard::to_stdvec(&view).unwrap();
        voter.snapshot = Some(Snapshot { index: Index(2), term: Term(1), seats, bytes });
        let (replayed, _) = replay(&store, "bytemark", &[voter]).unwrap();
        let _ = view.apply(Index(3), &rows[2].0.bytes, &rows[2].1);
        assert_eq!(replayed, view);
    }
}
