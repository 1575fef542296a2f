//! What only shows when a file is held against what lies beside it: playbooks that are not there, secrets that are of
//! no use.

use crate::node::{self, Shelf};
use crate::site::{SecretError, SiteFile};
use playbooks::Playbook;
use policies::policy::Lever;
use state::PlaybookId;
use state::document::{self, Faults, Report, Value, nearest};
use std::fs;
use std::path::{Path, PathBuf};

/// The playbooks that a policy can name: those of the program, of the folder beside it, and those given with it.
pub fn playbooks(policy: &Path, given: &[PathBuf]) -> Shelf {
    let folder = policy.parent().unwrap_or(Path::new("")).join("playbooks");
    let beside = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = beside.chain(given.iter().cloned()).filter_map(|file| fs::read_to_string(file).ok());
    let own = files.filter_map(|text| Playbook::read("playbook", &text).ok());
    let shipped = playbooks::shipped().iter().filter_map(|(name, text)| Playbook::read(name, text).ok());
    shipped.chain(own).map(|playbook| (playbook.name.clone(), playbook)).collect()
}

/// The report about playbooks that a good policy names and that are not there; none if all are.
pub fn missing(name: &str, text: &str, known: &Shelf) -> Option<Report> {
    let faults = Faults::new();
    let tree = document::read(text, &faults)?;
    let mut top = Value::root(&tree, &faults).map()?;
    let routes = top.optional("routes").map(Value::entries).unwrap_or_default();
    let played = routes.into_iter().filter_map(|(_, route)| route.map()?.optional("playbooks"));
    let of_routes = played.flat_map(Value::entries).map(|(_, value)| value);
    let rules = top.optional("when").map(Value::list).unwrap_or_default();
    let of_levers = rules.into_iter().filter_map(Value::map);
    let of_levers = of_levers.flat_map(|mut rule| [rule.optional("play"), rule.optional("until_up")]);
    for value in of_routes.chain(of_levers.flatten()) {
        let Some(played) = value.name().filter(|played| !known.contains_key(*played)) else { continue };
        let note = match nearest(played, known.keys().map(PlaybookId::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("put it into `playbooks/{played}.yaml`, or give its file too"),
        };
        value.refuse::<()>(format!("there is no playbook `{played}`"), note);
    }
    faults.report(name, text)
}

/// The report about rules that give their playbooks what those do not take, or too little; none if all fits.
pub fn misfits(name: &str, text: &str, (levers, known): (&[Lever], &Shelf)) -> Option<Report> {
    let faults = Faults::new();
    let tree = document::read(text, &faults)?;
    let rules = Value::root(&tree, &faults).map()?.optional("when").map(Value::list).unwrap_or_default();
    for (lever, rule) in levers.iter().zip(rules) {
        let Some(why) = node::unfit(lever, known) else { continue };
        let with =
            rule.map().and_then(|mut fields| fields.optional("with").or_else(|| fields.optional("play")));
        let note = "`with: { NAME: VALUE }` gives the playbooks their inputs";
        with.unwrap_or(rule).refuse::<()>(why, note);
    }
    faults.report(name, text)
}

/// What is wrong with the secrets of a site, without a word of any of them; nothing if all are in order.
pub fn secrets(site: &SiteFile) -> String {
    let faults: Vec<SecretError> = match site.secrets.names() {
        Ok(names) => names.iter().filter_map(|name| site.secrets.read(name).err()).collect(),
        Err(error) => vec![error],
    };
    faults.iter().map(|fault| format!("error: {fault}\n")).collect()
}

/// The secrets that carriers of a policy need and a site does not hold.
pub fn lacking(site: &SiteFile, policy: &policies::Policy) -> Vec<String> {
    let held = site.secrets.names().unwrap_or_default();
    let carriers = policy.carriers.iter().map(|carrier| carrier.id.to_string());
    carriers.filter(|carrier| !held.contains(carrier)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use policies::Policy;
    use std::os::unix::fs::PermissionsExt;

    const MINIMAL: &str = include_str!("../../../../policies/tests/fixtures/minimal.yaml");
    const OWN: &str = "playbook: my-own\nabout: a test\ninputs: { reason: text }\nsteps:\n  \
                       - { ensure: { notify: { text: $reason } }, no_undo: words }\n";

    fn policy(playbook: &str) -> String {
        let route = format!("office]\n    playbooks: {{ site_down: {playbook} }}\n");
        MINIMAL.replacen("office]\n", &route, 1)
    }

    #[test]
    fn a_playbook_that_is_not_there_is_underlined() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("policy.yaml");
        let known = playbooks(&file, &[]);
        assert_eq!(missing("policy.yaml", &policy("fail-over"), &known), None);
        let report = missing("policy.yaml", &policy("fail-ovre"), &known).unwrap().to_string();
        let expected = "\
policy.yaml: 1 fault, nothing is changed
error: there is no playbook `fail-ovre`
  --> policy.yaml:22:29
 22 |     playbooks: { site_down: fail-ovre }
    |                             ^^^^^^^^^ did you mean `fail-over`?
";
        assert_eq!(report, expected);
    }

    #[test]
    fn a_playbook_that_a_rule_names_is_underlined_too() {
        let rule = "when: [{ down: london/pbx, play: fail-over, until_up: fail-bakc }]\n";
        let temp = tempfile::tempdir().unwrap();
        let known = playbooks(&temp.path().join("policy.yaml"), &[]);
        let report = missing("p", &format!("{MINIMAL}{rule}"), &known).unwrap().to_string();
        assert!(
            report.contains("there is no playbook `fail-bakc`") && report.starts_with("p: 1 fault"),
            "{report}"
        );
    }

    #[test]
    fn what_a_playbook_does_not_take_is_underlined() {
        let own = OWN.replace("{ reason: text }", "{ site: site, reason: text }");
        let temp = tempfile::tempdir().unwrap();
        let given = temp.path().join("mine.yaml");
        fs::write(&given, own).unwrap();
        let known = playbooks(&temp.path().join("policy.yaml"), &[given]);
        let report = |with: &str| {
            let text = format!("{MINIMAL}when: [{{ down: london/pbx, play: my-own{with} }}]\n");
            let levers = Policy::read("p", &text).unwrap().levers;
            misfits("p", &text, (&levers, &known)).map(|report| report.to_string()).unwrap_or_default()
        };
        assert_eq!(report(", with: { site: london }"), "");
        assert!(report("").contains("my-own: the playbook needs `site`"), "{}", report(""));
        let strange = report(", with: { site: london, sit: london }");
        assert!(strange.contains("my-own takes no `sit`") && strange.contains("^^^"), "{strange}");
    }

    #[test]
    fn the_whole_case_and_its_playbooks_fit() {
        let text = include_str!("../../../../policies/tests/fixtures/bytemark.yaml");
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("playbooks");
        fs::create_dir(&folder).unwrap();
        for (name, text) in [
            ("withdraw.yaml", include_str!("../../../../playbooks/tests/fixtures/withdraw-prefix.yaml")),
            ("announce.yaml", include_str!("../../../../playbooks/tests/fixtures/announce-prefix.yaml")),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        let known = playbooks(&temp.path().join("policy.yaml"), &[]);
        let policy = Policy::read("policy.yaml", text).unwrap();
        assert_eq!(missing("policy.yaml", text, &known), None);
        assert_eq!(misfits("policy.yaml", text, (&policy.levers, &known)), None);
    }

    #[test]
    fn a_playbook_beside_the_policy_or_given_with_it_is_there() {
        let temp = tempfile::tempdir().unwrap();
        let (file, text) = (temp.path().join("policy.yaml"), policy("my-own"));
        assert!(missing("p", &text, &playbooks(&file, &[])).is_some());
        let given = temp.path().join("mine.yaml");
        fs::write(&given, OWN).unwrap();
        assert_eq!(missing("p", &text, &playbooks(&file, &[given])), None);
        fs::create_dir(temp.path().join("playbooks")).unwrap();
        fs::write(temp.path().join("playbooks/x.yaml"), OWN).unwrap();
        assert_eq!(missing("p", &text, &playbooks(&file, &[])), None);
    }

    #[test]
    fn a_secret_that_is_not_there_or_of_no_use_is_named_and_never_shown() {
        let temp = tempfile::tempdir().unwrap();
        let text = "site: london\nlisten: { peers: 192.0.2.10:7701 }\n";
        let site = SiteFile::parse("site.yaml", text, temp.path()).unwrap();
        let policy = Policy::read("policy.yaml", MINIMAL).unwrap();
        assert_eq!((secrets(&site).as_str(), lacking(&site, &policy)), ("", vec!["magrathea".to_owned()]));
        fs::create_dir(temp.path().join("secrets")).unwrap();
        let secret = temp.path().join("secrets/magrathea");
        fs::write(&secret, "anna\nswordfish\n").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
        let words = secrets(&site);
        assert!(words.contains("hint: `chmod 600 ") && !words.contains("swordfish"), "{words}");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!((secrets(&site).as_str(), lacking(&site, &policy)), ("", Vec::new()));
    }
}
