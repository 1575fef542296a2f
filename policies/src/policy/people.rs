//! The people, and who of them is told: kept with the policy, so that every site knows the same numbers.

use super::draft::{DraftPerson, Named, Written};
use super::hours::{self, Hours};
use super::pace::within;
use super::sites::name;
use jiff::civil::{Date, Time};
use state::document::{Fault, Key, Value, spell};
use std::net::SocketAddr;
use std::time::Duration;

/// Where mail relays listen (RFC 5321).
const SMTP_PORT: u16 = 25;
/// Nobody finds a phone in less, and nobody sleeps through more.
const AFTER_MIN: Duration = Duration::from_secs(60);
const AFTER_MAX: Duration = Duration::from_secs(86_400);
/// The shortest and the longest turn of a rota.
const TURN_MIN: Duration = Duration::from_secs(3600);
const TURN_MAX: Duration = Duration::from_secs(366 * 86_400);

/// A person who may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The mail address.
    pub mail: Option<String>,
    /// The number for short messages, with `+` and country.
    pub sms: Option<String>,
    /// When only what cannot wait is told; kept, and not acted on yet.
    pub quiet: Option<Hours>,
}

/// How people are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// How mail leaves.
    pub mail: Option<Mail>,
    /// Who is told, in the order of the policy.
    pub tell: Vec<Tell>,
    /// Who is on call, in turn; kept, and not acted on yet.
    pub on_call: Option<OnCall>,
    /// At which time of the day the ways to people are tried; kept, and not acted on yet.
    pub prove: Option<Time>,
}

/// Who is told, and after how long without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tell {
    /// So long after the first were told; nothing for the first.
    pub after: Duration,
    /// Who.
    pub who: Told,
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The person of this name.
    Person(String),
    /// Whoever is on call.
    OnCall,
    /// Every person of the policy.
    Everyone,
}

/// Who is on call, in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCall {
    /// The people, by name, in their order.
    pub rota: Vec<String>,
    /// The day on which the first of them begins.
    pub from: Date,
    /// How long each of them has it.
    pub turn: Duration,
}

impl Alerts {
    /// Whether anything here is kept and not acted on yet, by key.
    pub(crate) fn kept(&self) -> Vec<&'static str> {
        let later = self.tell.iter().any(|tell| !tell.after.is_zero() || tell.who == Told::Everyone);
        let keys =
            [("escalation", later), ("on_call", self.on_call.is_some()), ("prove", self.prove.is_some())];
        keys.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
    }
}

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender.
    pub from: String,
    /// The relays, tried in order.
    pub relays: Vec<SocketAddr>,
}

/// Reads `people`.
pub(super) fn read(section: Option<Value<'_>>) -> Named<DraftPerson> {
    Named::read(section, person)
}

fn person(key: &Key, value: Value<'_>) -> Option<DraftPerson> {
    let name = name(key, value, "person");
    let mut fields = value.map()?;
    let mail = fields.optional("mail").map(mail_address);
    let sms = fields.optional("sms").map(|sms| Some(Written::at(sms, mobile(sms)?)));
    let quiet = fields.optional("quiet").and_then(hours::read);
    fields.finish();
    if mail.is_none() && sms.is_none() {
        return value.refuse(format!("`{}` cannot be reached", key.text), "give `mail`, `sms`, or both");
    }
    let sms = sms.flatten();
    let number = sms.as_ref().map(|sms| sms.is.clone());
    let person = Person { name: name?.to_string(), mail: mail.flatten(), sms: number, quiet };
    Some(DraftPerson { person, sms })
}

fn mail_address(value: Value<'_>) -> Option<String> {
    let text = value.text()?;
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !"<>,;\"()".contains(c));
    match text.split_once('@') {
        Some((user, host)) if plain && !user.is_empty() && host.contains('.') && !host.contains('@') => {
            Some(text.to_string())
        }
        _ => value.refuse(format!("`{text}` is no mail address"), "such as `anna@example.org`"),
    }
}

fn mobile(value: Value<'_>) -> Option<String> {
    let text = value.text()?;
    let digits = text.strip_prefix('+').unwrap_or_default();
    if (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text.to_string());
    }
    let note = match text.strip_prefix('0') {
        Some(rest) => format!("with the country: `\"+44{rest}\"`"),
        None => "with `+` and the country, no blanks".to_string(),
    };
    value.refuse(format!("`{text}` is no number for short messages"), note)
}

/// What `alerts` says, and everybody who is named in it, where that is written.
#[derive(Debug, Default)]
pub(super) struct DraftAlerts {
    /// How people are told.
    pub alerts: Alerts,
    /// The names, for the question whether they are known.
    pub told: Vec<Written<String>>,
}

/// Reads `alerts`.
pub(super) fn alerts(value: Option<Value<'_>>) -> DraftAlerts {
    let mut draft = DraftAlerts::default();
    let Some(mut fields) = value.and_then(Value::map) else { return draft };
    draft.alerts.mail = fields.optional("mail").and_then(mail_way);
    let tell = fields.optional("tell");
    draft.alerts.on_call = fields.optional("on_call").and_then(|value| on_call(value, &mut draft.told));
    draft.alerts.prove = fields.optional("prove").and_then(hours::time);
    fields.finish();
    for entry in tell.map(Value::list).unwrap_or_default() {
        tells(entry, &mut draft);
    }
    draft
}

/// Reads one entry of `tell`: a name, `on_call`, `everyone`, or a map of who is told after how long.
fn tells(entry: Value<'_>, draft: &mut DraftAlerts) {
    let last = draft.alerts.tell.last().map(|tell| tell.after).unwrap_or_default();
    if !entry.is_map() {
        told(entry, last, draft);
        return;
    }
    let Some(mut fields) = entry.map() else { return };
    let after = within(fields.required("after"), AFTER_MIN, AFTER_MAX);
    let who = fields.required("tell").map(Value::list).unwrap_or_default();
    fields.finish();
    let Some(after) = after else { return };
    if after.is <= last {
        let fault = Fault::at(after.place, format!("those before are told after {} already", spell(last)));
        entry.faults().add(fault.note("later entries are told later"));
    }
    for who in who {
        told(who, after.is, draft);
    }
}

/// Reads who is told.
fn told(value: Value<'_>, after: Duration, draft: &mut DraftAlerts) {
    let who = match value.text() {
        Some("on_call") if draft.alerts.on_call.is_none() => {
            let note = "`on_call: { rota: [matthew, peter], from: 2026-11-23, turn: 1w }`";
            return value.refuse("nobody is on call", note).unwrap_or_default();
        }
        Some("on_call") => Told::OnCall,
        Some("everyone") => Told::Everyone,
        Some(_) => {
            let Some(name) = value.name() else { return };
            draft.told.push(Written::at(value, name.to_string()));
            Told::Person(name.to_string())
        }
        None => return,
    };
    if draft.alerts.tell.iter().any(|tell| tell.who == who) {
        let who = value.text().unwrap_or_default();
        return value.refuse(format!("`{who}` is told twice"), "leave one of them out").unwrap_or_default();
    }
    draft.alerts.tell.push(Tell { after, who });
}

/// Reads `{ rota: [matthew, peter], from: 2026-11-23, turn: 1w }`.
fn on_call(value: Value<'_>, told: &mut Vec<Written<String>>) -> Option<OnCall> {
    let mut fields = value.map()?;
    let rota = fields.required("rota").map(Value::list);
    let from = fields.required("from").and_then(date);
    let turn = within(fields.required("turn"), TURN_MIN, TURN_MAX);
    fields.finish();
    let rota: Vec<Written<String>> =
        rota?.into_iter().filter_map(|name| Some(Written::at(name, name.name()?.to_string()))).collect();
    if rota.is_empty() {
        return value.refuse("nobody is in the rota", "such as `rota: [matthew, peter]`");
    }
    let names = rota.iter().map(|name| name.is.clone()).collect();
    told.extend(rota);
    Some(OnCall { rota: names, from: from?, turn: turn?.is })
}

/// Reads `2026-11-23`.
fn date(value: Value<'_>) -> Option<Date> {
    let text = value.text()?;
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match text.parse() {
        Ok(date) if plain => Some(date),
        Ok(_) | Err(_) => value.refuse(format!("`{text}` is no day"), "year, month and day: `2026-11-23`"),
    }
}

fn mail_way(value: Value<'_>) -> Option<Mail> {
    let mut fields = value.map()?;
    let from = fields.required("from").and_then(mail_address);
    let relays = fields.required("relays").map(Value::list);
    fields.finish();
    if relays.as_ref().is_some_and(Vec::is_empty) {
        return value.refuse("without a relay no mail leaves", "such as `relays: [192.0.2.25]`");
    }
    let relays = relays?.into_iter().map(|relay| relay.socket(SMTP_PORT)).collect::<Vec<_>>();
    Some(Mail { from: from?, relays: relays.into_iter().collect::<Option<_>>()? })
}
