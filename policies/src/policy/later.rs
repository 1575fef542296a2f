//! Keys that the language has and this version does not act on yet: refused, never ignored.
//!
//! A version that learns one of them deletes its row.

use state::document::Fields;

/// Which map a key stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Site,
    Route,
}

/// Where, which key, and what can be done meanwhile.
const ROWS: [(Section, &str, &str); 1] =
    [(Section::Route, "behind", "prepare slots 2 and 3 with the carrier")];

/// Refuses the keys of this map that are for a later version.
pub(super) fn refuse(fields: &mut Fields<'_>, section: Section) {
    for (_, key, meanwhile) in ROWS.iter().filter(|(of, _, _)| *of == section) {
        fields.refuse(key, &format!("`{key}` is not in this version"), meanwhile);
    }
}
