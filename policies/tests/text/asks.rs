//! What a policy asks of each service: every kind of probe as it is written, and as it is understood.

use super::golden;
use policies::Policy;

#[test]
fn probes_in_golden_files() {
    golden::check("asks", |input| match Policy::read("policy.yaml", input) {
        Ok(policy) => policy.probes.iter().fold(String::new(), |lines, probe| {
            let at = probe.address.map_or("here".to_owned(), |address| address.to_string());
            let by = probe.by.iter().flatten().map(|site| format!(" {site}")).collect::<String>();
            let by = if by.is_empty() { String::new() } else { format!(", by{by}") };
            lines + &format!("{} at {at}{by}: {:?}\n", probe.subject, probe.ask)
        }),
        Err(report) => report.to_string(),
    });
}
