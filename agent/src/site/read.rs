//! Reads the site file key by key; every fault of it is in one report, as with policies and playbooks.

use super::{CONTROL, Listen, Pbx, STATE, Secrets, SiteFile};
use state::SiteId;
use state::document::{self, Fault, Faults, Place, Report, Sketch, Value, is_name};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The site file of a text and its name; paths in it are relative to `folder`.
pub(super) fn site_file((name, text): (&str, &str), folder: &Path) -> Result<SiteFile, Report> {
    let faults = Faults::new();
    let file = document::read(text, &faults).and_then(|tree| whole(Value::root(&tree, &faults), folder));
    match (faults.report(name, text), file) {
        (Some(report), _) => Err(report),
        (None, Some(file)) => Ok(file),
        (None, None) => Err(unread(name, text)),
    }
}

/// What is asked of a site file that has every key.
pub(super) fn sketch() -> Sketch {
    let faults = Faults::sketching();
    let tree = document::read(SAMPLE, &faults).expect("the sample is read in the tests");
    drop(whole(Value::root(&tree, &faults), Path::new("")));
    Sketch::of(Value::root(&tree, &faults))
}

/// A site file with every key that there is.
const SAMPLE: &str = "\
site: london
bundle: /etc/pointsman/bundle
listen: { peers: 192.0.2.10:7701, fastagi: 127.0.0.1:4573, http: 0.0.0.0:80, https: 0.0.0.0:443 }
pbx: { ami: 127.0.0.1:5038, sounds: /var/lib/asterisk/sounds/pointsman }
secrets: /etc/pointsman/secrets
commands: { announce-anycast: [/usr/sbin/birdc, enable, anycast] }
authorities: /etc/pointsman/authorities.pem
state: /var/lib/pointsman
control: /run/pointsman/control.sock
policy: /etc/pointsman/policy.yaml
playbooks: /etc/pointsman/playbooks
";

/// The report about a text from which nothing came although nobody found a fault in it.
fn unread(name: &str, text: &str) -> Report {
    let faults = Faults::new();
    faults.add(Fault::at(Place::START, "this is no site file").hint("`site: london`"));
    faults.report(name, text).expect("a fault was added in the line above")
}

fn whole(document: Value<'_>, folder: &Path) -> Option<SiteFile> {
    let mut map = document.map()?;
    let site = map.required("site").and_then(Value::name).map(SiteId::new);
    let mut beside = |key: &'static str, default: &str| {
        let written = map.optional(key).map_or(Some(default), Value::words);
        written.map(|path| folder.join(path))
    };
    let (bundle, secrets) = (beside("bundle", "bundle"), beside("secrets", "secrets"));
    let (state, control) = (beside("state", STATE), beside("control", CONTROL));
    let (policy, playbooks) = (beside("policy", "policy.yaml"), beside("playbooks", "playbooks"));
    let listen = map.required("listen").map(listen);
    let pbx = map.optional("pbx").map(|value| pbx(value, folder));
    let commands = map.optional("commands").map(commands).unwrap_or_default();
    let authorities = map.optional("authorities").map(Value::words);
    map.finish();
    Some(SiteFile {
        site: site?,
        bundle: bundle?,
        listen: listen??,
        pbx: pbx.map_or(Some(None), |pbx| pbx.map(Some))?,
        secrets: Secrets::at(secrets?),
        commands,
        authorities: authorities.map_or(Some(None), |path| path.map(|path| Some(folder.join(path))))?,
        state: state?,
        control: control?,
        policy: policy?,
        playbooks: playbooks?,
    })
}

fn listen(value: Value<'_>) -> Option<Listen> {
    let mut map = value.map()?;
    let peers = map.required("peers").and_then(Value::socket_with_port);
    let mut other = |key: &'static str| map.optional(key).and_then(Value::socket_with_port);
    let (fastagi, http, https) = (other("fastagi"), other("http"), other("https"));
    map.finish();
    Some(Listen { peers: peers?, fastagi, http, https })
}

fn pbx(value: Value<'_>, folder: &Path) -> Option<Pbx> {
    let mut map = value.map()?;
    let ami = map.optional("ami").and_then(Value::socket_with_port);
    let sounds: Option<PathBuf> = map.optional("sounds").and_then(Value::words).map(|path| folder.join(path));
    map.finish();
    Some(Pbx { ami, sounds })
}

/// The commands that may be run. A program is named by its whole path: what `PATH` holds at three in the morning is
/// nobody's decision.
fn commands(value: Value<'_>) -> BTreeMap<String, Vec<String>> {
    let mut commands = BTreeMap::new();
    for (key, value) in value.entries() {
        if !is_name(&key.text) {
            let note = "small letters, digits and `-`, a letter first, at most 24";
            value.faults().add(Fault::at(key.place, format!("`{}` is no name", key.text)).note(note));
        }
        let words: Option<Vec<String>> =
            value.list().into_iter().map(|word| word.text().map(str::to_owned)).collect();
        let Some(words) = words else { continue };
        if !words.first().is_some_and(|program| program.starts_with('/')) {
            let program = words.first().and_then(|word| word.split_whitespace().next()).unwrap_or("program");
            value.refuse::<()>(
                format!("the command `{}` must begin with the whole path of a program", key.text),
                format!("such as `[/usr/sbin/{}, argument]`", program.rsplit('/').next().unwrap_or(program)),
            );
        }
        commands.insert(key.text.clone(), words);
    }
    commands
}
