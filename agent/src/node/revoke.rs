//! A new leader asks the executors of attempts that are open: what was not sent yet is not sent any more.

use super::Node;
use super::execute::not_sent;
use crate::event::{Effect, Output};
use crate::frame::Body;
use policies::limits::WAIT_OPEN;
use state::{Boot, Index, Mono, Nonce, Now, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// How soon an executor that says nothing is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// The attempts of earlier reigns whose executors are asked, with when that began and when they were asked last.
#[derive(Debug, Default)]
pub struct Revokes {
    asked: BTreeMap<Index, (Mono, Option<Mono>)>,
}

impl Node {
    /// A reign begins to count: everything agreed before is known now, and what is open of it is revoked.
    pub(super) fn begin_revoking(&mut self, now: Mono) {
        let open = self.view.attempts.iter().filter(|(_, attempt)| !attempt.open.is_empty());
        self.revokes.asked = open.map(|(fence, _)| (*fence, (now, None))).collect();
    }

    /// Asks until the attempt is closed, or until waiting has done what asking could not.
    pub(super) fn revoke(&mut self, now: Now, out: &mut Output) {
        let open = |fence: &Index| self.view.attempts.get(fence).filter(|attempt| !attempt.open.is_empty());
        self.revokes
            .asked
            .retain(|fence, (since, _)| open(fence).is_some() && now.mono.since(*since) < WAIT_OPEN);
        let mut frames = Vec::new();
        for (fence, (_, last)) in &mut self.revokes.asked {
            let Some(attempt) = self.view.attempts.get(fence) else { continue };
            if last.is_none_or(|at| now.mono.since(at) >= AGAIN) {
                *last = Some(now.mono);
                let body = Body::Revoke { fence: *fence, boot: attempt.boot, nonce: attempt.nonce };
                frames.push((attempt.executor.clone(), body));
            }
        }
        frames.into_iter().for_each(|(executor, body)| self.say(&executor, body, out));
    }

    /// The leader does not want it any more. An ask that waits is dropped, and that is the answer; hands that have it
    /// stop before their SET, and their report is. What was sent is reported as it is, and silence says nothing.
    pub(super) fn revoked(
        &mut self,
        leader: &SiteId,
        (fence, boot, nonce): (Index, Boot, Nonce),
        out: &mut Output,
    ) {
        if boot != self.identity.boot || self.standing.leader.as_ref() != Some(leader) {
            return;
        }
        match self.drop_ask(nonce) {
            Some(call) => {
                out.act.push(Effect::Release { nonce });
                self.report(fence, not_sent(&call.numbers, "a new leader revoked it"));
            }
            None => out.act.push(Effect::Revoke { fence }),
        }
    }
}
