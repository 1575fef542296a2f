//! The sentences of membership: which disk speaks for a site, and whose votes count.

use super::About;
use super::sentence::Sentence;
use state::fact::{Fact, Seated};

/// A fact about who is a member, in words.
pub fn sentence(fact: &Fact) -> Sentence {
    if let Fact::Born { site, disk, raft_ids } = fact {
        let text = format!("{site} is born on disk {disk}: {}", votes(raft_ids.len()));
        return Sentence::of(About::Site(site.clone()), text);
    }
    if let Fact::Readmitted { site, disk, raft_ids, who } = fact {
        let votes = votes(raft_ids.len());
        let text =
            format!("{who} lets {site} back in on disk {disk}: {votes} anew, and its old ones are nobody's");
        return Sentence::of(About::Site(site.clone()), text);
    }
    let seats = |seated: &[Seated]| seated.iter().map(seat).collect::<Vec<_>>().join(", ");
    if let Fact::VotesChanging { seated } = fact {
        let text = format!("the votes are being changed, to {}", seats(seated));
        return Sentence::of(About::Everything, text);
    }
    let Fact::VotesChanged { seated } = fact else { return Sentence::of(About::Everything, String::new()) };
    Sentence::of(About::Everything, format!("the votes are changed: {}", seats(seated)))
}

fn votes(count: usize) -> String {
    if count == 1 { "1 vote".to_owned() } else { format!("{count} votes") }
}

fn seat(seated: &Seated) -> String {
    let listens = if seated.learners.is_empty() { "" } else { ", and listens" };
    format!("{} {}{listens}", seated.site, seated.voters.len())
}
