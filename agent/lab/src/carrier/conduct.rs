//! What a session does with a command: the stages of AUTH, STAT and SET, and the faults that strike between them.

use super::answers::{Manner, answer, failure};
use super::faults::{Kind, Meanwhile, Moment, Struck};
use super::office::Order;
use super::request::{Request, Spelling};
use super::session::{End, Session, Until};
use state::Mono;
use std::time::Duration;

/// What becomes of a SET that was received.
enum Fate {
    Applied,
    Lost,
    AppliedThenLost,
    AppliedThenHeld(Struck),
    Late(Duration, Meanwhile),
    Forgotten,
}

impl From<Struck> for Fate {
    fn from(struck: Struck) -> Self {
        match struck.kind {
            Kind::DropBeforeApply => Self::Lost,
            Kind::DropAfterApply => Self::AppliedThenLost,
            Kind::HoldReply => Self::AppliedThenHeld(struck),
            Kind::ApplyLate { ms, meanwhile } => Self::Late(Duration::from_millis(ms), meanwhile),
            Kind::OkWithoutApply => Self::Forgotten,
            Kind::RefuseAuth
            | Kind::Hang { .. }
            | Kind::StaleStat { .. }
            | Kind::Slow { .. }
            | Kind::Error { .. }
            | Kind::RefuseConnections => Self::Applied,
        }
    }
}

impl Session {
    /// Does what was asked, or answers why not.
    pub(super) async fn attend(&mut self, request: Result<Request, &'static str>) -> Result<(), End> {
        let manner = self.office.manner();
        let request = match (request, &self.account) {
            (Ok(Request::Quit), _) => {
                self.reply(&["0 Many thanks. Goodbye".to_owned()]).await?;
                return Err(End::Closed("quit"));
            }
            (Ok(Request::Auth { user, password }), _) => return self.log_in(&user, &password).await,
            // The real answer is not known; failing and going on is what a client can best live with.
            (_, None) => return self.reply(&[failure(manner, "Not logged in")]).await,
            (Err(why), Some(_)) => return self.reply(&[failure(manner, why)]).await,
            (Ok(request), Some(_)) => request,
        };
        if let Request::Set { number, slot, destination } = &request {
            let order = Order { number: number.clone(), slot: *slot, destination: destination.clone() };
            return self.set(order).await;
        }
        if let Request::Stat(number) = &request {
            self.hang(Moment::Stat, Some(number.as_str())).await?;
        }
        match self.forced_failure(&request) {
            Some((_, line)) => self.reply(&[line]).await,
            None => self.ask(&request).await,
        }
    }

    async fn log_in(&mut self, user: &str, password: &str) -> Result<(), End> {
        // Only a fault that names AUTH makes it fail with another digit: else nobody got as far as to meet the others.
        let named = |kind: &Kind| matches!(kind, Kind::Error { verb: Some(verb), .. } if verb == "AUTH");
        if let Some(Kind::Error { digit, .. }) = self.strike(None, named).map(|struck| struck.kind) {
            return self.reply(&[failure(Manner { digit, ..self.office.manner() }, "Access denied")]).await;
        }
        let refused = self.strike(None, |kind| *kind == Kind::RefuseAuth).is_some();
        if refused || !self.office.lets_in(user, password) {
            return self.reply(&[failure(self.office.manner(), "Access denied")]).await;
        }
        self.account = Some(user.to_owned());
        self.reply(&["0 Access granted. Welcome (cl=500)".to_owned()]).await?;
        self.hang(Moment::Auth, None).await
    }

    /// A command that is answered from the books.
    async fn ask(&mut self, request: &Request) -> Result<(), End> {
        let account = self.account.clone().unwrap_or_default();
        let stale = self.stale(request);
        let manner = self.office.manner();
        let lines = self.office.with_stock(|stock| {
            let slots = stale.and_then(|(ago, now)| {
                let held = stock.any(request.number()?.as_str())?;
                Some(held.slots_before(ago, now).clone())
            });
            answer(stock, (&account, manner), request, slots)
        });
        self.reply(&lines).await
    }

    /// How far STAT lags behind, and the present.
    fn stale(&self, request: &Request) -> Option<(Duration, Mono)> {
        let Request::Stat(number) = request else { return None };
        let struck = self.strike(Some(number.as_str()), |kind| matches!(kind, Kind::StaleStat { .. }))?;
        let Kind::StaleStat { ms } = struck.kind else { return None };
        Some((Duration::from_millis(ms), agent::clock::mono()))
    }

    /// The digit and the line of a failure that a fault wants.
    fn forced_failure(&self, request: &Request) -> Option<(u8, String)> {
        let word = request.verb();
        let meant = |verb: &Option<String>| verb.as_deref().is_none_or(|verb| verb == word);
        let fits = |kind: &Kind| matches!(kind, Kind::Error { verb, .. } if meant(verb));
        let struck = self.strike(request.number().map(Spelling::as_str), fits)?;
        let Kind::Error { digit, .. } = struck.kind else { return None };
        Some((digit, failure(Manner { digit, ..self.office.manner() }, "Refused")))
    }

    /// SET in its stages: received, perhaps struck by a fault, applied, answered.
    async fn set(&mut self, order: Order) -> Result<(), End> {
        let account = self.account.clone().unwrap_or_default();
        let set = self.office.receive(&self.line, &order);
        self.hang(Moment::Set, Some(order.number.as_str())).await?;
        let ours = self.office.with_stock(|stock| stock.working(&account, &order.number).map(drop));
        let request = Request::Set {
            number: order.number.clone(),
            slot: order.slot,
            destination: order.destination.clone(),
        };
        let manner = self.office.manner();
        let refused = match ours {
            Err(why) => Some((manner.digit, failure(manner, why))),
            Ok(()) => self.forced_failure(&request),
        };
        if let Some((digit, line)) = refused {
            return self.answer_set((set, &order), (digit, line)).await;
        }
        let fits = |kind: &Kind| {
            matches!(
                kind,
                Kind::DropBeforeApply
                    | Kind::DropAfterApply
                    | Kind::HoldReply
                    | Kind::ApplyLate { .. }
                    | Kind::OkWithoutApply
            )
        };
        let struck = self.strike(Some(order.number.as_str()), fits);
        self.fulfil(set, &order, struck.map_or(Fate::Applied, Fate::from)).await?;
        self.answer_set((set, &order), (0, "0 Number updated OK".to_owned())).await
    }

    async fn answer_set(&mut self, set: (u64, &Order), (code, line): (u8, String)) -> Result<(), End> {
        self.tarry().await?;
        // Noted before it is sent: whoever hears of the reply may make another agent write before this task runs
        // again, and that is no clash.
        self.office.answered(&self.line, set, code);
        self.send(&[line]).await
    }

    /// Brings a SET to where it is answered with success, if it gets there.
    async fn fulfil(&mut self, set: u64, order: &Order, fate: Fate) -> Result<(), End> {
        match fate {
            Fate::Lost => return Err(End::Closed("fault: dropped before applying")),
            Fate::Forgotten => {}
            Fate::Late(delay, meanwhile) => {
                self.office.apply_late(&self.line, (set, order), delay);
                if meanwhile == Meanwhile::Drop {
                    return Err(End::Closed("fault: dropped, to be applied later"));
                }
            }
            Fate::Applied => self.office.apply(&self.line, (set, order)),
            Fate::AppliedThenLost => {
                self.office.apply(&self.line, (set, order));
                return Err(End::Closed("fault: dropped after applying"));
            }
            Fate::AppliedThenHeld(struck) => {
                self.office.apply(&self.line, (set, order));
                self.stay(Until::Cleared(struck)).await?;
            }
        }
        Ok(())
    }
}
