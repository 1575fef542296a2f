//! What many probes cost: one thread asks, all others answer, and the processor time of the one is counted.

mod answering;

use crate::pbx::PbxError;
use agent::act::{Config, Hands};
use agent::clock;
use agent::event::{Effect, Event, Presence};
use agent::probes::plan::{About, Kind, ProbePlan};
use agent::probes::sip::Transport;
use agent::site::Secrets;
use answering::Answering;
use policies::policy::{Dns, Http, RecordType};
use state::{ServiceId, SiteId, Subject};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// The name of every thread that asks.
const ASKS: &str = "asks";
/// The program that `exec` runs: the cheapest there is, so that what remains is the price of starting one.
const PROGRAM: &str = "/bin/true";
/// How long a clock tick of the kernel's counts is.
const KERNEL_TICK: Duration = Duration::from_millis(10);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Asked {
    /// SIP OPTIONS over UDP.
    SipOptions,
    /// A bare TCP connect.
    Tcp,
    /// An HTTP request on a connection of its own.
    Http,
    /// An ICMP echo.
    Icmp,
    /// A question to a name server, over UDP.
    Dns,
    /// A login at Asterisk's manager interface.
    Ami,
    /// A program that ends at once.
    Exec,
}

/// How many probes, of what, how often, and for how long they are watched.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// What is asked.
    pub asked: Asked,
    /// How many probes there are.
    pub count: usize,
    /// How often each asks.
    pub every: Duration,
    /// For how long is counted, after a whole round to warm up.
    pub lasting: Duration,
}

/// What it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The time on a processor, the kernel's work and the programs that were run included.
    pub worked: Duration,
    /// The time that passed.
    pub passed: Duration,
    /// How many answers came.
    pub good: usize,
    /// How many did not.
    pub missed: usize,
    /// Why this machine could not ask, if it could not.
    pub unasked: Option<String>,
}

impl Cost {
    /// The part of one processor.
    pub fn share(&self) -> f64 {
        self.worked.as_secs_f64() / self.passed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum LoadError {
    /// Nobody could be put up to answer.
    #[error("cannot put up what answers")]
    Answering(#[from] PbxError),
    /// A socket or a thread could not be had.
    #[error("cannot put up what asks")]
    Asking(#[from] io::Error),
    /// The thread that asks is gone.
    #[error("what asks came to no end")]
    Gone,
}

/// Measures one load. Call it within a runtime of several threads: what answers lives there.
///
/// # Errors
/// When one side cannot be put up.
pub async fn measure(load: Load) -> Result<Cost, LoadError> {
    let answering = Answering::start(load.asked).await?;
    let (target, secrets) = (answering.at, answering.secrets.path().to_owned());
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name(ASKS.to_owned()).spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        // What its other threads did is counted by their name, so they stay until the end.
        let runtime = runtime.thread_name(ASKS).thread_keep_alive(load.lasting * 2).enable_all().build();
        // Whoever waited may have been interrupted.
        let _gone = tell.send(runtime.map(|runtime| runtime.block_on(ask(load, target, secrets))));
    })?;
    Ok(told.await.map_err(|_| LoadError::Gone)??)
}

/// One agent's hands on this thread alone, and its share of the processor.
async fn ask(load: Load, target: SocketAddr, secrets: PathBuf) -> Cost {
    let (events, mut inbox) = mpsc::channel(256);
    let mut hands = Hands::new(Config {
        bind: Some([127, 0, 0, 11].into()),
        secrets: Secrets::at(&secrets),
        addresses: secrets,
        commands: BTreeMap::from([(PROGRAM.to_owned(), vec![PROGRAM.to_owned()])]),
        authorities: None,
        site: None,
        carriers: Vec::new(),
        events,
    });
    hands.act(Effect::Watch((0..load.count).map(|n| plan(load, target, n)).collect()));
    let warm = Instant::now() + load.every;
    while timeout_at(warm, inbox.recv()).await.is_ok() {}
    let (worked, began) = (worked(), clock::mono());
    let mut cost = Cost { worked, passed: load.lasting, good: 0, missed: 0, unasked: None };
    let end = Instant::now() + load.lasting;
    while let Ok(Some(event)) = timeout_at(end, inbox.recv()).await {
        if let Event::Observed { answer, .. } = event {
            match answer {
                Presence::Present => cost.good += 1,
                Presence::Absent => cost.missed += 1,
            }
        } else if let Event::Unasked { why, .. } = event {
            cost.unasked = Some(why);
        }
    }
    Cost { worked: worked_since(worked), passed: clock::mono().since(began), ..cost }
}

fn worked_since(before: Duration) -> Duration {
    worked().saturating_sub(before)
}

/// The work of all threads that ask, and of the programs that they have run.
fn worked() -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let asking = threads.map(|thread| thread.path()).filter(|thread| is_asking(thread));
    let nanos = asking.filter_map(|thread| first_number(&thread.join("schedstat")));
    Duration::from_nanos(nanos.sum()) + programs()
}

fn is_asking(thread: &Path) -> bool {
    fs::read_to_string(thread.join("comm")).is_ok_and(|name| name.trim_end() == ASKS)
}

fn first_number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.split(' ').next()?.parse().ok()
}

/// The work of every program that was run and has ended.
fn programs() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let words = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ')).into_iter().flatten();
    let ticks: u32 = words.skip(13).take(2).filter_map(|word| word.parse::<u32>().ok()).sum();
    KERNEL_TICK * ticks
}

fn plan(load: Load, target: SocketAddr, n: usize) -> ProbePlan {
    let kind = match load.asked {
        Asked::SipOptions => Kind::SipOptions { target, transport: Transport::Udp },
        Asked::Tcp => Kind::Tcp { target },
        Asked::Http => {
            let wanted = Http { url: format!("http://{target}/"), expect: Vec::new(), body_has: None };
            Kind::Http { target, wanted }
        }
        Asked::Icmp => Kind::Icmp { target: target.ip() },
        Asked::Dns => {
            let wanted = Dns { name: "sip.example.com".to_owned(), of: RecordType::A, expect: Vec::new() };
            Kind::Dns { target, wanted }
        }
        Asked::Ami => Kind::Ami { target, secret: answering::SECRET.to_owned() },
        Asked::Exec => Kind::Exec { command: PROGRAM.to_owned() },
    };
    let subject = Subject { site: SiteId::new("london"), service: ServiceId::new(format!("s{n}")) };
    ProbePlan { about: About::Subject(subject), kind, every: load.every, timeout: load.every / 2 }
}
