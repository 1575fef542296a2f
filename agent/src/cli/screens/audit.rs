//! The screen of `audit`: whether the journal is what was agreed, whether the others hold the same, and every fact.

use super::{json as lines, labelled};
use crate::account::{Account, Compared, Hole, Line, date};
use crate::command::{JournalPage, PeerHead};
use policies::limits::SILENCE;
use policies::reason::Age;
use serde::Serialize;
use state::{Head, Index, RouteId, SiteId, Stamp};
use std::time::Duration;

/// Where the text of a label begins.
const INDENT: usize = 14;

/// A journal that was read and compared.
#[derive(Debug, Serialize)]
pub struct Audit {
    /// Whose it is.
    pub here: SiteId,
    /// The last fact.
    pub last: Index,
    /// The chain's head there, in full.
    pub head: String,
    /// How many facts there are.
    pub facts: usize,
    /// Whether the agent's own memory has the head that the bytes on its disk lead to.
    pub memory: Compared,
    /// Every other site that was heard within the last minute.
    pub peers: Vec<Peer>,
    /// What is missing.
    pub gaps: Vec<Hole>,
    /// The first fact that this version cannot read, and why.
    pub unreadable: Option<(Index, String)>,
    /// The facts that were asked for; `--json` prints them line by line.
    #[serde(skip)]
    pub lines: Vec<Line>,
    #[serde(skip)]
    short: Head,
}

/// What another site says, beside what was read here.
#[derive(Debug, Serialize)]
pub struct Peer {
    /// Which site.
    pub site: SiteId,
    /// How far it had folded.
    pub index: Index,
    /// What comes of the comparison.
    pub is: Compared,
    /// How long ago it said so, in milliseconds.
    pub age_ms: u128,
}

impl Audit {
    /// Compares what was read with what the agent and its peers say; keeps the facts that are asked for.
    pub fn of(
        account: &Account,
        last: &JournalPage,
        (since, route): (Option<Stamp>, Option<&RouteId>),
    ) -> Self {
        let peer = |peer: &PeerHead| Peer {
            site: peer.site.clone(),
            index: peer.index,
            is: account.compare(peer),
            age_ms: peer.age.as_millis(),
        };
        let (index, head) = last.folded;
        let own = PeerHead { site: last.here.clone(), index, head, age: Duration::ZERO };
        let wanted = |line: &&Line| {
            since.is_none_or(|since| line.at >= since) && route.is_none_or(|route| line.about.concerns(route))
        };
        Self {
            here: last.here.clone(),
            last: account.end.0,
            head: format!("{:?}", account.end.1),
            facts: account.lines.len(),
            memory: account.compare(&own),
            peers: last.peers.iter().map(peer).collect(),
            gaps: account.holes.clone(),
            unreadable: account.unreadable.clone(),
            lines: account.lines.iter().filter(wanted).cloned().collect(),
            short: account.end.1,
        }
    }

    /// Whether every fact is there, can be read, and is what the others hold.
    pub fn whole(&self) -> bool {
        let same = |is: Compared| match is {
            Compared::Same | Compared::Ahead | Compared::Nothing => true,
            Compared::Differs | Compared::Missing => false,
        };
        self.gaps.is_empty()
            && self.unreadable.is_none()
            && same(self.memory)
            && self.peers.iter().all(|peer| same(peer.is))
    }

    fn answer(&self) -> String {
        let differs: Vec<&str> = self
            .peers
            .iter()
            .filter(|peer| peer.is == Compared::Differs)
            .map(|peer| peer.site.as_str())
            .collect();
        if self.memory == Compared::Differs {
            return "the chain does NOT hold: the facts on disk do not lead to the head in memory".to_owned();
        }
        if !differs.is_empty() {
            let (here, others) = (&self.here, differs.join(" and "));
            return format!("the chain holds, but {here} and {others} hold TWO HISTORIES");
        }
        if let Some((index, _)) = &self.unreadable {
            return format!("the chain holds, but {index} and all after it CANNOT BE READ by this version");
        }
        match self.gaps.as_slice() {
            [] => "the chain holds, and every fact is here".to_owned(),
            [one] => {
                format!("the chain holds, but the facts after {} up to {} are MISSING", one.after, one.upto)
            }
            many => format!("the chain holds, but facts are MISSING in {} places", many.len()),
        }
    }
}

/// The whole screen.
pub fn screen(audit: &Audit) -> String {
    let mut out = labelled("", &audit.answer(), 0);
    let Audit { facts, last, here, .. } = audit;
    let plural = if *facts == 1 { "" } else { "s" };
    out +=
        &labelled("  here", &format!("{here}: {facts} fact{plural}, head {} at {last}", audit.short), INDENT);
    let mut label = "  the others";
    for peer in &audit.peers {
        out += &labelled(label, &compared(peer), INDENT);
        label = "";
    }
    if audit.peers.is_empty() {
        out += &labelled(label, "none was heard within the last minute: compared with nobody", INDENT);
    }
    for Hole { after, upto } in &audit.gaps {
        let what = "a snapshot stands for them until they are fetched from another site";
        out += &labelled("  gap", &format!("after {after}, up to {upto}: {what}"), INDENT);
    }
    if let Some((index, why)) = &audit.unreadable {
        out += &labelled("  unreadable", &format!("{index}: {why}"), INDENT);
    }
    out += &account(&audit.lines);
    out + "\nwho may act, and why it does not: pointsman why\n"
}

fn compared(peer: &Peer) -> String {
    let Peer { site, index, is, age_ms } = peer;
    let age = Duration::from_millis(u64::try_from(*age_ms).unwrap_or(u64::MAX));
    // Every site says it once a second: what was said before it fell silent tells of then.
    let (silent, age) = (age >= SILENCE, Age(age));
    match is {
        Compared::Same if silent => format!("{site}: silent for {age}; the same at {index}, its last word"),
        Compared::Same => format!("{site}: the same at {index}, said {age} ago"),
        Compared::Differs => format!("{site}: ANOTHER head at {index}, said {age} ago"),
        Compared::Ahead => format!("{site}: further on, at {index}, said {age} ago; compared next time"),
        Compared::Missing => format!("{site}: at {index}, which is missing here; said {age} ago"),
        Compared::Nothing if silent => {
            format!("{site}: silent for {age}; it held no fact then, nothing to compare")
        }
        Compared::Nothing => format!("{site}: holds no fact yet, said {age} ago; nothing to compare"),
    }
}

/// Every fact, day by day.
fn account(facts: &[Line]) -> String {
    let mut out = String::new();
    let mut day = String::new();
    let wide = facts.last().map_or(0, |line| line.index.to_string().len());
    for line in facts {
        let today = date(line.at);
        if today != day {
            out += &format!("\n{today}\n");
            day = today;
        }
        let label = format!("{:>wide$}  {}", line.index.to_string(), line.at);
        let refused = line.refused.as_ref().map(|why| format!("refused: {why}: "));
        let indent = wide + 12;
        out += &labelled(&label, &format!("{}{}", refused.unwrap_or_default(), line.text), indent);
        for more in &line.more {
            out += &labelled("", more, indent + 2);
        }
    }
    if facts.is_empty() { "\nno fact is about that\n".to_owned() } else { out }
}

/// The comparison first, then one fact in each line.
pub fn json(audit: &Audit) -> String {
    let mut out = lines::object(audit);
    out.extend(audit.lines.iter().map(lines::object));
    out
}
