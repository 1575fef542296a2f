//! The playbooks that come with the program.

/// Each shipped playbook's name and text; a file of the same name in the configuration takes its place.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    &[
        ("fail-over", include_str!("shipped/fail-over.yaml")),
        ("all-dark", include_str!("shipped/all-dark.yaml")),
        ("fail-back", include_str!("shipped/fail-back.yaml")),
    ]
}
