//! The town's policy, and what every agent of it is started with.

use super::site::Setting;
use playbooks::Playbook;
use policies::Policy;

/// The two numbers of the route, from Ofcom's drama numbers.
pub const NUMBERS: [&str; 2] = ["02079460000", "02079460001"];
/// The route.
pub const ROUTE: &str = "main";

/// The policy of the town; a budget of 4 is soon spent, and then nothing moves any more, so some seeds have more.
pub fn policy(seed: u64) -> String {
    let budget = if seed.is_multiple_of(4) { "4 per day" } else { "100 per day" };
    let pace = match seed % 3 {
        0 => "calm",
        1 => "brisk",
        _ => "{ every: 1s, timeout: 500ms, fall: 3, rise: 3, blip: 3s }",
    };
    format!(
        "cluster: town\ntimezone: Europe/London\nmode: auto\npace: {pace}\n\nsites:\n  \
         london: {{ votes: 1, address: 192.0.2.1, pbx: 192.0.2.11 }}\n  \
         manchester: {{ votes: 1, address: 192.0.2.2, pbx: 192.0.2.12 }}\n  \
         office: {{ votes: 1, address: 192.0.2.4, pbx: 192.0.2.14 }}\n  \
         netherlands: {{ votes: 2, address: 192.0.2.3, pbx: 192.0.2.13 }}\n\n\
         references: [198.51.100.1, 203.0.113.129]\n\n\
         carriers:\n  magrathea: {{ ntsapi: {{ host: 192.0.2.31, port: 777, tls: plain }} }}\n\n\
         routes:\n  main:\n    carrier: magrathea\n    numbers: [\"{}\", \"{}\"]\n    to: S:$number@$pbx\n    \
         prefer: [london, manchester, netherlands, office]\n    budget: {budget}\n\n\
         people:\n  matthew: {{ mail: matthew@example.com }}\nalerts:\n  \
         mail: {{ from: pointsman@example.com, relays: [192.0.2.25] }}\n  tell: [matthew]\n",
        NUMBERS[0], NUMBERS[1]
    )
}

/// What an agent is started with under a policy.
pub fn setting(policy: &Policy, text: String) -> Setting {
    let read = |(name, text): &(&str, &str)| Playbook::read(name, text).expect("it is shipped");
    let shelf = playbooks::shipped().iter().map(read).map(|book| (book.name.clone(), book)).collect();
    Setting {
        policy: text,
        cluster: policy.cluster.clone(),
        seats: agent::start::seats(policy).expect("the policy of the town has a quorum"),
        votes: policy.sites.iter().map(|s| (s.id.clone(), u32::from(s.votes))).collect(),
        shelf,
        carriers: policy.carriers.iter().map(|carrier| carrier.id.clone()).collect(),
    }
}
