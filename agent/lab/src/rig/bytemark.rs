//! The whole policy of the example on a rig: its addresses are those of this machine, its commands are files.

use super::Options;
use super::plan::{Net, SITES};
use std::path::Path;

/// The policy as a company writes it.
pub const POLICY: &str = include_str!("../../../../policies/tests/fixtures/bytemark.yaml");

/// The playbooks that it names and the program does not bring along, by the names of their files.
pub const PLAYBOOKS: [(&str, &str); 2] = [
    ("withdraw-prefix", include_str!("../../../../playbooks/tests/fixtures/withdraw-prefix.yaml")),
    ("announce-prefix", include_str!("../../../../playbooks/tests/fixtures/announce-prefix.yaml")),
];

/// The policy with the addresses of a rig: every line that names none is as it was written.
pub fn policy(net: &Net, options: &Options) -> String {
    let Options { pace, numbers, two_doors, .. } = options;
    let (carrier, signalling) = (net.carrier(), net.signalling());
    let quoted: Vec<String> = numbers.iter().map(|number| format!("\"{number}\"")).collect();
    let line = |line: &str| {
        let (indent, key) = (line.len() - line.trim_start().len(), line.trim_start());
        let key = key.split_once(':').map_or("", |(key, _)| key);
        let site = SITES.iter().find(|site| indent == 2 && site.name == key);
        match (indent, key, site) {
            (_, _, Some(site)) if line.contains("votes:") => {
                let (peers, pbx) = (net.peers(site).ip(), net.pbx(site).ip());
                let magic = line.split_once("magic:").map_or("", |(_, magic)| magic).trim();
                let calls = if two_doors.contains(&site.name) {
                    format!("doors: [{pbx}, {}]", net.second_door(site).ip())
                } else {
                    format!("pbx: {pbx}")
                };
                format!("  {key}: {{ votes: {}, address: {peers}, {calls}, magic: {magic}", site.votes)
            }
            (0, "pace", _) => format!("pace: {}", pace.text()),
            // Refused at once, and that is an answer too: the way out is well.
            (0, "references", _) => format!("references: [\"{}\"]", net.reference()),
            (2, "magrathea", _) => format!(
                "  magrathea: {{ ntsapi: {{ host: {}, port: {}, tls: plain }}, rate: 5 per second, \
                 signalling: [\"{signalling}\"] }}",
                carrier.ip(),
                carrier.port(),
            ),
            (4, "behind", _) => {
                let netherlands = SITES.iter().find(|site| site.name == "netherlands");
                let behind = netherlands.map(|site| net.pbx(site).ip().to_string()).unwrap_or_default();
                format!("    behind: [S:$number@{behind}, \"441134960999\"]")
            }
            (4, "numbers", _) => format!("    numbers: [{}]", quoted.join(", ")),
            (_, _, _) => line.to_owned(),
        }
    };
    POLICY.lines().map(|written| line(written) + "\n").collect()
}

/// The commands of a site file: the proxy answers while nobody has put the file `proxy-is-down` beside the sites, and
/// the prefix of a site is withdrawn while the site has a file of that name.
pub fn commands(cluster: &Path, site: &Path) -> String {
    let (down, withdrawn) = (cluster.join("proxy-is-down"), site.join("prefix-withdrawn"));
    let (down, withdrawn) = (down.display(), withdrawn.display());
    format!(
        "commands:\n  kamailio-answers: [/usr/bin/test, '!', -e, {down}]\n  \
         withdraw-anycast: [/usr/bin/touch, {withdrawn}]\n  \
         anycast-withdrawn: [/usr/bin/test, -e, {withdrawn}]\n  \
         announce-anycast: [/usr/bin/rm, -f, {withdrawn}]\n  \
         anycast-announced: [/usr/bin/test, '!', -e, {withdrawn}]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use policies::Policy;

    #[test]
    fn the_example_is_read_on_a_rig_as_it_is_written() {
        let net = Net::free().unwrap();
        let (here, there) = (policy(&net, &Options::default()), POLICY);
        let read = |text: &str| Policy::read("policy", text).unwrap_or_else(|report| panic!("{report}"));
        let (here, there) = (read(&here), read(there));
        let names = |policy: &Policy| policy.sites.iter().map(|site| site.id.clone()).collect::<Vec<_>>();
        assert_eq!((names(&here), &here.levers), (names(&there), &there.levers));
        assert_eq!((here.people, here.deadman, here.alerts), (there.people, there.deadman, there.alerts));
        assert_eq!(here.routes[0].last_resort, there.routes[0].last_resort);
        assert_eq!(here.reaches, there.reaches);
    }
}
