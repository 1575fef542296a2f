//! Keys that the language has and this version does not act on yet: refused, never ignored.
//!
//! A version that learns one of them deletes its row.

use state::document::{Fields, Node};

/// Which map a key stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Top,
    Site,
    Probe,
    Route,
}

/// Where, which key, and what can be done meanwhile.
const ROWS: [(Section, &str, &str); 8] = [
    (Section::Top, "when", "routes alone are acted on"),
    (Section::Probe, "exec", "`sip_options` and `tcp` are"),
    (Section::Probe, "http", "`sip_options` and `tcp` are"),
    (Section::Probe, "icmp", "`sip_options` and `tcp` are"),
    (Section::Probe, "dns", "`sip_options` and `tcp` are"),
    (Section::Probe, "ami", "`sip_options` and `tcp` are"),
    (Section::Probe, "carrier", "the carrier is read anyway"),
    (Section::Route, "behind", "prepare slots 2 and 3 with the carrier"),
];

/// Refuses the keys of this map that are for a later version.
pub(super) fn refuse(fields: &mut Fields<'_>, section: Section) {
    for (_, key, meanwhile) in ROWS.iter().filter(|(of, _, _)| *of == section) {
        fields.refuse(key, &format!("`{key}` is not in this version"), meanwhile);
    }
}

/// Whether the map has a key that was refused so.
pub(super) fn has_refused(fields: &Fields<'_>, section: Section) -> bool {
    let refused = |key: &str| ROWS.iter().any(|(of, known, _)| *of == section && *known == key);
    match &fields.whole().tree().node {
        Node::Map(entries) => entries.iter().any(|(key, _)| refused(&key.text)),
        Node::List(_) | Node::Scalar { .. } | Node::Null => false,
    }
}
