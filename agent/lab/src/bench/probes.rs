//! What many probes cost: one thread asks, all others answer, and the processor time of the one is counted.

use crate::pbx::{Pbx, PbxError};
use agent::act::{Config, Hands};
use agent::clock;
use agent::event::{Effect, Event, Presence};
use agent::probes::plan::{About, Kind, ProbePlan};
use agent::probes::sip::Transport;
use agent::site::Secrets;
use policies::policy::Http;
use state::{ServiceId, SiteId, Subject};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The time on a processor, the kernel's work for it included.
    pub worked: Duration,
    /// The time that passed.
    pub passed: Duration,
    /// How many answers came.
    pub good: usize,
    /// How many did not.
    pub missed: usize,
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
    let any: SocketAddr = ([127, 0, 0, 21], 0).into();
    let pbx = Pbx::start(any, &[]).await?;
    let mut answering = JoinSet::new();
    let target = if load.asked == Asked::Http {
        let listener = TcpListener::bind(any).await?;
        let at = listener.local_addr()?;
        answering.spawn(web(listener));
        at
    } else {
        pbx.address()
    };
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("asks".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // Whoever waited may have been interrupted.
        let _gone = tell.send(runtime.map(|runtime| runtime.block_on(ask(load, target))));
    })?;
    Ok(told.await.map_err(|_| LoadError::Gone)??)
}

/// One agent's hands on this thread alone, and its share of the processor.
async fn ask(load: Load, target: SocketAddr) -> Cost {
    let (events, mut inbox) = mpsc::channel(256);
    let nowhere = Path::new("/nonexistent");
    let mut hands = Hands::new(Config {
        bind: Some([127, 0, 0, 11].into()),
        secrets: Secrets::at(nowhere),
        addresses: nowhere.to_owned(),
        commands: BTreeMap::new(),
        authorities: None,
        site: None,
        carriers: Vec::new(),
        events,
    });
    hands.act(Effect::Watch((0..load.count).map(|n| plan(load, target, n)).collect()));
    let warm = Instant::now() + load.every;
    while timeout_at(warm, inbox.recv()).await.is_ok() {}
    let (worked, began) = (clock::worked(), clock::mono());
    let (mut good, mut missed) = (0, 0);
    let end = Instant::now() + load.lasting;
    while let Ok(Some(event)) = timeout_at(end, inbox.recv()).await {
        if let Event::Observed { answer, .. } = event {
            match answer {
                Presence::Present => good += 1,
                Presence::Absent => missed += 1,
            }
        }
    }
    Cost { worked: clock::worked().saturating_sub(worked), passed: clock::mono().since(began), good, missed }
}

fn plan(load: Load, target: SocketAddr, n: usize) -> ProbePlan {
    let kind = match load.asked {
        Asked::SipOptions => Kind::SipOptions { target, transport: Transport::Udp },
        Asked::Tcp => Kind::Tcp { target },
        Asked::Http => {
            let wanted = Http { url: format!("http://{target}/"), expect: Vec::new(), body_has: None };
            Kind::Http { target, wanted }
        }
    };
    let subject = Subject { site: SiteId::new("london"), service: ServiceId::new(format!("s{n}")) };
    ProbePlan { about: About::Subject(subject), kind, every: load.every, timeout: load.every / 2 }
}

/// A server that has one answer.
async fn web(listener: TcpListener) {
    let mut guests = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = guests.join_next(), if !guests.is_empty() => {}
            accepted = listener.accept() => if let Ok((mut stream, _)) = accepted {
                guests.spawn(async move {
                    let mut head = [0; 1024];
                    // Who is gone needs no answer.
                    if stream.read(&mut head).await.is_ok_and(|count| count > 0) {
                        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
                    }
                });
            },
        }
    }
}
