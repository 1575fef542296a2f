//! The site file: the whole of it, the least of it, and its faults as a person sees them.

use super::*;
use crate::init::{InitSite, birth};

const WHOLE: &str = "\
site: london
bundle: /etc/pointsman/bundle                 # ca.pem, site.pem, site.key
listen: { peers: 192.0.2.10:7701, fastagi: 127.0.0.1:4573, http: 0.0.0.0:80, https: 0.0.0.0:443 }
pbx:
  ami: 127.0.0.1:5038
  sounds: /var/lib/asterisk/sounds/pointsman
secrets: /etc/pointsman/secrets
commands:
  withdraw-anycast: [/usr/sbin/birdc, disable, anycast]
";

fn parse(text: &str) -> Result<SiteFile, Report> {
    SiteFile::parse("site.yaml", text, Path::new("/etc/pointsman"))
}

#[test]
fn every_key_is_kept() {
    let site = parse(WHOLE).unwrap();
    assert_eq!(site.site, SiteId::new("london"));
    assert_eq!(site.listen.fastagi, Some("127.0.0.1:4573".parse().unwrap()));
    assert_eq!(site.listen.https, Some("0.0.0.0:443".parse().unwrap()));
    assert_eq!(site.pbx.unwrap().ami, Some("127.0.0.1:5038".parse().unwrap()));
    assert_eq!(site.commands["withdraw-anycast"], ["/usr/sbin/birdc", "disable", "anycast"]);
}

#[test]
fn the_least_of_it_stands_beside_the_file() {
    let site = parse("site: london\nlisten: { peers: 192.0.2.10:7701 }\nstate: here\n").unwrap();
    assert_eq!(site.bundle, Path::new("/etc/pointsman/bundle"));
    assert_eq!(site.secrets, Secrets::at("/etc/pointsman/secrets"));
    assert_eq!(site.policy, Path::new("/etc/pointsman/policy.yaml"));
    assert_eq!(site.playbooks, Path::new("/etc/pointsman/playbooks"));
    assert_eq!(site.state, Path::new("/etc/pointsman/here"));
    assert_eq!(site.control, Path::new(CONTROL));
}

#[test]
fn what_init_writes_is_read() {
    let temp = tempfile::tempdir().unwrap();
    let peers = "[2001:db8::1]:7701".parse().unwrap();
    let london = InitSite { site: SiteId::new("london"), peers, secrets: Vec::new() };
    let born = birth(&temp.path().join("x"), "bytemark", &[london], "").unwrap();
    let site = SiteFile::load(&born.sites[0].join("site.yaml")).unwrap();
    assert_eq!((site.site.as_str(), site.listen.peers), ("london", peers));
    assert_eq!(site.bundle, Path::new("/etc/pointsman/bundle"));
}

/// Each case of `tests/site/faults.txt` is a site file and what a person reads about it; `UPDATE=1` writes it down.
#[test]
fn every_seeded_fault_is_refused_with_its_place_and_a_hint() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/site/faults.txt");
    let text = std::fs::read_to_string(&path).unwrap();
    let (theme, rest) = text.split_once('\n').unwrap();
    let (mut rewritten, mut cases) = (format!("{theme}\n"), 0);
    for case in rest.split("\n== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (input, _) = rest.split_once("----\n").unwrap();
        let report = parse(input).expect_err(title);
        assert!(report.faults.iter().all(state::document::Fault::is_helpful), "{title}\n{report}");
        rewritten += &format!("\n== {title}\n{input}----\n{report}");
        cases += 1;
    }
    println!("{cases} seeded faults in site files");
    assert!(cases >= 20, "only {cases} cases");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &rewritten).unwrap();
    }
    assert!(rewritten == text || std::env::var_os("UPDATE").is_some(), "UPDATE=1 accepts it\n{rewritten}");
}

#[test]
fn what_is_no_yaml_has_a_place_and_never_panics() {
    for text in ["", "site: [", "\t", "- a", "site: é\nlisten: é", "site:\n\tx: 1", "a: &b [*b]", "\u{0}"] {
        let report = parse(text).unwrap_err();
        assert!(report.to_string().contains("--> site.yaml:"), "{text:?}");
    }
}
