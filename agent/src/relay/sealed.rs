//! What one site passes on for another: a frame, who wrote it for whom, and the origin's signature over all of it.

use serde::{Deserialize, Serialize};
use state::{SiteId, Starts};

/// How many bytes the certificates of a seal may have: one has about 600, and a frame with a whole snapshot has to
/// fit into a link's greatest frame together with them.
pub const CHAIN_MAX: usize = 3 * 1024;

/// So that a signature made for a relay is never one made for anything else.
const PURPOSE: &str = "pointsman: a frame to be passed on once";

/// A frame on its way over another site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Who wrote it.
    pub from: SiteId,
    /// Whom it is for.
    pub to: SiteId,
    /// The life of the origin's agent.
    pub starts: Starts,
    /// The number of the frame in that life, from 1.
    pub n: u64,
    /// The frame.
    pub bytes: Vec<u8>,
    /// The origin's signature.
    pub seal: Seal,
}

/// The origin's word that something is its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Its certificate, and those between it and the cluster's CA, as DER.
    pub chain: Vec<Vec<u8>>,
    /// How it was signed, in TLS's own numbers.
    pub scheme: u16,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Sealed {
    /// The very bytes that are signed. Every part has its length in front, so that no two frames have the same.
    pub fn words(&self, cluster: &str) -> Vec<u8> {
        let Self { from, to, starts, n, bytes, seal: _ } = self;
        postcard::to_stdvec(&(PURPOSE, cluster, from, to, starts, n, bytes))
            .expect("names, numbers and bytes are plain data")
    }
}
