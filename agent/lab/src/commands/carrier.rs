//! `pointsman-lab carrier`: a carrier that runs until Ctrl-C and prints its log.

use super::Failure;
use clap::Args;
use lab::carrier::destination::Ports;
use lab::carrier::log::Entry;
use lab::carrier::setup::{LineEnd, Record, Setup, SetupError};
use lab::carrier::tls::Certificate;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use tokio::sync::broadcast::error::RecvError;

/// A Magrathea that can be told to misbehave; its log goes to stdout, one entry a line.
#[derive(Args)]
pub struct Carrier {
    /// Where to listen; the real one uses port 777
    #[arg(long, value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// A login; repeat for more. This is a fake: give it no password that opens anything else
    #[arg(long = "account", value_name = "USER:PASS", required = true)]
    accounts: Vec<String>,
    /// A number and where its slots point; without USER it belongs to the first account
    #[arg(long = "number", value_name = "[USER/]N=DEST[|DEST[|DEST]]")]
    numbers: Vec<String>,
    /// Where the HTTP control port listens: GET /log /numbers /judgement /faults, POST /fault /edit, DELETE /faults
    #[arg(long, value_name = "ADDR:PORT")]
    control: Option<SocketAddr>,
    /// Speak TLS from the first byte, with a certificate made on the spot unless one is given
    #[arg(long)]
    tls: bool,
    /// The certificate chain to speak TLS with, in PEM
    #[arg(long, value_name = "FILE", requires_all = ["tls", "key"])]
    cert: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Where to write the certificate, for a client to trust
    #[arg(long, value_name = "FILE", requires = "tls")]
    cert_out: Option<PathBuf>,
    /// End replies in LF alone
    #[arg(long)]
    lf: bool,
    /// Let STAT repeat the whole record for every slot
    #[arg(long)]
    repeat_record: bool,
    /// Take destinations with a port
    #[arg(long)]
    allow_port: bool,
    /// The code of failures
    #[arg(long, value_name = "1-9", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=9))]
    digit: u8,
    /// The name of whoever connects from an address; repeat for more
    #[arg(long = "label", value_name = "IP=NAME", value_parser = label)]
    labels: Vec<(IpAddr, String)>,
    /// Print the log as JSON, one object a line
    #[arg(long)]
    json: bool,
}

impl Carrier {
    /// Runs until Ctrl-C.
    pub async fn run(self) -> Result<(), Failure> {
        let form = if self.json { Form::Json } else { Form::Text };
        let cert_out = self.cert_out.clone();
        let setup = self.setup()?;
        if let (Some(path), Some(certificate)) = (&cert_out, &setup.tls) {
            std::fs::write(path, certificate.chain()).map_err(|error| failed(path, error))?;
        }
        let carrier =
            lab::carrier::Carrier::start(setup).await.map_err(|error| Failure::Failed(error.into()))?;
        let mut log = carrier.follow();
        print(&listening(&carrier, form))?;
        // Whoever connected before the log was followed stands in the log and is told by nobody.
        let mut printed = catch_up(&carrier, 0, form)?;
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(()),
                entry = log.recv() => match entry {
                    Ok(entry) if entry.n <= printed => {}
                    Ok(entry) => {
                        printed = entry.n;
                        print(&shown(&entry, form)?)?;
                    }
                    // It fell behind: what it missed stands in the log.
                    Err(RecvError::Lagged(_)) => printed = catch_up(&carrier, printed, form)?,
                    Err(RecvError::Closed) => return Ok(()),
                },
            }
        }
    }

    fn setup(self) -> Result<Setup, Failure> {
        let mistyped = |error: SetupError| Failure::Mistyped(error.into());
        let mut setup = Setup::at(self.listen);
        setup.control = self.control;
        setup.digit = self.digit;
        setup.labels = self.labels.into_iter().collect();
        if self.lf {
            setup.line_end = LineEnd::Lf;
        }
        if self.repeat_record {
            setup.record = Record::Repeated;
        }
        if self.allow_port {
            setup.ports = Ports::Allowed;
        }
        if self.tls {
            setup.tls = Some(match (&self.cert, &self.key) {
                (Some(cert), Some(key)) => {
                    let read =
                        |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| failed(path, error));
                    Certificate::given(read(cert)?, read(key)?)
                }
                _ => {
                    let address = self.listen.ip().to_string();
                    Certificate::made_for(&["localhost", &address]).map_err(mistyped)?
                }
            });
        }
        for account in &self.accounts {
            setup = setup.account(account).map_err(mistyped)?;
        }
        for number in &self.numbers {
            setup = setup.number(number).map_err(mistyped)?;
        }
        Ok(setup)
    }
}

fn failed(path: &std::path::Path, error: std::io::Error) -> Failure {
    Failure::Failed(format!("cannot use `{}`: {error}", path.display()).into())
}

fn label(text: &str) -> Result<(IpAddr, String), String> {
    let (ip, name) = text.split_once('=').ok_or("write IP=NAME")?;
    let ip = ip.parse().map_err(|_| format!("`{ip}` is no IP address"))?;
    if name.is_empty() { Err("the name is empty".to_owned()) } else { Ok((ip, name.to_owned())) }
}

/// Prints what stands in the log after entry `printed`; gives the last entry that is printed now.
fn catch_up(carrier: &lab::carrier::Carrier, printed: u64, form: Form) -> Result<u64, Failure> {
    let mut last = printed;
    for entry in carrier.log().iter().filter(|entry| entry.n > printed) {
        last = entry.n;
        print(&shown(entry, form)?)?;
    }
    Ok(last)
}

/// For whom the log is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

/// The first line: whoever reads stdout waits for the address before it connects, and no entry comes before that.
fn listening(carrier: &lab::carrier::Carrier, form: Form) -> String {
    let (address, control) = (carrier.address(), carrier.control());
    if form == Form::Json {
        serde_json::json!({ "what": "listening", "address": address, "control": control }).to_string()
    } else {
        let control =
            control.map_or_else(String::new, |control| format!(", its control port is http://{control}"));
        format!("   0.000s  listening on {address}{control}")
    }
}

fn shown(entry: &Entry, form: Form) -> Result<String, Failure> {
    if form == Form::Json {
        serde_json::to_string(entry).map_err(|error| Failure::Failed(error.into()))
    } else {
        Ok(entry.to_string())
    }
}

/// Each line goes out at once: a pipe would keep it until there are many.
fn print(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| Failure::Failed(error.into()))
}
