//! The town's policy, and what every agent of it is started with.

use super::site::{Charter, Setting};
use playbooks::Playbook;
use policies::Policy;

/// The two numbers of the route, from Ofcom's drama numbers.
pub const NUMBERS: [&str; 2] = ["02079460000", "02079460001"];
/// The route.
pub const ROUTE: &str = "main";
/// The sites by their numbers: the first four are there from the beginning, and people may bring the fifth.
pub const SITES: [&str; 5] = ["london", "manchester", "office", "netherlands", "depot"];
/// How a policy writes them.
const LINES: [&str; 5] = [
    "  london: { votes: 1, address: 192.0.2.1, pbx: 192.0.2.11 }",
    "  manchester: { votes: 1, address: 192.0.2.2, pbx: 192.0.2.12 }",
    "  office: { votes: 1, address: 192.0.2.4, pbx: 192.0.2.14 }",
    "  netherlands: { votes: 2, address: 192.0.2.3, pbx: 192.0.2.13 }",
    "  depot: { votes: 1, address: 192.0.2.5, pbx: 192.0.2.15 }",
];

/// The line of a site.
pub fn line_of(site: usize) -> &'static str {
    LINES[site]
}

/// A playbook that tries again at once and often: what keeps attempts apart is then the product's rules alone.
const HASTY: &str = "\
playbook: hasty
about: Point a route at another site, and lose no time between two attempts.
inputs: { route: route, from: site, to: site, reason: text }
steps:
  - ensure: { route_points_at: { route: $route, site: $to } }
    undo:   { route_points_at: { route: $route, site: $from } }
    attempts: 6
    backoff: 0s
    if_failed: undo_all
";

/// What a town has beside four sites and two numbers. Of twelve seeds, 7 has nothing more.
struct Traits {
    behind: &'static str,
    last_resort: &'static str,
    refuge: &'static str,
    signalling: &'static str,
    playbooks: &'static str,
}

impl Traits {
    fn of(seed: u64) -> Self {
        let has = |those: &[u64], what| if those.contains(&(seed % 12)) { what } else { "" };
        Self {
            behind: has(&[5, 8], "\n    behind: [S:$number@192.0.2.13, \"441134960998\"]"),
            last_resort: has(&[0, 4, 9], "\n    last_resort: [office]"),
            refuge: has(&[2, 3, 10], "\n    refuge: \"441134960999\""),
            signalling: has(&[1, 3, 8, 10], ", signalling: [192.0.2.32]"),
            playbooks: has(&[1, 2, 4, 6, 8, 11], "\n    playbooks: { site_down: hasty, site_back: hasty }"),
        }
    }
}

/// The policy of the town; a budget of 4 is soon spent, and then nothing moves any more, so some seeds have more.
pub fn policy(seed: u64) -> String {
    let budget = match seed % 8 {
        0 => "4 per day",
        4 => "1 per day",
        _ => "100 per day",
    };
    let pace = match seed % 3 {
        0 => "calm",
        1 => "brisk",
        _ => "{ every: 1s, timeout: 500ms, fall: 3, rise: 3, blip: 3s }",
    };
    let Traits { behind, last_resort, refuge, signalling, playbooks } = Traits::of(seed);
    format!(
        "cluster: town\ntimezone: Europe/London\nmode: auto\npace: {pace}\n\nsites:\n{}\n\n\
         references: [198.51.100.1, 203.0.113.129]\n\n\
         carriers:\n  magrathea: {{ ntsapi: {{ host: 192.0.2.31, port: 777, tls: plain }}{signalling} }}\n\n\
         routes:\n  main:\n    carrier: magrathea\n    numbers: [\"{}\", \"{}\"]\n    to: S:$number@$pbx\n    \
         prefer: [london, manchester, netherlands, office]\n    \
         budget: {budget}{behind}{last_resort}{refuge}{playbooks}\n\n\
         people:\n  matthew: {{ mail: matthew@example.com }}\nalerts:\n  \
         mail: {{ from: pointsman@example.com, relays: [192.0.2.25] }}\n  tell: [matthew]\n",
        LINES[..4].join("\n"),
        NUMBERS[0],
        NUMBERS[1]
    )
}

/// What an agent is started with under a policy.
pub fn setting(policy: &Policy, text: String) -> Setting {
    let read = |(name, text): &(&str, &str)| Playbook::read(name, text).expect("it is shipped");
    let books = playbooks::shipped().iter().chain([&("hasty", HASTY)]);
    let shelf = books.map(read).map(|book| (book.name.clone(), book)).collect();
    Setting {
        policy: text,
        cluster: policy.cluster.clone(),
        charter: Charter::of(policy).expect("the policy of the town has a quorum"),
        shelf,
        carriers: policy.carriers.iter().map(|carrier| carrier.id.clone()).collect(),
    }
}
