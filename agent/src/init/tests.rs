//! A cluster is born whole, with the right modes, or not at all.

use super::*;
use crate::links::{Identity, IdentityError};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

fn sites() -> Vec<InitSite> {
    let site = |name: &str, peers: &str, secrets: &[&str]| InitSite {
        site: SiteId::new(name),
        peers: peers.parse().unwrap(),
        secrets: secrets.iter().map(|&name| name.to_owned()).collect(),
    };
    vec![site("london", "192.0.2.10:7701", &["magrathea"]), site("netherlands", "[2001:db8::1]:7701", &[])]
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Every path below a folder with its mode, sorted.
fn tree(of: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![of.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found.push(format!("{:04o} {}", mode(&path), path.strip_prefix(of).unwrap().display()));
            if path.is_dir() {
                todo.push(path);
            }
        }
    }
    found.sort_by_key(|line| line[5..].to_owned());
    found
}

#[test]
fn a_cluster_is_born_with_the_right_modes() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("cluster");
    let born = birth(&dir, "bytemark", &sites()[..1], "cluster: bytemark\n").unwrap();
    assert_eq!(mode(&dir), 0o700);
    let expected = "\
0700 ca
0644 ca/README
0600 ca/ca.key
0644 ca/ca.pem
0700 london
0644 london/INSTALL
0700 london/bundle
0644 london/bundle/ca.pem
0600 london/bundle/site.key
0644 london/bundle/site.pem
0644 london/pointsman-ping.conf
0644 london/pointsman.service
0644 london/policy.yaml
0700 london/secrets
0644 london/site.yaml";
    assert_eq!(tree(&dir).join("\n"), expected);
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1, "nothing is left beside it");
    assert_eq!(born.sites, [dir.join("london")]);
    let identity = Identity::load(&dir.join("london/bundle")).unwrap();
    assert_eq!((identity.site().as_str(), identity.cluster()), ("london", "bytemark"));
    assert_eq!(identity.expires().millis() / 1000, born.site_expires.millis() / 1000);
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("cluster");
    birth(&dir, "bytemark", &sites(), "").unwrap();
    let key = dir.join("london/bundle/site.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let fault = Identity::load(&dir.join("london/bundle")).err().unwrap();
    assert!(matches!(fault, IdentityError::Open { .. }));
    assert!(fault.to_string().ends_with(&format!("hint: `chmod 600 {}`", key.display())), "{fault}");
}

#[test]
fn a_folder_that_holds_something_is_left_alone_and_an_empty_one_is_filled() {
    let temp = tempfile::tempdir().unwrap();
    birth(temp.path(), "bytemark", &sites(), "").unwrap();
    let before = tree(temp.path());
    let fault = birth(temp.path(), "bytemark", &sites(), "").unwrap_err();
    assert!(matches!(fault, InitError::NotEmpty(_)), "{fault}");
    assert_eq!(tree(temp.path()), before);
}

#[test]
fn one_site_more_gets_a_folder_and_one_that_has_its_own_keeps_it() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("bytemark");
    birth(&dir, "bytemark", &sites(), "").unwrap();
    let again = sites().remove(0);
    let (home, before) = (dir.join(again.site.as_str()), tree(&dir));
    let fault = addition(&dir, "bytemark", &again, "").unwrap_err();
    assert!(matches!(fault, InitError::Taken(_)), "{fault}");
    let typed = format!("`mv {} {}.before`", home.display(), home.display());
    assert!(fault.to_string().contains(&typed), "{fault}");
    assert_eq!(tree(&dir), before);
    std::fs::rename(&home, home.with_extension("before")).unwrap();
    let added = addition(&dir, "bytemark", &again, "").unwrap();
    let key = |home: &Path| Identity::load(&home.join("bundle")).unwrap().fingerprint();
    assert_eq!(added.key, key(&home));
    assert_ne!(added.key, key(&home.with_extension("before")), "it is another key");
}

#[test]
fn what_cannot_be_finished_leaves_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let blocked = temp.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    birth(&blocked, "bytemark", &sites(), "").unwrap_err();
    assert_eq!(tree(temp.path()).len(), 1, "only the file that was in the way");
}

#[test]
fn names_that_cannot_stand_in_a_certificate_or_a_path_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("cluster");
    let named = |name: &str| vec![InitSite { site: SiteId::new(name), ..sites().remove(0) }];
    assert!(matches!(birth(&dir, "Byte Mark", &sites(), ""), Err(InitError::Name(_))));
    assert!(matches!(birth(&dir, "bytemark", &named("../x"), ""), Err(InitError::Name(_))));
    assert!(matches!(birth(&dir, "bytemark", &named("ca"), ""), Err(InitError::Twice(_))));
    let twice = [named("london"), named("london")].concat();
    assert!(matches!(birth(&dir, "bytemark", &twice, ""), Err(InitError::Twice(_))));
    let mut odd = sites();
    odd[0].secrets = vec!["a'; reboot #".to_owned()];
    assert!(matches!(birth(&dir, "bytemark", &odd, ""), Err(InitError::Secret(_))));
    assert!(!dir.exists());
}

#[test]
fn install_has_six_lines_that_a_shell_can_read() {
    for site in sites() {
        let text = install::six_lines(&site);
        assert_eq!(text.lines().count(), 6, "{text}");
        let read = Command::new("sh").args(["-n", "-c", &text]).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
}
