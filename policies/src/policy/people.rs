//! The people, and who of them is told: kept with the policy, so that every site knows the same numbers.

use super::draft::{DraftPerson, Named, Written};
use super::later::{self, Section};
use super::sites::name;
use state::document::{Key, Value};
use std::net::SocketAddr;

/// Where mail relays listen (RFC 5321).
const SMTP_PORT: u16 = 25;

/// A person who may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The mail address.
    pub mail: Option<String>,
    /// The number for short messages, with `+` and country.
    pub sms: Option<String>,
}

/// How people are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// How mail leaves.
    pub mail: Option<Mail>,
    /// Who is told, by name.
    pub tell: Vec<String>,
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
    later::refuse(&mut fields, Section::Person);
    let mail = fields.optional("mail").map(mail_address);
    let sms = fields.optional("sms").map(|sms| Some(Written::at(sms, mobile(sms)?)));
    fields.finish();
    if mail.is_none() && sms.is_none() {
        return value.refuse(format!("`{}` cannot be reached", key.text), "give `mail`, `sms`, or both");
    }
    let sms = sms.flatten();
    let number = sms.as_ref().map(|sms| sms.is.clone());
    Some(DraftPerson { person: Person { name: name?.to_string(), mail: mail.flatten(), sms: number }, sms })
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

/// Reads `alerts`, and who is told as it was written.
pub(super) fn alerts(value: Option<Value<'_>>) -> Option<(Option<Mail>, Vec<Written<String>>)> {
    let Some(value) = value else { return Some((None, Vec::new())) };
    let mut fields = value.map()?;
    later::refuse(&mut fields, Section::Alerts);
    let mail = fields.optional("mail").and_then(mail_way);
    let tell = fields.optional("tell").map(Value::list).unwrap_or_default();
    fields.finish();
    Some((mail, tell.into_iter().filter_map(told).collect()))
}

fn told(value: Value<'_>) -> Option<Written<String>> {
    if value.is_map() {
        return value.refuse("escalation is not in this version", "name the people");
    }
    Some(Written::at(value, value.name()?.to_string()))
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
