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

fn parse(text: &str) -> Result<SiteFile, SiteFault> {
    SiteFile::parse(text, Path::new("/etc/pointsman"))
}

fn check(text: &str, expected: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), expected);
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

#[test]
fn a_fault_is_shown_in_its_place() {
    check(
        "site: london\nlisten: { peers: 192.0.2.10:7701, fastagy: 127.0.0.1:4573 }\n",
        "\
2:35: unknown key `fastagy`
  2 | listen: { peers: 192.0.2.10:7701, fastagy: 127.0.0.1:4573 }
    |                                   ^^^^^^^ did you mean `fastagi`?",
    );
    check("site: london\nzebra: 1\n", "2:1: unknown key `zebra`\n  2 | zebra: 1\n    | ^^^^^");
    check(
        "site: London\nlisten: { peers: 192.0.2.10:7701 }\n",
        "\
1:7: a site's name is lower-case letters, digits and hyphens
  1 | site: London
    |       ^^^^^^",
    );
    check(
        "site: london\nlisten: { peers: london }\n",
        "\
2:18: write an address and a port, like `192.0.2.10:7701`
  2 | listen: { peers: london }
    |                  ^^^^^^",
    );
}

#[test]
fn a_key_missing_and_a_key_twice_have_a_place_too() {
    check("site: london\n", "1:1: the key `listen` is missing\n  1 | site: london\n    | ^^^^");
    check("site: a\nsite: b\n", "2:1: `site` stands twice\n  2 | site: b\n    | ^^^^");
}

#[test]
fn a_command_is_named_by_its_whole_path() {
    check(
        "site: a\nlisten: { peers: 192.0.2.10:7701 }\ncommands: { b: [birdc] }\n",
        "\
3:16: the command `b` must begin with the whole path of a program
  3 | commands: { b: [birdc] }
    |                ^",
    );
}

#[test]
fn what_is_no_yaml_has_a_place_and_never_panics() {
    for text in ["", "site: [", "\t", "- a", "site: é\nlisten: é", "site:\n\tx: 1", "a: &b [*b]", "\u{0}"] {
        let fault = parse(text).unwrap_err();
        assert!(fault.line >= 1 && fault.column >= 1 && !fault.to_string().is_empty(), "{text:?}");
    }
}
