//! The names of things: sites, routes, numbers, runs, and where a fact stands in the log.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Declares a name: a short text of its own type, so that no two neighbours can be swapped. Names are copied into
/// every frame, ballot and tally, so a copy is a count and not a text.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as it is written.
            pub fn new(text: impl Into<String>) -> Self {
                let text: String = text.into();
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
                into.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from).map(Self::new)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
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
        Self("".into())
    }

    /// Whether the slot holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Between a site and the number of its door; no name of a policy has it.
const DOOR: char = '#';
/// Between a site and its service.
const STROKE: char = '/';
/// What stands in the place of a site where a carrier is spoken of.
const CARRIER: &str = "carrier";

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
        Self { site: site.clone(), service: ServiceId::new("pbx") }
    }

    /// Whether calls of the carrier reach a site, which that site alone can tell.
    pub fn inbound(site: &SiteId) -> Self {
        Self { site: site.clone(), service: ServiceId::new("inbound") }
    }

    /// Whether a carrier's interface is reached, which each site says of its own way there: `carrier/magrathea`. No
    /// site is called so, and no verdict comes of it.
    pub fn carrier(carrier: &CarrierId) -> Self {
        Self { site: SiteId::new(CARRIER), service: ServiceId::new(carrier.as_str()) }
    }

    /// Whether it is about each site's own way to a carrier, and so nothing that could be up or down for all.
    pub fn is_carrier(&self) -> bool {
        self.site.as_str() == CARRIER
    }

    /// Whether only its own site can judge it.
    pub fn is_inbound(&self) -> bool {
        self.service.as_str() == "inbound"
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
