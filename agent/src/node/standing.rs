//! Where this site stands in Raft: what begins and what is let go of when leadership changes hands.

use super::Node;
use super::conduct::Calls;
use super::unknown::Glances;
use crate::event::{Output, Reign, Standing};
use state::Now;

impl Node {
    /// Leadership changed hands, or its log grew.
    pub(super) fn stand(&mut self, standing: Standing, now: Now, out: &mut Output) {
        let began = standing.reign != Reign::Following
            && (self.standing.reign == Reign::Following || self.standing.term != standing.term);
        let ended = self.standing.reign != Reign::Following && standing.reign == Reign::Following;
        self.tell_leader(&standing, out);
        let ready = standing.reign == Reign::Ready
            && (self.standing.reign != Reign::Ready || self.standing.term != standing.term);
        self.absence.stand(&self.standing, &standing, now.mono);
        if standing.leader != self.standing.leader {
            // Whom it follows is said at once, before its leader takes it for silent again.
            self.pulsed = None;
        }
        self.standing = standing;
        self.seated_on = None;
        self.weigh();
        self.let_go(out);
        if ready {
            self.begin_revoking(now.mono);
        }
        self.receipts.trim(self.standing.applied, self.standing.end);
        self.outbox.standing(&self.standing);
        if began {
            self.elected_at = now.mono;
            self.elected = Some((now.stamp, now.stamp.since(self.view.stamp)));
        }
        if began || ended {
            // What a leader knew of its calls and readings means nothing outside its reign.
            self.calls = Calls::default();
            self.looks.begin_anew();
            self.glances = Glances::default();
            self.complaints.clear();
        }
    }
}
