//! What only shows when a file is held against what lies beside it: playbooks that are not there, secrets that are of
//! no use.

use crate::act::Login;
use crate::node::{self, Shelf};
use crate::secret::Secret;
use crate::site::{SecretError, SiteFile};
use playbooks::Playbook;
use playbooks::language::Doer;
use policies::Policy;
use policies::policy::Lever;
use state::document::{self, Faults, Report, Value, nearest};
use state::{CarrierId, PlaybookId};
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

/// The report about commands that a good playbook surely runs at a site and that are not in its site file; none if all
/// are. Whether a step with `at: $from` is ever done there nobody knows beforehand.
pub fn commands(name: &str, text: &str, (playbook, site): (&Playbook, &SiteFile)) -> Option<Report> {
    let faults = Faults::new();
    let tree = document::read(text, &faults)?;
    let mut top = Value::root(&tree, &faults).map()?;
    let steps = top.optional("steps").map(Value::list).unwrap_or_default();
    for (step, written) in playbook.steps.iter().zip(steps) {
        let here = match &step.at {
            Doer::Executor | Doer::Leader | Doer::All | Doer::Reachable => true,
            Doer::Site(at) => at.is_written(site.site.as_str()),
        };
        let Some(mut fields) = written.map().filter(|_| here) else { continue };
        for wish in ["ensure", "undo"].into_iter().filter_map(|key| fields.optional(key)) {
            let Some(mut exec) = wish.map().and_then(|mut wish| wish.optional("exec")?.map()) else {
                continue;
            };
            ["command", "check"]
                .into_iter()
                .filter_map(|key| exec.optional(key))
                .for_each(|v| known(v, site));
        }
    }
    faults.report(name, text)
}

/// The same for the probes of a good policy that this site asks.
pub fn probed(name: &str, text: &str, (policy, site): (&Policy, &SiteFile)) -> Option<Report> {
    let faults = Faults::new();
    let tree = document::read(text, &faults)?;
    let mut top = Value::root(&tree, &faults).map()?;
    for (key, written) in top.optional("probes").map(Value::entries).unwrap_or_default() {
        let probe = policy.probes.iter().find(|probe| probe.subject.to_string() == key.text);
        let here = probe.is_some_and(|probe| probe.by.as_ref().is_none_or(|by| by.contains(&site.site)));
        let exec = written.map().filter(|_| here).and_then(|mut fields| fields.optional("exec"));
        exec.into_iter().for_each(|value| known(value, site));
    }
    faults.report(name, text)
}

fn known(value: Value<'_>, site: &SiteFile) {
    let Some(name) = value.name().filter(|name| !site.commands.contains_key(*name)) else { return };
    let note = match nearest(name, site.commands.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("`commands: {{ {name}: [/usr/sbin/program, argument] }}` there"),
    };
    value.refuse::<()>(format!("the site file of {} has no command `{name}`", site.site), note);
}

/// The site files that a file is held against: those given with it, else the one in its folder or the folder above.
pub fn sites(file: &Path, given: &[PathBuf]) -> Vec<SiteFile> {
    let good = |path: &PathBuf| SiteFile::load(path).ok();
    let with: Vec<SiteFile> = given.iter().filter(|other| *other != file).filter_map(good).collect();
    if !with.is_empty() {
        return with;
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    [folder.join("site.yaml"), folder.join("../site.yaml")].iter().find_map(good).into_iter().collect()
}

/// What is wrong with the secrets of a site, without a word of any of them; nothing if all are in order.
pub fn secrets(site: &SiteFile) -> String {
    let faults: Vec<SecretError> = match site.secrets.names() {
        Ok(names) => names.iter().filter_map(|name| site.secrets.read(name).err()).collect(),
        Err(error) => vec![error],
    };
    faults.iter().map(|fault| format!("error: {fault}\n")).collect()
}

/// What no carrier of a policy could be told of a site's secrets, without a word of any of them.
pub fn unsayable(site: &SiteFile, policy: &policies::Policy) -> String {
    let login = |id: &CarrierId| {
        let (user, password) = site.secrets.read(id.as_str()).ok()?;
        let why = Login::new(&user, Secret::new(password)).err()?;
        let file = site.secrets.path(id.as_str());
        Some(format!("error: {why}; hint: `sudoedit {}`\n", file.display()))
    };
    policy.carriers.iter().filter_map(|carrier| login(&carrier.id)).collect()
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
        assert!(
            strange.contains("my-own takes no `sit`") && strange.contains("| ") && strange.contains("^"),
            "{strange}"
        );
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

    const LONDON: &str = "site: london\nlisten: { peers: 192.0.2.10:7701 }\n\
                          commands: { withdraw: [/bin/true], withdrawn: [/bin/true] }\n";

    fn drain(at: &str) -> String {
        let step = "- ensure: { exec: { command: withdraw, check: withdrawn } }\n    \
                    undo: { exec: { command: announce, check: withdrawm } }";
        format!("playbook: drain\nabout: a test\ninputs: {{ from: site }}\nsteps:\n  {step}\n    at: {at}\n")
    }

    #[test]
    fn a_command_that_a_site_lacks_is_underlined_where_the_site_surely_runs_it() {
        let site = SiteFile::parse("site.yaml", LONDON, Path::new("")).unwrap();
        let report = |at: &str| {
            let text = drain(at);
            let playbook = Playbook::read("drain.yaml", &text).unwrap();
            commands("drain.yaml", &text, (&playbook, &site)).map(|report| report.to_string())
        };
        assert_eq!(report("$from"), None);
        assert_eq!(report("office"), None);
        let expected = "\
drain.yaml: 2 faults, nothing is changed
error: the site file of london has no command `announce`
  --> drain.yaml:6:30
  6 |     undo: { exec: { command: announce, check: withdrawm } }
    |                              ^^^^^^^^ `commands: { announce: [/usr/sbin/program, argument] }` there
error: the site file of london has no command `withdrawm`
  --> drain.yaml:6:47
  6 |     undo: { exec: { command: announce, check: withdrawm } }
    |                                               ^^^^^^^^^ did you mean `withdraw`?
";
        for at in ["london", "reachable", "all", "executor", "leader"] {
            assert_eq!(report(at).unwrap(), expected, "{at}");
        }
    }

    #[test]
    fn a_command_that_a_probe_needs_is_underlined_where_the_site_asks() {
        let site = SiteFile::parse("site.yaml", LONDON, Path::new("")).unwrap();
        let report = |probe: &str| {
            let text = format!("{MINIMAL}probes: {{ london/proxy: {{ {probe} }} }}\n");
            let policy = Policy::read("policy.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
            probed("policy.yaml", &text, (&policy, &site)).map(|report| report.to_string())
        };
        assert_eq!(report("exec: withdraw"), None);
        assert_eq!(report("exec: answers, by: [office, manchester]"), None);
        let words = report("exec: answers").unwrap();
        assert!(words.contains("the site file of london has no command `answers`"), "{words}");
    }

    #[test]
    fn a_site_file_given_or_beside_is_held_against() {
        let temp = tempfile::tempdir().unwrap();
        let (folder, file) = (temp.path().join("playbooks"), temp.path().join("playbooks/drain.yaml"));
        fs::create_dir(&folder).unwrap();
        assert_eq!(sites(&file, &[]), []);
        fs::write(temp.path().join("site.yaml"), LONDON).unwrap();
        assert_eq!(sites(&file, &[]).len(), 1);
        let other = temp.path().join("office.yaml");
        fs::write(&other, LONDON.replace("london", "office")).unwrap();
        let given = sites(&file, &[other, file.clone()]);
        assert_eq!(given.iter().map(|site| site.site.as_str()).collect::<Vec<_>>(), ["office"]);
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
        assert_eq!(unsayable(&site, &policy), "");
        fs::write(&secret, "anna\nsword fish\n").unwrap();
        let words = unsayable(&site, &policy);
        assert!(words.contains("no blanks; hint: `sudoedit ") && !words.contains("fish"), "{words}");
    }
}
