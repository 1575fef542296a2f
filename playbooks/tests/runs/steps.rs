//! The steps that a story can have, as a playbook of the real language: `route:stuck notify:carry_on`.

use std::fmt::Write as _;

/// The playbook.
pub fn text(words: &[&str]) -> String {
    let mut text = "playbook: move\nabout: a test\ninputs: { route: route, from: site, \
        to: site, reason: text }\nsteps:\n"
        .to_owned();
    for (kind, if_failed) in words.iter().filter_map(|word| word.split_once(':')) {
        text += match kind {
            "route" => {
                "  - ensure: { route_points_at: { route: $route, site: $to } }\n\
                 \x20   undo: { route_points_at: { route: $route, site: $from } }\n"
            }
            "notify" => {
                "  - ensure: { notify: { text: \"$route now rings in $to\" } }\n    no_undo: words cannot be recalled\n"
            }
            "wait" => "  - ensure: { wait: { for: 30s } }\n    no_undo: looking changes nothing\n",
            "until-ready" => {
                "  - ensure: { wait: { until_ready: $to, at_most: 2m } }\n    no_undo: looking changes nothing\n"
            }
            "ready" => {
                "  - ensure: { site_ready: { site: $to, for: 10m } }\n    no_undo: looking changes nothing\n"
            }
            "exec" | "exec-reachable" => {
                "  - ensure: { exec: { command: withdraw, check: withdrawn } }\n\
                 \x20   undo: { exec: { command: announce, check: announced } }\n"
            }
            other => panic!("no such step: {other}"),
        };
        text += match kind {
            "exec" => "    at: london\n    timeout: 20s\n",
            "exec-reachable" => "    at: reachable\n",
            _ => "",
        };
        writeln!(text, "    if_failed: {if_failed}").expect("the test is set up so");
    }
    text
}
