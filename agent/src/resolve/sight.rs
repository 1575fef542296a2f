//! A look at this machine's name servers: each is asked for each carrier that is written by its name.

use crate::live::{Kind, Sight};
use crate::probes::Answer;
use crate::probes::dns::Dns;
use hickory_resolver::system_conf::read_system_conf;
use policies::policy::{Dns as Wanted, RecordType};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// As long as the resolver itself would wait for one of them.
const PATIENCE: Duration = Duration::from_secs(5);
const PORT: u16 = 53;

/// Asks every server for every name. Where no carrier is written by its name nobody is asked.
pub async fn look(hosts: &[String]) -> Vec<Sight> {
    if hosts.is_empty() {
        return vec![Sight::ok(
            Kind::Dns,
            "name servers",
            "none is needed, every carrier is written as an address",
        )];
    }
    let servers = match read_system_conf() {
        Ok((config, _)) => {
            let at = |ip: IpAddr| SocketAddr::new(ip, PORT);
            let mut servers: Vec<SocketAddr> =
                config.name_servers().iter().map(|server| at(server.ip)).collect();
            servers.dedup();
            servers
        }
        Err(error) => {
            return vec![
                Sight::fault(Kind::Dns, "name servers", error.to_string()).hint("`cat /etc/resolv.conf`"),
            ];
        }
    };
    let mut sights = Vec::new();
    for host in hosts {
        sights.extend(asked(host, &servers).await);
    }
    sights
}

/// One server that answers is enough to go on; that another one does not is worth knowing before the night it is not.
pub async fn asked(host: &str, servers: &[SocketAddr]) -> Vec<Sight> {
    let ask = |server: &SocketAddr| {
        let wanted = Wanted { name: host.to_owned(), of: RecordType::A, expect: Vec::new() };
        let dns = Dns { target: *server, bind: None, wanted };
        async move { dns.ask(PATIENCE).await }
    };
    let mut answers = Vec::new();
    for server in servers {
        answers.push((server, ask(server).await));
    }
    let answered = answers.iter().any(|(_, answer)| matches!(answer, Answer::Alive { .. }));
    if answers.is_empty() {
        return vec![
            Sight::fault(Kind::Dns, host, "this machine has no name server").hint("`cat /etc/resolv.conf`"),
        ];
    }
    let sight = |(server, answer): (&SocketAddr, Answer)| {
        let server = server.ip();
        let says = format!("{server}: {answer}");
        let hint = format!("`dig @{server} {host}`");
        match answer {
            Answer::Alive { .. } => Sight::ok(Kind::Dns, host, says),
            Answer::Draining | Answer::Dead { .. } | Answer::Unasked { .. } if answered => {
                Sight::warning(Kind::Dns, host, says).hint(hint)
            }
            Answer::Draining | Answer::Dead { .. } | Answer::Unasked { .. } => {
                Sight::fault(Kind::Dns, host, says).hint(hint)
            }
        }
    };
    answers.into_iter().map(sight).collect()
}
