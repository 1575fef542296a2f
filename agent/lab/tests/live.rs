//! `check --live` against a real cluster: with its agent, without it, and where much is wrong; each screen is a text.

use agent::command::{Answer, Command, StatusReport};
use lab::carrier::log::What;
use lab::pbx::Pbx;
use lab::pbx::ami::{Ami, Class};
use lab::rig::{Options, Rig, SITES, find_pointsman};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

/// How many numbers the route has: more than any look of an agent reads at once.
const NUMBERS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(60);
/// The carrier's clause on misuse: no login sooner than this after the last one.
const APART: Duration = Duration::from_secs(20);

/// Everything that a site can lean on.
struct Ground {
    rig: Rig,
    ami: SocketAddr,
    relay: SocketAddr,
    _pbx: Pbx,
    _greets: tokio::task::JoinHandle<()>,
}

/// What a command said, and how it ended.
struct Said {
    out: String,
    err: String,
    code: Option<i32>,
}

impl Ground {
    async fn new() -> Self {
        let numbers = (0..NUMBERS).map(|n| format!("020794600{n:02}")).collect();
        let rig = Rig::put_up(&Options { numbers, ..Options::default() }).await.expect("a rig stands");
        let ami = Arc::new(Ami::new(&[("pointsman", "s3cret", Class::Reporting)]));
        let any = "127.0.0.1:0".parse().expect("an address");
        let pbx = Pbx::start_with(any, &[], Some((any, ami))).await.expect("a PBX starts");
        let ami = pbx.ami_address().expect("it has a manager interface");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there are ports");
        let relay = listener.local_addr().expect("it is bound");
        let greets = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // Whoever called may be gone.
                let _gone = stream.write_all(b"220 relay.example ESMTP\r\n").await;
            }
        });
        for site in SITES {
            let policy = rig.folder(site.name).join("policy.yaml");
            let text = fs::read_to_string(&policy).expect("it was made");
            fs::write(&policy, text.replace("192.0.2.25", &format!("\"{relay}\""))).expect("it is ours");
        }
        let ground = Self { rig, ami, relay, _pbx: pbx, _greets: greets };
        let file = ground.file();
        let text = fs::read_to_string(&file).expect("it was made");
        let commands = "commands: { announce: [/bin/true, anycast] }\n";
        fs::write(&file, format!("{text}pbx: {{ ami: {ami} }}\n{commands}")).expect("it is ours");
        ground.secret("ami", "pointsman\ns3cret\n");
        fs::create_dir_all(ground.rig.folder("london").join("state")).expect("it is ours");
        ground
    }

    fn file(&self) -> std::path::PathBuf {
        self.rig.folder("london").join("site.yaml")
    }

    fn secret(&self, name: &str, text: &str) {
        let path = self.rig.folder("london").join("secrets").join(name);
        fs::write(&path, text).expect("it is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }

    async fn ready(&mut self) {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let agent = self.rig.agent("london").expect("it was started");
            if let Ok(Answer::Status(report)) = agent.ask(Command::Status).await
                && rings(&report)
            {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("the cluster was never ready");
    }

    async fn typed(&self, flags: &[&str]) -> Said {
        let program = find_pointsman().expect("cargo built it");
        let mut command = tokio::process::Command::new(program);
        command.arg("check").arg("--live").args(flags).arg(self.file());
        let output = command.kill_on_drop(true).output().await.expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
        Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
    }

    /// What differs from machine to machine and from run to run has names.
    fn named(&self, text: &str) -> String {
        let folder = self.rig.folder("london");
        let text = text.replace(&folder.display().to_string(), "SITE");
        let text = text.replace(&self.ami.to_string(), "AMI").replace(&self.relay.to_string(), "RELAY");
        let line = |line: &str| {
            let cut = |line: &str, from: &str, to: &str| match (line.find(from), line.find(to)) {
                (Some(a), Some(b)) if a < b => format!("{}{from}_{}", &line[..a], &line[b..]),
                (_, _) => line.to_owned(),
            };
            cut(
                &cut(&cut(&cut(line, "written, ", " free"), "heard ", " ago"), "within ", " of "),
                "expires in ",
                " days",
            )
        };
        // Whether a machine lets everybody ping is its own affair.
        let text = text.replace(&format!("\n{:23}", ""), " ");
        let kept = text.lines().filter(|line| !line.contains(" ping ") && !line.contains("\"ping\""));
        kept.map(|text| line(text) + "\n").collect()
    }

    /// Compares what is said with the file of this name.
    fn check(&self, name: &str, said: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/live/{name}.txt"));
        let is = self.named(said);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &is).expect("it can be written");
        }
        let was = fs::read_to_string(&path).unwrap_or_default();
        assert!(was == is, "{name} drifted; UPDATE=1 rewrites it\n--- is\n{is}--- was\n{was}");
    }

    /// Every login of London at the carrier: when, and how many numbers were read then.
    fn logins(&self) -> Vec<(Duration, usize)> {
        let london = self.rig.net.agent(&SITES[0]);
        let log = self.rig.carrier.log();
        let mut logins: Vec<(u64, Duration, usize)> = Vec::new();
        for entry in &log {
            let Some(line) = entry.line.as_ref().filter(|line| line.peer.ip() == london) else { continue };
            let What::Command { text } = &entry.what else { continue };
            if text.starts_with("AUTH") {
                logins.push((line.connection, Duration::from_millis(entry.t_ms), 0));
            } else if text.starts_with("STAT")
                && let Some(login) = logins.iter_mut().find(|login| login.0 == line.connection)
            {
                login.2 += 1;
            }
        }
        logins.into_iter().map(|(_, at, read)| (at, read)).collect()
    }
}

fn rings(report: &StatusReport) -> bool {
    report.leader.is_some() && report.routes.iter().all(|route| route.rings_in.is_some())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_looks_with_its_own_hands_and_as_gently_as_ever() {
    let mut ground = Ground::new().await;
    ground.rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    ground.ready().await;
    let (last, _) = *ground.logins().last().expect("it logs in when it begins");
    let said = ground.typed(&[]).await;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
    ground.check("with-an-agent", &said.out);
    // The survey's own login is the one that reads them all.
    let logins = ground.logins();
    let survey = logins.iter().find(|(_, read)| *read == NUMBERS);
    // The carrier hears of a login a moment after it was ordered.
    let apart = APART - Duration::from_secs(1);
    assert!(survey.is_some_and(|(at, _)| *at >= last + apart), "{last:?} and then {logins:?}");
    // What the carrier shows and who leads is as before.
    ground.ready().await;
    assert!(ground.rig.carrier.judgement().switches.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_agent_it_looks_by_itself_and_disturbs_nobody() {
    let mut ground = Ground::new().await;
    for site in ["manchester", "office", "netherlands"] {
        ground.rig.start(site).expect("the agent starts");
    }
    // The others begin their cluster without London: three of four are enough to agree.
    sleep(Duration::from_secs(6)).await;
    let said = ground.typed(&[]).await;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
    ground.check("without-an-agent", &said.out);
    let said = ground.typed(&["--json"]).await;
    ground.check("as-json", &said.out);
    ground.rig.start("london").expect("the agent starts");
    ground.ready().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_named_with_what_can_be_typed() {
    let ground = Ground::new().await;
    let folder = ground.rig.folder("london");
    ground.secret("magrathea", "bytemark\nwrong\n");
    ground.secret("ami", "pointsman\nwrong\n");
    let text = fs::read_to_string(ground.file()).expect("it was made");
    fs::write(ground.file(), text.replace("/bin/true", "/usr/sbin/no-such-program")).expect("it is ours");
    fs::remove_dir(folder.join("state")).expect("it is empty");
    let other = ground.rig.folder("office").join("bundle");
    for file in ["site.pem", "site.key"] {
        fs::copy(other.join(file), folder.join("bundle").join(file)).expect("it can be copied");
    }
    let said = ground.typed(&[]).await;
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{}", said.out);
    assert!(!said.out.contains("wrong"), "a secret is never shown");
    ground.check("much-is-wrong", &said.out);
}
