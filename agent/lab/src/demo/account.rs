//! The account as a person reads it: 80 columns, times from the fault, the same words as everywhere.

mod page;

use super::happening::{Happening, Login, Moved, What};
use agent::cli::screens::telling;
use agent::command::Voice;
use page::Page;
use policies::Verdict;
use state::SiteId;
use state::handover::Urgency;
use std::collections::BTreeMap;

/// Writes happenings as lines; knows which site a destination means.
#[derive(Debug, Default)]
pub struct Account {
    /// The sites by the host part of a destination.
    pub hosts: BTreeMap<String, String>,
}

impl Account {
    /// The lines of one happening.
    pub fn lines(&self, happening: &Happening) -> Vec<String> {
        let mut page = Page::at(happening.t_ms);
        match &happening.what {
            What::Deed(deed) => page.deed(deed),
            What::Suspect { sites, subjects, missed, fall } => {
                let misses = if sites.len() == 1 { "misses" } else { "miss" };
                let text = format!("{} {misses} {} ({missed} of {fall})", listed(sites), listed(subjects));
                page.line("suspect", &text, "");
            }
            // A site takes its ballot back when it has missed an answer: that was told as its suspicion.
            What::Ballot { says, .. } if says == "withdrawn" => {}
            What::Ballot { site, subject, says, votes, of } => {
                let text = format!("{:<12} {subject} {says}", format!("{site}:"));
                // Of a site's own way to a carrier nobody else is asked.
                let votes = if *of == 0 { String::new() } else { format!("{votes} of {of} votes") };
                page.line("ballot", &text, &votes);
            }
            What::Verdict { subject, is, votes, of } => {
                let text = format!("{subject} is {}", verdict(*is));
                page.line("verdict", &text, &format!("{votes} of {of} votes"));
            }
            What::Decision { route, playbook, from, to, because, .. } => {
                let from = from.as_ref().map_or("nowhere", SiteId::as_str);
                // A lever takes nobody anywhere.
                let way = if route.is_lever() { String::new() } else { format!(": {from} -> {to}") };
                page.line("decision", &format!("{playbook} {route}{way}"), "");
                page.reasons(because);
            }
            What::Step { step, of, what, state, by, fence, .. } => {
                let by = by.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
                page.step(&format!("step {step}/{of}"), (what, state), &format!("intent #{fence}{by}"));
            }
            What::Run { playbook, word, why, .. } => {
                page.line("run", &format!("{playbook} ended: {word}"), "");
                page.more(why);
            }
            What::Read { number, shows, by, login } => self.read(&mut page, (number, shows), by, *login),
            What::Set { number, slot, to, moved, code, by } => {
                let answer = code.map_or_else(|| "no reply".to_owned(), |code| code.to_string());
                page.line("carrier", &format!("SET {number} {slot} {to} -> {answer}"), "");
                page.line("", became(*moved), &format!("by {by}"));
            }
            What::Carrier { text, by } if by.is_empty() => page.line("carrier", text, ""),
            What::Carrier { text, by } => page.line("carrier", text, &format!("to {by}")),
            What::Mode { route, mode, because } => page.mode(route.as_ref(), *mode, because),
            What::Leader { site, term } => {
                page.line("leader", &format!("{site} leads"), &format!("term {term}"));
            }
            What::Voice { site, is } => page.line("voice", &format!("{site} {}", voice(*is)), ""),
            What::Flapping { subject, site, is } => {
                page.line("flapping", &telling::flapping((subject, site), *is), "");
            }
            What::Refused { what, why } => page.line("refused", &format!("a {what}: {why}"), ""),
            What::HandOver { text, urgency, .. } => {
                page.line("handover", text, if *urgency == Urgency::Urgent { "urgent" } else { "" });
            }
        }
        page.lines()
    }

    /// What a reading showed: whoever has just logged in says so first.
    fn read(&self, page: &mut Page, (number, shows): (&str, &str), by: &str, login: Login) {
        let site = self.site(shows);
        match login {
            Login::Fresh => {
                page.line("carrier", &format!("AUTH ok; STAT: slot 1 is {site}"), &format!("by {by}"));
            }
            Login::Before => page.line("carrier", &format!("STAT {number} -> {shows}  {site}"), ""),
        }
    }

    /// The site that a destination means, or that it is none of ours.
    pub fn site(&self, destination: &str) -> String {
        let host = destination.rsplit_once('@').map_or("", |(_, host)| host);
        self.hosts.get(host).cloned().unwrap_or_else(|| "none of our sites".to_owned())
    }
}

fn verdict(is: Verdict) -> &'static str {
    match is {
        Verdict::Up => "up",
        Verdict::Down => "down",
        Verdict::Pending => "not certain",
        Verdict::Disputed => "disputed",
    }
}

fn became(moved: Moved) -> &'static str {
    match moved {
        Moved::Moved => "the number has moved",
        Moved::Already => "it pointed there already",
        Moved::Not => "nothing has moved",
    }
}

fn voice(is: Voice) -> &'static str {
    match is {
        Voice::Heard => "is heard again",
        Voice::Silent => "is not heard any more: it has no vote",
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed<T: ToString>(things: &[T]) -> String {
    let mut names: Vec<String> = things.iter().map(T::to_string).collect();
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) }
}
