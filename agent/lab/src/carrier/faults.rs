//! Faults on demand: what the carrier does wrong, to which number, and how often.

use super::request::VERBS;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;

/// Where in a conversation the carrier falls silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The connection is accepted, and no greeting comes.
    Accept,
    /// The greeting comes, and nothing after it.
    Greeting,
    /// AUTH is answered, and nothing after it.
    Auth,
    /// STAT is not answered.
    Stat,
    /// SET is neither applied nor answered.
    Set,
}

/// What the client of a SET that is applied late is told meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meanwhile {
    /// It is told at once that all is well.
    Reply,
    /// Its connection is dropped.
    Drop,
}

/// One way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Kind {
    /// AUTH fails though the password is right.
    RefuseAuth,
    /// Silence from some moment on; the connection stays open.
    Hang { at: Moment },
    /// The connection is dropped and the SET is not applied.
    DropBeforeApply,
    /// The SET is applied and the connection dropped without a reply.
    DropAfterApply,
    /// The SET is applied and its reply held until the faults are cleared or the client leaves.
    HoldReply,
    /// For this long after a SET, STAT still shows the value before it.
    StaleStat { ms: u64 },
    /// Every reply, the greeting too, comes this much later.
    Slow { ms: u64 },
    /// The SET is applied this much later.
    ApplyLate { ms: u64, meanwhile: Meanwhile },
    /// The SET is answered with success and never applied.
    OkWithoutApply,
    /// A command fails with this digit and changes nothing; `verb` limits it to one command word.
    Error { digit: u8, verb: Option<String> },
    /// No connection is accepted: the port is closed.
    RefuseConnections,
}

/// A fault with its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawFault")]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: Kind,
    /// Only for this number, as commands spell it.
    pub number: Option<String>,
    /// Only the next so many times; without it, until cleared.
    pub next: Option<u32>,
}

impl Fault {
    /// A fault for every number until it is cleared.
    pub fn of(kind: Kind) -> Self {
        Self { kind, number: None, next: None }
    }

    /// The same for the next `times` occasions only.
    pub fn next(self, times: u32) -> Self {
        Self { next: Some(times), ..self }
    }

    /// The same for one number only.
    pub fn only(self, number: &str) -> Self {
        Self { number: Some(number.to_owned()), ..self }
    }
}

/// Why a fault was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FaultError {
    /// The name is none of ours.
    #[error(
        "no fault is called `{0}`; there are refuse_auth, hang, drop_before_apply, drop_after_apply, hold_reply, \
         stale_stat, slow, apply_late, ok_without_apply, error and refuse_connections"
    )]
    Unknown(String),
    /// A key that this fault needs is absent.
    #[error("fault `{fault}` needs `{key}`")]
    Missing { fault: String, key: &'static str },
    /// A key that means nothing to this fault is present.
    #[error("fault `{fault}` has no `{key}`")]
    Surplus { fault: String, key: &'static str },
    /// A command word that is none, or that no fault can strike.
    #[error("`{0}` is no command that can fail; there are {list}", list = VERBS.join(", "))]
    Verb(String),
    /// A number where none has been named yet: the fault would never strike.
    #[error("{0} comes before any number is named: leave `number` out")]
    TooEarly(&'static str),
    /// A number outside its range.
    #[error("`{key}` must be {range}")]
    Range { key: &'static str, range: &'static str },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    fault: String,
    at: Option<Moment>,
    ms: Option<u64>,
    meanwhile: Option<Meanwhile>,
    digit: Option<u8>,
    verb: Option<String>,
    number: Option<String>,
    next: Option<u32>,
}

/// Ten minutes: longer than any test waits.
const LONGEST_MS: u64 = 600_000;

impl TryFrom<RawFault> for Fault {
    type Error = FaultError;

    fn try_from(raw: RawFault) -> Result<Self, FaultError> {
        let fault = raw.fault.clone();
        let missing = |key| FaultError::Missing { fault: fault.clone(), key };
        let ms = || match raw.ms {
            Some(ms) if ms <= LONGEST_MS => Ok(ms),
            Some(_) => Err(FaultError::Range { key: "ms", range: "at most 600000" }),
            None => Err(missing("ms")),
        };
        let (kind, uses): (Kind, &[&str]) = match fault.as_str() {
            "refuse_auth" => (Kind::RefuseAuth, &["next"]),
            "hang" => (Kind::Hang { at: raw.at.ok_or_else(|| missing("at"))? }, &["at", "number", "next"]),
            "drop_before_apply" => (Kind::DropBeforeApply, &["number", "next"]),
            "drop_after_apply" => (Kind::DropAfterApply, &["number", "next"]),
            "hold_reply" => (Kind::HoldReply, &["number", "next"]),
            "stale_stat" => (Kind::StaleStat { ms: ms()? }, &["ms", "number", "next"]),
            "slow" => (Kind::Slow { ms: ms()? }, &["ms", "next"]),
            "apply_late" => {
                let meanwhile = raw.meanwhile.ok_or_else(|| missing("meanwhile"))?;
                (Kind::ApplyLate { ms: ms()?, meanwhile }, &["ms", "meanwhile", "number", "next"])
            }
            "ok_without_apply" => (Kind::OkWithoutApply, &["number", "next"]),
            "error" => {
                let digit = raw.digit.ok_or_else(|| missing("digit"))?;
                let verb = raw.verb.clone();
                (Kind::Error { digit, verb }, &["digit", "verb", "number", "next"])
            }
            // A closed port cannot count who would have knocked.
            "refuse_connections" => (Kind::RefuseConnections, &[]),
            unknown => return Err(FaultError::Unknown(unknown.to_owned())),
        };
        raw.refuse_surplus(uses)?;
        if raw.digit.is_some_and(|digit| !(1..=9).contains(&digit)) {
            return Err(FaultError::Range { key: "digit", range: "1 to 9" });
        }
        if let Some(verb) = raw.verb.as_deref().filter(|verb| !VERBS.contains(verb)) {
            return Err(FaultError::Verb(verb.to_owned()));
        }
        if let Some(early) = raw.number.as_ref().and(before_any_number(&kind)) {
            return Err(FaultError::TooEarly(early));
        }
        if raw.next == Some(0) {
            return Err(FaultError::Range { key: "next", range: "at least 1" });
        }
        Ok(Self { kind, number: raw.number, next: raw.next })
    }
}

/// The moment of a fault that strikes before a client can have named a number.
fn before_any_number(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Hang { at: Moment::Accept } => Some("accept"),
        Kind::Hang { at: Moment::Greeting } => Some("the greeting"),
        Kind::Hang { at: Moment::Auth } => Some("AUTH"),
        Kind::Error { verb: Some(verb), .. } if verb == "AUTH" => Some("AUTH"),
        Kind::Hang { at: Moment::Stat | Moment::Set }
        | Kind::Error { .. }
        | Kind::RefuseAuth
        | Kind::DropBeforeApply
        | Kind::DropAfterApply
        | Kind::HoldReply
        | Kind::StaleStat { .. }
        | Kind::Slow { .. }
        | Kind::ApplyLate { .. }
        | Kind::OkWithoutApply
        | Kind::RefuseConnections => None,
    }
}

impl RawFault {
    fn refuse_surplus(&self, uses: &[&str]) -> Result<(), FaultError> {
        let given = [
            ("at", self.at.is_some()),
            ("ms", self.ms.is_some()),
            ("meanwhile", self.meanwhile.is_some()),
            ("digit", self.digit.is_some()),
            ("verb", self.verb.is_some()),
            ("number", self.number.is_some()),
            ("next", self.next.is_some()),
        ];
        match given.into_iter().find(|(key, given)| *given && !uses.contains(key)) {
            Some((key, _)) => Err(FaultError::Surplus { fault: self.fault.clone(), key }),
            None => Ok(()),
        }
    }
}

/// A fault that has struck; it lasts until the faults are cleared.
#[derive(Debug)]
pub struct Struck {
    /// What goes wrong.
    pub kind: Kind,
    clearance: watch::Receiver<u64>,
    struck_in: u64,
}

impl Struck {
    /// Returns once the faults have been cleared.
    pub async fn cleared(&mut self) {
        let struck_in = self.struck_in;
        // An error means that the carrier is gone, and with it all its faults.
        let _ = self.clearance.wait_for(|now| *now > struck_in).await;
    }
}

/// The faults that are set; `clearance` counts how often they were cleared.
#[derive(Debug, Default)]
pub struct Faults {
    set: Mutex<Vec<Fault>>,
    clearance: watch::Sender<u64>,
    changed: watch::Sender<u64>,
}

impl Faults {
    /// Sets one more fault.
    pub fn add(&self, fault: Fault) {
        self.set.lock().expect("nothing panics while it holds the faults").push(fault);
        self.changed.send_modify(|count| *count += 1);
    }

    /// Removes all; whoever hangs or holds goes on.
    pub fn clear(&self) {
        self.set.lock().expect("nothing panics while it holds the faults").clear();
        self.clearance.send_modify(|count| *count += 1);
        self.changed.send_modify(|count| *count += 1);
    }

    /// The faults that are set, with what is left of their counts.
    pub fn list(&self) -> Vec<Fault> {
        self.set.lock().expect("nothing panics while it holds the faults").clone()
    }

    /// The first fault that `fits` and is meant for this number; its count goes down.
    pub fn strike(&self, number: Option<&str>, fits: impl Fn(&Kind) -> bool) -> Option<Struck> {
        let mut set = self.set.lock().expect("nothing panics while it holds the faults");
        let meant = |fault: &Fault| fault.number.is_none() || fault.number.as_deref() == number;
        let at = set.iter().position(|fault| meant(fault) && fits(&fault.kind))?;
        let kind = set[at].kind.clone();
        match &mut set[at].next {
            Some(1) => drop(set.remove(at)),
            Some(left) => *left -= 1,
            None => {}
        }
        let clearance = self.clearance.subscribe();
        let struck_in = *clearance.borrow();
        Some(Struck { kind, clearance, struck_in })
    }

    /// How much later a reply comes.
    pub fn slowness(&self) -> Option<Duration> {
        let struck = self.strike(None, |kind| matches!(kind, Kind::Slow { .. }))?;
        if let Kind::Slow { ms } = struck.kind { Some(Duration::from_millis(ms)) } else { None }
    }

    /// Whether the port is to be closed.
    pub fn refuses_connections(&self) -> bool {
        let set = self.set.lock().expect("nothing panics while it holds the faults");
        set.iter().any(|fault| fault.kind == Kind::RefuseConnections)
    }

    /// Tells when the set of faults has changed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let got = match serde_json::from_str::<Fault>(json) {
            Ok(fault) => format!("{fault:?}"),
            Err(error) => error.to_string(),
        };
        assert!(got.contains(expected), "{json}: {got}");
    }

    #[test]
    fn a_fault_is_read_or_its_error_says_what_to_write() {
        check(r#"{"fault":"hang","at":"set","next":1}"#, "Hang { at: Set }");
        check(r#"{"fault":"hang"}"#, "fault `hang` needs `at`");
        check(r#"{"fault":"hang","at":"lunch"}"#, "unknown variant `lunch`");
        check(r#"{"fault":"slow","ms":50}"#, "Slow { ms: 50 }");
        check(r#"{"fault":"slow","ms":600001}"#, "`ms` must be at most 600000");
        check(r#"{"fault":"slow","ms":50,"digit":3}"#, "fault `slow` has no `digit`");
        check(r#"{"fault":"error","digit":0}"#, "`digit` must be 1 to 9");
        check(r#"{"fault":"hold_reply","next":0}"#, "`next` must be at least 1");
        check(r#"{"fault":"refuse_connections","next":1}"#, "has no `next`");
        check(
            r#"{"fault":"error","digit":3,"verb":"SETT"}"#,
            "`SETT` is no command that can fail; there are AUTH,",
        );
        check(r#"{"fault":"error","digit":3,"verb":"set"}"#, "`set` is no command that can fail");
        check(r#"{"fault":"error","digit":3,"verb":"SET","number":"02079460000"}"#, "Some(\"SET\")");
        check(
            r#"{"fault":"error","digit":3,"verb":"AUTH","number":"02079460000"}"#,
            "AUTH comes before any number",
        );
        for at in ["accept", "greeting", "auth"] {
            let json = format!(r#"{{"fault":"hang","at":"{at}","number":"02079460000"}}"#);
            check(&json, "comes before any number is named: leave `number` out");
        }
        check(r#"{"fault":"hang","at":"stat","number":"02079460000"}"#, "Hang { at: Stat }");
        check(r#"{"fault":"explode"}"#, "no fault is called `explode`");
        check(r#"{"fault":"hold_reply","colour":"red"}"#, "unknown field `colour`");
    }

    #[test]
    fn a_fault_strikes_its_own_number_as_often_as_it_may() {
        let faults = Faults::default();
        faults.add(Fault::of(Kind::HoldReply).only("02079460000").next(2));
        let strike = |number| faults.strike(Some(number), |kind| *kind == Kind::HoldReply).is_some();
        assert!(!strike("02079460001"));
        assert!(strike("02079460000"));
        assert!(strike("02079460000"));
        assert!(!strike("02079460000"));
        assert!(faults.list().is_empty());
    }
}
