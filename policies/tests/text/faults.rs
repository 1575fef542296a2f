//! Wrong policies, each with the report that a person gets.

use super::golden;
use policies::Policy;
use std::fs;

#[test]
fn wrong_policies_in_golden_files() {
    golden::check("wrong", |input| match Policy::read("policy.yaml", input) {
        Ok(_) => "nothing is wrong\n".to_string(),
        Err(report) => report.to_string(),
    });
}

/// A wrong file that is taken would show nothing: none of them may be right.
#[test]
fn none_of_the_wrong_policies_is_taken() {
    for path in golden::files("wrong") {
        let text = fs::read_to_string(&path).unwrap();
        let (input, _) = text.split_once("----\n").unwrap();
        let report = Policy::read("policy.yaml", input).map(|_| ()).unwrap_err();
        assert!(!report.faults.is_empty(), "{}", path.display());
    }
}

/// Whatever is cut off a good policy, the reader answers in words and never panics.
#[test]
fn a_policy_may_end_anywhere() {
    let text = include_str!("../fixtures/minimal.yaml");
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        if let Err(report) = Policy::read("policy.yaml", &text[..end]) {
            assert!(report.to_string().contains("error: "), "{end}");
        }
    }
}

/// Whatever one character is replaced by, the reader answers in words and never panics.
#[test]
fn a_policy_may_be_garbled_anywhere() {
    let text = include_str!("../fixtures/minimal.yaml");
    for at in (0..text.len()).step_by(3) {
        for garbage in ["\t", ":", "-", "{", "]", "\"", "&", "*", "\u{e000}", "\0", "é", "\n"] {
            let garbled = format!("{}{garbage}{}", &text[..at], &text[at + 1..]);
            if let Err(report) = Policy::read("policy.yaml", &garbled) {
                assert!(report.to_string().contains("error: "), "{at} {garbage:?}");
            }
        }
    }
}
