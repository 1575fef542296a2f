//! The names of things: sites, routes, numbers, runs, and where a fact stands in the log.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

/// So many bytes of a name stand beside it; names are hardly ever longer.
const BESIDE: usize = 16;

/// A short text that is copied and compared at every turn: a copy is a count, and a comparison mostly reads nothing
/// but what stands beside the text.
#[derive(Clone)]
struct Text {
    /// Its first bytes, the first one greatest, and zeros behind its end: in the order of the texts, if they differ.
    first: u128,
    whole: Arc<str>,
}

impl Text {
    fn of(text: &str) -> Self {
        let mut first = [0; BESIDE];
        first.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte);
        Self { first: u128::from_be_bytes(first), whole: text.into() }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let (ours, theirs) = (self.whole.len(), other.whole.len());
        self.first.cmp(&other.first).then_with(|| match ours == theirs && ours <= BESIDE {
            // All of both stands beside them, and is the same.
            true => Ordering::Equal,
            false => self.whole.cmp(&other.whole),
        })
    }
}

/// Declares a name: a short text of its own type, so that no two neighbours can be swapped. Names are copied into
/// every frame, ballot and tally, so a copy is a count and not a text.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Text);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.compare(&other.0) == Ordering::Equal
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.compare(&other.0)
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, into: &mut H) {
                self.as_str().hash(into);
            }
        }

        impl $name {
            /// The name as it is written.
            pub fn new(text: impl Into<String>) -> Self {
                Self(Text::of(&text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0.whole
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
                into.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from).map(Self::new)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }
    };
}

name!(
    /// A place with traffic and an agent: `london`. Where a route rings or shall ring, it names a door of the site: the
    /// first is written as the site itself, the second `london#2`.
    SiteId
);
impl SiteId {
    /// A door of this site, counted from 0.
    pub fn door(&self, place: usize) -> Self {
        match place {
            0 => self.clone(),
            _ => Self::new(format!("{self}{DOOR}{}", place + 1)),
        }
    }

    /// The site that has this door: whoever votes, acts and holds secrets is a site.
    pub fn site(&self) -> Self {
        match self.as_str().split_once(DOOR) {
            Some((site, _)) => Self::new(site),
            None => self.clone(),
        }
    }

    /// What stands in the place of a site for a route's refuge: a destination that is none. No site is called so.
    pub fn refuge() -> Self {
        Self::new("refuge")
    }

    /// Whether this is the refuge and no site.
    pub fn is_refuge(&self) -> bool {
        self.as_str() == "refuge"
    }
}

name!(
    /// The numbers that move together: `main`; or a lever, by what it watches: `london/proxy`.
    RouteId
);
impl RouteId {
    /// The lever that a rule of `when` binds to a subject: what is moved and is no route. It has a name of this kind
    /// because persons hold, resume and ask about both alike, under one set of guards.
    pub fn lever(watches: &Subject) -> Self {
        Self::new(watches.to_string())
    }

    /// What it watches, if it is a lever; no name of a route has the stroke between a site and a service.
    pub fn watches(&self) -> Option<Subject> {
        let (site, service) = self.as_str().split_once(STROKE)?;
        Some(Subject { site: SiteId::new(site), service: ServiceId::new(service) })
    }

    /// Whether it is a lever and no route.
    pub fn is_lever(&self) -> bool {
        self.as_str().contains(STROKE)
    }
}

name!(
    /// A carrier as the policy names it: `magrathea`.
    CarrierId
);
name!(
    /// A playbook's name: `fail-over`.
    PlaybookId
);
name!(
    /// A command of a site file, which alone says what is run: `withdraw-prefix`.
    CommandId
);
name!(
    /// A service of a site: `pbx`, `inbound`, `proxy`.
    ServiceId
);
name!(
    /// A number as the carrier knows it, in national form: `02079460000`.
    Number
);
name!(
    /// Where a number points, in the carrier's own spelling: `S:442079460000@192.0.2.11`; empty for an empty slot.
    Destination
);
name!(
    /// Who did it: a person's login, or `uid 1000`.
    Who
);

impl Destination {
    /// A slot that was read and holds nothing; it can be met, and never be set.
    pub fn empty() -> Self {
        Self(Text::of(""))
    }

    /// Whether the slot holds nothing.
    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

/// Between a site and the number of its door; no name of a policy has it.
const DOOR: char = '#';
/// Between a site and its service.
const STROKE: char = '/';
/// What stands in the place of a site where a carrier is spoken of.
static CARRIER: LazyLock<SiteId> = LazyLock::new(|| SiteId::new("carrier"));
/// The services that every site has; they are named at every tick, so the names are made once.
static PBX: LazyLock<ServiceId> = LazyLock::new(|| ServiceId::new("pbx"));
/// See there.
static INBOUND: LazyLock<ServiceId> = LazyLock::new(|| ServiceId::new("inbound"));

/// What is judged: one service of one site, written `london/pbx`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The site it belongs to.
    pub site: SiteId,
    /// Which of the site's services.
    pub service: ServiceId,
}

impl Subject {
    /// The PBX behind a door of a site, which every route stands on.
    pub fn pbx(site: &SiteId) -> Self {
        Self { site: site.clone(), service: PBX.clone() }
    }

    /// Whether calls of the carrier reach a site, which that site alone can tell.
    pub fn inbound(site: &SiteId) -> Self {
        Self { site: site.clone(), service: INBOUND.clone() }
    }

    /// Whether a carrier's interface is reached, which each site says of its own way there: `carrier/magrathea`. No
    /// site is called so, and no verdict comes of it.
    pub fn carrier(carrier: &CarrierId) -> Self {
        Self { site: CARRIER.clone(), service: ServiceId(carrier.0.clone()) }
    }

    /// Whether it is about each site's own way to a carrier, and so nothing that could be up or down for all.
    pub fn is_carrier(&self) -> bool {
        self.site == *CARRIER
    }

    /// Whether only its own site can judge it.
    pub fn is_inbound(&self) -> bool {
        self.service == *INBOUND
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.site, self.service))
    }
}

/// Declares a count: a number of its own type.
macro_rules! count {
    ($(#[$doc:meta])* $name:ident, $form:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!($form, self.0))
            }
        }
    };
}

count!(
    /// Where an entry stands in the agreed log. The index of a `StepStarted` is its fence.
    Index,
    "#{}"
);
count!(
    /// Raft's reign number.
    Term,
    "{}"
);
count!(
    /// A run, named by the index at which it was opened.
    RunId,
    "r-{}"
);
count!(
    /// An incident, named by the index at which it was opened.
    IncidentId,
    "i-{}"
);
count!(
    /// How often a site's agent has been started on its disk.
    Starts,
    "{}"
);
count!(
    /// Drawn at process start: names one life of one agent.
    Boot,
    "{:016x}"
);
count!(
    /// Names one disk: drawn when a store is new, and never drawn again for it.
    Disk,
    "{:016x}"
);
count!(
    /// Names one ask within one boot.
    Nonce,
    "{}"
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of every length around what stands beside them, with bytes that are taken for the end of shorter ones.
    #[test]
    fn names_are_ordered_as_their_texts_are() {
        let alphabet = ["", "\0", "a", "b", "é", "\u{10ffff}"];
        let ends = alphabet.iter().flat_map(|a| alphabet.iter().map(move |b| format!("{a}{b}")));
        let stems =
            ["", "x", "fourteen-bytes", "fifteen--bytes!", "sixteen--bytes-!", "more-than-sixteen-bytes"];
        let texts: Vec<String> =
            ends.flat_map(|end| stems.iter().map(move |stem| format!("{stem}{end}"))).collect();
        for (a, b) in texts.iter().flat_map(|a| texts.iter().map(move |b| (a, b))) {
            let names = (SiteId::new(a.as_str()), SiteId::new(b.as_str()));
            assert_eq!(names.0.cmp(&names.1), a.cmp(b), "{a:?} and {b:?}");
            assert_eq!(names.0 == names.1, a == b, "{a:?} and {b:?}");
        }
    }
}
