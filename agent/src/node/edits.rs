//! Edits of the policy: a file that differs is judged, told and proposed; an agreed text is written to every file.

use super::objection::Objection;
use super::outbox::Bond;
use super::{Node, wake};
use crate::command::{Need, PolicyNews, Telling};
use crate::event::{Effect, Keep, Output};
use crate::policy_file::{Fate, Found, Marks, Rewrite};
use policies::difference;
use state::fact::{Entry, Fact, Origin};
use state::view::Applied;
use state::{Imprint, Mono, Now, Who};
use std::time::Duration;

/// How soon something is tried again that could not be done: a route may have moved, a folder may be open now.
const AGAIN: Duration = Duration::from_secs(10);

/// How soon a new disk asks again whether it has the whole journal.
const REPLAY: Duration = Duration::from_secs(1);

/// What this site knows of its own policy file.
#[derive(Debug, Default)]
pub struct Edits {
    marks: Marks,
    pub(super) found: Option<Found>,
    /// The text that is proposed, and the name of the proposal.
    asked: Option<(Imprint, Origin)>,
    /// The text that is not proposed, and why not.
    refused: Option<(Imprint, String)>,
    /// What was ordered last, so that an order that fails is not given again at once.
    ordered: Option<(Option<Imprint>, Imprint, Mono)>,
    /// The last failure that was told.
    unwritten: Option<String>,
    /// Whether anything has changed since the file was thought about last.
    stirred: bool,
    again: Option<Mono>,
}

impl Edits {
    /// With what the disk remembers of the file.
    pub fn replay(marks: Marks) -> Self {
        Self { marks, ..Self::default() }
    }

    /// The agreed text is another one, or its fate is known.
    pub fn stir(&mut self) {
        self.stirred = true;
    }
}

impl Node {
    /// The folder was looked at.
    pub(super) fn file_found(&mut self, found: Found, out: &mut Output) {
        if found.unwritable != self.edits.unwritten {
            self.edits.unwritten.clone_from(&found.unwritable);
            if let Some(why) = &found.unwritable {
                self.tell_policy(PolicyNews::Unwritten, self.version(), vec![why.clone()], out);
            }
        }
        if let Err(why) = &found.text
            && self.edits.found.as_ref().is_none_or(|before| before.text != found.text)
        {
            self.tell_policy(PolicyNews::Refused, String::new(), vec![why.clone()], out);
        }
        self.edits.found = Some(found);
        self.edits.stirred = true;
    }

    /// Brings file and agreement together, whichever of them has changed.
    pub(super) fn mind_the_file(&mut self, now: Now, out: &mut Output) {
        if let Some(at) = self.edits.again.filter(|at| !self.edits.stirred && *at > now.mono) {
            wake(out, at);
        } else if self.edits.stirred || self.edits.again.is_some() {
            (self.edits.stirred, self.edits.again) = (false, None);
            self.compare_file(now.mono, out);
        }
    }

    fn compare_file(&mut self, now: Mono, out: &mut Output) {
        // Who does not fold on, or stands outside, does not know the agreed text.
        if self.stopped.is_some() || self.outside.is_some() {
            return;
        }
        if self.edits.marks.held.is_none() && self.replays(now) {
            self.edits.again = Some(now + REPLAY);
            return;
        }
        let Some(agreed) = self.view.policy.as_ref().map(|policy| policy.text.clone()) else { return };
        let Some(Ok(text)) = self.edits.found.as_ref().map(|found| found.text.clone()) else { return };
        let (wanted, here) = (Imprint::of(&agreed), text.as_deref().map(Imprint::of));
        match (here, text) {
            (Some(here), _) if here == wanted => self.file_is_agreed(wanted, out),
            (Some(here), Some(text)) if !self.edits.marks.ours(here) => {
                if self.edits.marks.lead_from(wanted) {
                    self.propose_file((here, text), (wanted, &agreed), now, out);
                } else {
                    self.tell_aside(here, wanted, out);
                    self.rewrite((Some(here), Fate::SetAside), (wanted, agreed), now, out);
                }
            }
            (here, _) => self.rewrite((here, Fate::Replaced), (wanted, agreed), now, out),
        }
    }

    /// Whether the agreed text may be an old one: a new disk is told the whole journal from its beginning.
    fn replays(&self, now: Mono) -> bool {
        let heads = self.heads_heard(now);
        let follows = self.standing.leader.as_ref().is_some_and(|leader| *leader != self.identity.site);
        heads.iter().any(|head| head.index > self.view.index) || follows && heads.is_empty()
    }

    fn file_is_agreed(&mut self, agreed: Imprint, out: &mut Output) {
        self.withdraw();
        self.edits.refused = None;
        self.edits.ordered = None;
        self.mark(Marks::settled(agreed), out);
    }

    /// What was proposed from a text that is not in the file any more.
    fn withdraw(&mut self) {
        if let Some((_, origin)) = self.edits.asked.take() {
            self.outbox.settle(&origin);
        }
    }

    /// The marks are on disk before anything is proposed or written.
    fn mark(&mut self, marks: Marks, out: &mut Output) {
        if marks != self.edits.marks {
            self.edits.marks = marks;
            out.keep.push(Keep::Marks(self.edits.marks.clone()));
        }
    }

    fn rewrite(
        &mut self,
        (over, fate): (Option<Imprint>, Fate),
        (wanted, text): (Imprint, String),
        now: Mono,
        out: &mut Output,
    ) {
        self.withdraw();
        let same = self.edits.ordered.filter(|(o, w, _)| (*o, *w) == (over, wanted));
        if let Some((_, _, at)) = same.filter(|(_, _, at)| now.since(*at) < AGAIN) {
            self.edits.again = Some(at + AGAIN);
            return;
        }
        let mut marks = self.edits.marks.clone();
        marks.writing(wanted);
        self.mark(marks, out);
        self.edits.ordered = Some((over, wanted, now));
        out.act.push(Effect::Rewrite(Rewrite { over, fate, with: text }));
    }

    fn propose_file(
        &mut self,
        (here, text): (Imprint, String),
        (base, agreed): (Imprint, &str),
        now: Mono,
        out: &mut Output,
    ) {
        if self.edits.asked.as_ref().is_some_and(|(of, _)| *of == here) {
            return;
        }
        self.withdraw();
        if let Some(objection) = self.objection(&text, now) {
            // What is in its way may pass by itself: a route moves, a run ends.
            self.edits.again = Some(now + AGAIN);
            self.refuse_file(here, objection, out);
            return;
        }
        self.edits.refused = None;
        let mut marks = self.edits.marks.clone();
        marks.proposing(here);
        self.mark(marks, out);
        self.tell_policy(PolicyNews::Proposed, here.to_string(), said(agreed, &text), out);
        let who = Who::new(format!("the policy file of {}", self.identity.site));
        let origin = self.outbox.add(Fact::PolicyEdited { text, base, who }, Bond::Own);
        self.edits.asked = Some((here, origin));
    }

    fn refuse_file(&mut self, here: Imprint, objection: Objection, out: &mut Output) {
        let refused = Some((here, objection.why));
        if self.edits.refused != refused {
            self.edits.refused = refused;
            self.tell_policy(PolicyNews::Refused, here.to_string(), objection.report, out);
        }
    }

    /// An edit is agreed, or lost to another one.
    pub(super) fn edit_agreed(
        &mut self,
        entry: &Entry,
        applied: &Applied,
        before: Option<&str>,
        out: &mut Output,
    ) {
        let Fact::PolicyEdited { text, .. } = &entry.fact else { return };
        if self.edits.asked.as_ref().is_some_and(|(_, origin)| *origin == entry.origin) {
            self.edits.asked = None;
        }
        self.edits.stir();
        if let (Applied::Accepted, Some(before)) = (applied, before) {
            let site = entry.origin.site.clone();
            let (is, version) = (PolicyNews::InForce, state::chain::digest(text));
            out.tell.push(Telling::Policy { is, site, version, words: said(before, text) });
        }
    }

    /// A snapshot may hold what was asked for.
    pub(super) fn edit_restored(&mut self) {
        self.withdraw();
        self.edits.stir();
    }

    /// The leader will not propose it.
    pub(super) fn declined(&mut self, origin: &Origin, why: &str, now: Mono, out: &mut Output) {
        let Some((here, _)) = self.edits.asked.as_ref().filter(|(_, of)| of == origin).cloned() else {
            return;
        };
        self.withdraw();
        let leader = self.standing.leader.as_ref().map_or("the leader", |site| site.as_str()).to_owned();
        self.refuse_file(here, Objection::plain(format!("{leader}, which leads, declines it: {why}")), out);
        self.edits.again = Some(now + AGAIN);
    }

    fn tell_aside(&self, here: Imprint, wanted: Imprint, out: &mut Output) {
        // Told once, with the order; not again while that is tried.
        if self.edits.ordered.is_none_or(|(over, with, _)| (over, with) != (Some(here), wanted)) {
            let made = self.edits.marks.held.map_or("another policy".to_owned(), |of| format!("policy {of}"));
            let why =
                format!("it was made from {made}, and {wanted} is in force: it is kept beside the file");
            self.tell_policy(PolicyNews::SetAside, here.to_string(), vec![why], out);
        }
    }

    fn tell_policy(&self, is: PolicyNews, version: String, words: Vec<String>, out: &mut Output) {
        out.tell.push(Telling::Policy { is, site: self.identity.site.clone(), version, words });
    }

    /// The short name of the agreed text.
    fn version(&self) -> String {
        self.view.policy.as_ref().map(|policy| state::chain::digest(&policy.text)).unwrap_or_default()
    }

    /// What a person has to do about the policy file of this site.
    pub(super) fn file_needs(&self) -> Vec<Need> {
        let Some(found) = &self.edits.found else { return Vec::new() };
        let mut needs = Vec::new();
        let mut need = |what: String, hint: String| needs.push(Need { what, hint });
        let path = &found.path;
        if let Some((_, why)) = &self.edits.refused {
            need(
                format!("the edit of the policy here changes nothing: {why}"),
                format!("pointsman check {path}"),
            );
        }
        if let Err(why) = &found.text {
            need(format!("the policy file here is not read: {why}"), format!("ls -l {path}"));
        }
        if let Some(why) = &found.unwritable {
            need(
                format!("the agreed policy is not in the file here: {why}"),
                format!("chown pointsman {path}; or write what `pointsman status` says is in force into it"),
            );
        }
        for name in &found.aside {
            let aside = format!("{}{name}", path.strip_suffix("policy.yaml").unwrap_or_default());
            let what = format!("an edit was set aside in {name}: another one was agreed before it");
            need(
                what,
                format!("diff {path} {aside}; put what is still wanted into the first, and rm the second"),
            );
        }
        needs
    }

    /// What is worth knowing of it.
    pub(super) fn file_words(&self, now: Now) -> Vec<String> {
        let mut words = Vec::new();
        if let Some((version, _)) = &self.edits.asked {
            let text = self.edits.found.as_ref().and_then(|found| found.text.clone().ok().flatten());
            let schema = self.schema_of_edit(text.as_deref().unwrap_or_default());
            let why = self.unread_words(schema).map(|why| format!(": {why}")).unwrap_or_default();
            words.push(format!(
                "policy {version}, the edit of the file here, is proposed and not agreed yet{why}"
            ));
        }
        let current =
            self.rules.as_ref().filter(|_| self.view.policy.is_some()).map(|rules| rules.digest.as_str());
        for site in self.others() {
            let theirs = self.peers.policy(site);
            let heard = self.peers.heard_within(site, AGAIN, now.mono);
            if let (true, Some(theirs), Some(current)) = (heard, theirs, current)
                && theirs != current
            {
                words.push(format!(
                    "{site} still goes by policy {theirs}, and carries nothing out until it has {current}"
                ));
            }
        }
        words
    }
}

/// The difference in words; a person hears of an edit also if it says nothing new.
fn said(before: &str, after: &str) -> Vec<String> {
    let words = difference::words(before, after);
    if words.is_empty() { vec!["nothing but its notation and remarks".to_owned()] } else { words }
}
