//! What the policy keeps for later versions: greetings and sorry pages, and the list of all that is kept so.

use super::draft::Named;
use super::pace::within;
use super::{Policy, sites};
use state::document::{Fault, Key, Value};
use std::time::Duration;

/// The longest greeting, in characters: nobody listens for a minute.
const GREETING_MAX: usize = 500;
/// The longest time after which a visitor is asked to come again.
const RETRY_MAX: Duration = Duration::from_secs(86_400);

/// What callers are told, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Its name.
    pub name: String,
    /// The sentence.
    pub text: String,
}

/// What visitors of a host are told while the host is down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SorryPage {
    /// The host.
    pub host: String,
    /// The folder of the page.
    pub page: String,
    /// The status that it is sent with.
    pub status: u16,
    /// When visitors may come again.
    pub retry_after: Option<Duration>,
}

/// What is accepted, agreed and kept, and not acted on by this version, by key.
pub fn keys(policy: &Policy) -> Vec<&'static str> {
    let mut keys = Vec::new();
    let mut add = |key: &'static str, there: bool| keys.extend(there.then_some(key));
    add("greetings", !policy.greetings.is_empty());
    add("sorry_pages", !policy.sorry_pages.is_empty());
    add("magic", policy.sites.iter().any(|site| site.magic.is_some()));
    add("quiet", policy.people.iter().any(|person| person.quiet.is_some()));
    add("watcher", policy.deadman.watcher.is_some());
    keys.extend(policy.alerts.kept());
    keys
}

/// Reads `greetings`.
pub(super) fn greetings(section: Option<Value<'_>>) -> Vec<Greeting> {
    let read = |key: &Key, value: Value<'_>| {
        let name = sites::name(key, value, "greeting");
        let text = value.words()?;
        if text.chars().count() > GREETING_MAX {
            return value.refuse(format!("a greeting has at most {GREETING_MAX} characters"), "shorten it");
        }
        Some(Greeting { name: name?.to_string(), text: text.to_string() })
    };
    Named::read(section, read).entries.into_iter().map(|written| written.is).collect()
}

/// Reads `sorry_pages`.
pub(super) fn sorry_pages(section: Option<Value<'_>>) -> Vec<SorryPage> {
    Named::read(section, sorry_page).entries.into_iter().map(|written| written.is).collect()
}

fn sorry_page(key: &Key, value: Value<'_>) -> Option<SorryPage> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let is_host = key.text.contains('.') && key.text.chars().all(letters) && key.text.len() < 254;
    if !is_host {
        let fault = Fault::at(key.place, format!("`{}` is no host of a web page", key.text));
        value.faults().add(fault.note("such as `www.example.com`, in small letters"));
    }
    let mut fields = value.map()?;
    let page = fields.required("page").and_then(Value::name);
    let status = fields.optional("status").map_or(Some(503), |status| status.count(200..=599));
    let retry_after = within(fields.optional("retry_after"), Duration::from_secs(1), RETRY_MAX);
    fields.finish();
    Some(SorryPage {
        host: key.text.clone(),
        page: page?.to_string(),
        status: u16::try_from(status?).ok()?,
        retry_after: retry_after.map(|written| written.is),
    })
}
