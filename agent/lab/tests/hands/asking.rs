//! Every kind of probe, from the policy's line to what is observed, against servers that answer, refuse, hang and lie.

use super::servers;
use agent::act::{Config, Hands};
use agent::event::{Effect, Event, Presence};
use agent::node::Rules;
use agent::probes::plan::About;
use agent::site::Secrets;
use lab::pbx::ami::{Ami, Class};
use lab::pbx::{Condition, Pbx};
use state::SiteId;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const LIMIT: Duration = Duration::from_secs(30);

/// One site's hands, and a policy with one probe more.
pub struct Asking {
    pub hands: Hands,
    inbox: mpsc::Receiver<Event>,
    folder: tempfile::TempDir,
}

impl Asking {
    pub fn new() -> Self {
        Self::with(&[], None)
    }

    pub fn with(commands: &[(&str, &[&str])], authorities: Option<PathBuf>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (events, inbox) = mpsc::channel(64);
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let hands = Hands::new(Config {
            bind: Some("127.0.0.11".parse().unwrap()),
            secrets: Secrets::at(folder.path()),
            addresses: folder.path().to_owned(),
            commands: commands.iter().map(|(name, command)| ((*name).to_owned(), words(command))).collect(),
            authorities,
            site: None,
            carriers: Vec::new(),
            events,
        });
        Self { hands, inbox, folder }
    }

    /// Gives it a secret, or another one.
    pub fn secret(&self, name: &str, password: &str) {
        let file = self.folder.path().join(name);
        fs::write(&file, format!("pointsman\n{password}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Asks what the policy says of `london/thing`, every 200 ms, each time for up to 150.
    pub fn watch(&mut self, asks: &str) {
        self.watch_at(asks, "{ every: 200ms, timeout: 150ms, fall: 5, rise: 5, blip: 2s }");
    }

    pub fn watch_at(&mut self, asks: &str, pace: &str) {
        let text = format!(
            "cluster: bytemark\npace: {pace}\nsites:\n\
             \x20 london: {{ votes: 1, address: 127.0.0.11, pbx: 127.0.0.21 }}\n\
             \x20 manchester: {{ votes: 1, address: 127.0.0.12, pbx: 127.0.0.22 }}\n\
             carriers: {{ magrathea: {{ ntsapi: {{ host: 127.0.0.31 }} }} }}\n\
             routes: {{ main: {{ carrier: magrathea, numbers: [\"02079460000\"], to: S:$number@$pbx, \
             prefer: [london] }} }}\n\
             probes: {{ london/thing: {{ {asks} }} }}\n"
        );
        let rules = Rules::read(&text, &SiteId::new("manchester")).unwrap_or_else(|fault| panic!("{fault}"));
        let mut plans = rules.probes;
        plans.retain(
            |plan| matches!(&plan.about, About::Subject(subject) if subject.to_string() == "london/thing"),
        );
        assert_eq!(plans.len(), 1, "{text}");
        self.hands.act(Effect::Watch(plans));
        while self.inbox.try_recv().is_ok() {}
    }

    /// The next observation: whether it is there, and in which words; nothing if it could not be asked.
    pub async fn next(&mut self) -> (Option<Presence>, String) {
        let event = tokio::time::timeout(LIMIT, self.inbox.recv()).await.expect("an answer in time").unwrap();
        if let Event::Observed { answer, detail, .. } = event {
            return (Some(answer), detail);
        }
        let Event::Unasked { why, .. } = event else { panic!("{event:?}") };
        (None, why)
    }

    /// What is seen is this; the answers of the watch before may still be on their way.
    pub async fn sees(&mut self, asks: &str, expected: Option<Presence>, words: &str) {
        self.watch(asks);
        let mut seen = self.next().await;
        for _ in 0..3 {
            if seen.0 == expected && seen.1.contains(words) {
                return;
            }
            seen = self.next().await;
        }
        panic!("{asks}: {expected:?} `{words}` was expected, {seen:?} was seen");
    }
}

pub const HERE: Option<Presence> = Some(Presence::Present);
pub const GONE: Option<Presence> = Some(Presence::Absent);
pub const UNASKED: Option<Presence> = None;

#[tokio::test(flavor = "multi_thread")]
async fn http_is_its_code_and_its_body() {
    let mut asking = Asking::new();
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall is ok";
    let endless = "HTTP/1.1 200 OK\r\n\r\n";
    for (reply, more, expected, words) in [
        (good, "", HERE, "200 OK"),
        (good, "body_has: is ok", HERE, "200 OK"),
        (good, "body_has: is fine", GONE, "answered 200 without `is fine`"),
        (good, "expect: 204", GONE, "answered 200 OK"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "expect: [200, 204]", HERE, "204"),
        ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "", GONE, "answered 500"),
        ("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "", GONE, "answered 302"),
        ("SIP/2.0 200 OK\r\n\r\n", "", GONE, "nonsense"),
        ("", "", GONE, ""),
        (endless, "body_has: never", GONE, "answered 200 without `never`"),
    ] {
        let flood = if reply == endless { servers::After::Flood } else { servers::After::Close };
        let server = servers::Tcp::start(reply.as_bytes().to_vec(), flood).await;
        let asks = format!("http: {{ url: \"http://{}/\", {more} }}", server.at);
        asking.sees(&asks, expected, words).await;
    }
    let hung = servers::Tcp::start(Vec::new(), servers::After::Hang).await;
    asking.sees(&format!("http: http://{}/", hung.at), GONE, "silent").await;
    let at = hung.at;
    drop(hung);
    asking.sees(&format!("http: http://{at}/"), GONE, "refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_a_url_is_asked_at_the_address_beside_it() {
    let mut asking = Asking::new();
    let server = servers::Tcp::start(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), servers::After::Close).await;
    let url = format!("http://www.example.invalid:{}/health?full", server.at.port());
    asking.sees(&format!("http: {{ url: \"{url}\", address: {} }}", server.at.ip()), HERE, "200").await;
    let heard = server.heard();
    assert!(heard.starts_with("GET /health?full HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains(&format!("host: www.example.invalid:{}\r\n", server.at.port())), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn https_believes_the_sites_own_authority_and_no_stranger() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, server) = servers::https(folder.path()).await;
    let asks = format!("http: https://{server}/");
    // A handshake in an unoptimised build beside others takes its time.
    let pace = "{ every: 2s, timeout: 2s, fall: 2, rise: 2, blip: 4s }";
    let mut asking = Asking::with(&[], Some(authority));
    asking.watch_at(&asks, pace);
    let (presence, words) = asking.next().await;
    assert!(presence == HERE && words.contains("200 OK"), "{presence:?} {words}");
    let stranger = folder.path().join("stranger.pem");
    fs::write(&stranger, servers::stranger()).unwrap();
    let mut asking = Asking::with(&[], Some(stranger));
    asking.watch_at(&asks, pace);
    let (presence, words) = asking.next().await;
    assert!(presence == GONE && words.contains("no tls: invalid peer certificate"), "{presence:?} {words}");
    let mut asking = Asking::with(&[], Some(folder.path().join("none.pem")));
    asking.sees(&asks, UNASKED, "cannot read the authorities in").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_is_what_the_server_answers() {
    use servers::Name::*;
    let mut asking = Asking::new();
    let v4 = "expect: 192.0.2.11";
    let srv = "type: SRV, expect: [10 5 5060 sip1.example.com]";
    for (manner, more, expected, words) in [
        (Says, "", HERE, "1 record"),
        (Says, v4, HERE, "1 record"),
        (Says, "expect: [192.0.2.11, 192.0.2.12]", GONE, "answered without 192.0.2.12"),
        (Says, "type: AAAA", GONE, "answered no such record"),
        (SaysService, srv, HERE, "1 record"),
        (Refuses, "", GONE, "answered \"Non-Existent Domain\""),
        (LiesFirst, v4, HERE, "1 record"),
        (LosesFirst, v4, HERE, "1 record"),
        (CutsShort, v4, HERE, "1 record"),
        (CutsShortAndHangs, v4, GONE, "silent"),
        (CutsShortAndFloods, v4, GONE, "nonsense"),
        (Babbles, "", GONE, "nonsense"),
        (Hangs, "", GONE, "silent"),
    ] {
        let server = servers::Dns::start(manner).await;
        let asks = format!("dns: {{ name: Sip.Example.com, server: {}, {more} }}", server.at);
        asking.sees(&asks, expected, words).await;
    }
    let at = servers::Dns::start(Says).await.at;
    asking.sees(&format!("dns: {{ name: sip.example.com, server: {at} }}"), GONE, "refused").await;
}

/// In a network of its own, where nothing else asks and the kernel's permission can be given and taken.
#[test]
fn icmp_asks_without_privilege_or_says_what_would_help() {
    let alone = std::thread::spawn(|| {
        if nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).is_err() {
            writeln!(std::io::stderr(), "skipped: icmp_asks_without_privilege needs root").unwrap();
            return;
        }
        let up = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status();
        assert!(up.unwrap().success());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut asking = Asking::new();
            let allowed = |range: &str| fs::write("/proc/sys/net/ipv4/ping_group_range", range).unwrap();
            allowed("1 0");
            let hint = "hint: `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`";
            asking.sees("icmp: 127.0.0.1", UNASKED, hint).await;
            allowed("0 2147483647");
            asking.sees("icmp: 127.0.0.1", HERE, "echo").await;
            asking.sees("icmp: \"::1\"", HERE, "echo").await;
            asking.sees("icmp: 192.0.2.77", GONE, "unreachable").await;
            fs::write("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1").unwrap();
            asking.sees("icmp: 127.0.0.1", GONE, "silent").await;
        });
    });
    alone.join().unwrap();
}

/// Whether anybody of the process group runs; where nobody collects the dead, they stay as zombies.
fn lives(group: &Path) -> bool {
    let group = fs::read_to_string(group).unwrap_or_default();
    let Ok(group) = group.trim().parse::<u32>() else { return true };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    let runs = |stat: String| {
        let words: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        (words[0] != "Z" && words[2].parse() == Ok(group)).then_some(())
    };
    stats.filter_map(runs).next().is_some()
}

async fn until_dead(group: &Path) {
    let mut left = 500;
    while lives(group) {
        left -= 1;
        assert!(left > 0, "the process group still lives");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_its_exit_and_its_first_line() {
    let environment = "cat /proc/$$/environ | tr '\\0' '\\n' | grep -c .";
    let mut asking = Asking::with(
        &[
            ("fine", &["/bin/sh", "-c", "echo; echo \"$1 $2\"; echo more", "sh", "a b", "*"]),
            ("quiet", &["/bin/true"]),
            ("broken", &["/bin/sh", "-c", "echo no socket >&2; exit 3"]),
            ("killed", &["/bin/sh", "-c", "kill -9 $$"]),
            ("environment", &["/bin/sh", "-c", environment]),
            ("flood", &["/usr/bin/yes"]),
            ("absent", &["/nonexistent/program"]),
            ("escape", &["/bin/sh", "-c", "printf '\\033[2Jx\\n'"]),
        ],
        None,
    );
    // A loaded machine takes long to start a program.
    for (name, expected, words) in [
        ("fine", HERE, "a b * in "),
        ("quiet", HERE, "ended with 0 in "),
        ("broken", GONE, "ended with 3: no socket"),
        ("killed", GONE, "was killed by signal 9"),
        ("environment", HERE, "1 in "),
        ("flood", GONE, "wrote more than 64 KiB"),
        ("absent", UNASKED, "cannot run `/nonexistent/program`"),
        ("escape", HERE, "[2Jx in "),
        ("unknown", UNASKED, "no command `unknown` here"),
    ] {
        asking.watch_at(&format!("exec: {name}"), "{ every: 1s, timeout: 1s, fall: 2, rise: 2, blip: 2s }");
        let (presence, said) = asking.next().await;
        assert!(presence == expected && said.contains(words), "{name}: {presence:?} {said}");
        assert!(!said.contains('\u{1b}'));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_and_all_its_children_die_at_the_deadline_and_with_the_watch() {
    let folder = tempfile::tempdir().unwrap();
    let note = |name: &str| folder.path().join(name);
    let hang = format!("echo $$ > {}; sleep 600 & sleep 600", note("hang").display());
    let leave = format!("echo $$ > {}; sleep 600 & exit 0", note("leave").display());
    let wait = format!("echo $$ > {}; sleep 600", note("wait").display());
    let shell = |script| ["/bin/sh", "-c", script];
    let mut asking =
        Asking::with(&[("hang", &shell(&hang)), ("leave", &shell(&leave)), ("wait", &shell(&wait))], None);
    let patient = "{ every: 2s, timeout: 1s, fall: 2, rise: 2, blip: 4s }";
    asking.watch_at("exec: hang", patient);
    assert_eq!(asking.next().await, (GONE, "silent".to_owned()));
    until_dead(&note("hang")).await;
    // Its child holds the output open; it is not waited for, and not left behind.
    asking.watch_at("exec: leave", patient);
    let (presence, said) = asking.next().await;
    assert!(presence == HERE, "{said}");
    until_dead(&note("leave")).await;
    asking.watch_at("exec: wait", "{ every: 60s, timeout: 60s, fall: 2, rise: 2, blip: 2m }");
    let _ = fs::remove_file(note("wait"));
    asking.watch_at("exec: wait", "{ every: 1s, timeout: 1s, fall: 2, rise: 2, blip: 2s }");
    while fs::read_to_string(note("wait")).unwrap_or_default().trim().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    asking.hands.act(Effect::Watch(Vec::new()));
    until_dead(&note("wait")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ami_is_a_banner_and_a_login_and_a_frozen_asterisk_is_dead() {
    let ami = Arc::new(Ami::new(&[("pointsman", "s3cret", Class::Reporting)]));
    let any = "127.0.0.21:0".parse().unwrap();
    let mut pbx = Pbx::start_with(any, &[], Some((any, Arc::clone(&ami)))).await.unwrap();
    let asks = format!("ami: {}", pbx.ami_address().unwrap());
    let mut asking = Asking::new();
    asking.sees(&asks, UNASKED, "cannot read the secret").await;
    asking.secret("ami", "s3cret");
    asking.sees(&asks, HERE, "Asterisk Call Manager/11.0.0, logged in").await;
    pbx.set(Condition::Hung).await.unwrap();
    asking.sees(&asks, GONE, "silent").await;
    pbx.set(Condition::Stopped).await.unwrap();
    asking.sees(&asks, GONE, "refused").await;
    pbx.set(Condition::Running).await.unwrap();
    asking.sees(&asks, HERE, "logged in").await;
    let other = servers::Tcp::greets(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").await;
    asking.sees(&format!("ami: {}", other.at), GONE, "nonsense").await;
}

/// Asterisk takes a second to refuse, longer than the probe waits: once it is known, it is no evidence any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_this_sites_own_fault_and_is_not_tried_again_and_again() {
    let ami = Arc::new(Ami::new(&[("pointsman", "s3cret", Class::Reporting)]));
    let any = "127.0.0.21:0".parse().unwrap();
    let mut pbx = Pbx::start_with(any, &[], Some((any, Arc::clone(&ami)))).await.unwrap();
    let mut asking = Asking::new();
    asking.secret("ami", "wrong");
    asking.watch(&format!("ami: {}", pbx.ami_address().unwrap()));
    let mut seen = Vec::new();
    while seen.last().is_none_or(|(presence, _)| *presence != UNASKED) {
        seen.push(asking.next().await);
        assert!(seen.len() < 30, "{seen:?}");
    }
    let (_, why) = seen.last().unwrap();
    assert!(why.contains("refuses the login of the secret `ami` (Authentication failed)"), "{why}");
    let refusals = ami.logins().1;
    for _ in 0..4 {
        assert_eq!(asking.next().await.0, UNASKED);
    }
    assert_eq!(ami.logins(), (0, refusals), "what was refused is not said again");
    // The banner is still waited for: a PBX that freezes now is seen to.
    pbx.set(Condition::Hung).await.unwrap();
    while asking.next().await.0 != GONE {}
    pbx.set(Condition::Running).await.unwrap();
    asking.secret("ami", "s3cret");
    while asking.next().await.0 != HERE {}
}
