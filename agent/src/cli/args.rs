//! What can be typed: commands, arguments and flags, with the words of `--help`.

mod look;

pub use look::{
    AuditArgs, HelpArgs, IncidentsArgs, Look, RunsArgs, ShowIncident, ShowRun, StatusArgs, WhyArgs,
};

use crate::account::span;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use state::Fingerprint;
use state::fact::Mode;
use std::path::PathBuf;
use std::time::Duration;

/// Watches the telephone service of several sites and points the company's numbers at one that lives.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// The control socket of the agent to talk to
    #[arg(long, global = true, value_name = "PATH", default_value = crate::control::SOCKET)]
    pub socket: PathBuf,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Be the agent of this site
    Run(RunArgs),
    /// Make a cluster: its CA, and one folder of files per site
    Init(InitArgs),
    /// Say what a policy, playbook or site file means, or what is wrong with it
    Check(CheckArgs),
    /// Show what the cluster believes, and what needs you
    Status(StatusArgs),
    /// Show why it does, or does not, act
    Why(WhyArgs),
    /// Show what a playbook would do, and undo; nothing is done
    Plan(PlanArgs),
    /// Print the plan, ask once, do it, follow it to its end
    Play(PlayArgs),
    /// Decide that a site shall have a route, and follow it to its end
    Claim(ClaimArgs),
    /// Choose who may act: automation, automation that only advises, or persons alone
    Mode(ModeArgs),
    /// Forbid automation to act, for a while
    Hold(HoldArgs),
    /// Let automation act again: ends holds, and what made a route manual
    Resume(ResumeArgs),
    /// Say that you have seen an incident
    Ack(AckArgs),
    /// A site that lost its disk may come back: type it on a healthy site.
    Readmit(ReadmitArgs),
    /// The bundle of a site is in wrong hands: nobody takes anything from it any more, and its votes are taken out
    Revoke(RevokeArgs),
    /// Show what was done, the newest last
    Runs(RunsArgs),
    /// Show what persons had to see, the newest last
    Incidents(IncidentsArgs),
    /// Follow the journal's chain, compare it with the others', and say each fact in a sentence
    Audit(AuditArgs),
    /// Print what a shell needs to complete these commands
    Completions(CompletionsArgs),
    /// Explain a command; `help 3am` is one screen for whoever was woken
    Help(HelpArgs),
}

/// Of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The site file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// A folder that does not exist yet, or is empty; or the one that has the cluster's CA, to add a site
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The policy of the cluster to be
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// Make the folder of this one site more, or its next one, with the CA that is there
    #[arg(long, value_name = "SITE")]
    pub add: Option<String>,
}

/// Of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Policies, playbooks or site files; what each is shows in its first key
    #[arg(value_name = "FILE", required_unless_present_any = ["schema", "live"])]
    pub files: Vec<PathBuf>,
    /// Print who can act in every combination of sites
    #[arg(long)]
    pub table: bool,
    /// Print the JSON Schema of each file's language, for editors; the policy's without a file
    #[arg(long, conflicts_with = "table")]
    pub schema: bool,
    /// Look at what the site of this site file leans on, and touch nothing: carriers, PBX, folders, peers and more
    #[arg(long, conflicts_with_all = ["table", "schema"])]
    pub live: bool,
    /// Print what was looked at as JSON, one object per line
    #[arg(long, requires = "live")]
    pub json: bool,
}

/// Of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// `bash`, `zsh` or `fish`
    #[arg(value_name = "SHELL", value_parser = shell)]
    pub shell: Shell,
}

/// A playbook and its arguments.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The playbook: `fail-over`, `fail-back`, or one of your own
    #[arg(value_name = "PLAYBOOK")]
    pub playbook: String,
    /// Its arguments, like `route=main to=manchester`
    #[arg(value_name = "KEY=VALUE", value_parser = pair)]
    pub args: Vec<(String, String)>,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `play`.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// What to play
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Why; it stands in the journal beside your name
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub because: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Of `claim`.
#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// The route
    #[arg(value_name = "ROUTE")]
    pub route: String,
    /// The site that shall have it
    #[arg(value_name = "SITE")]
    pub site: String,
    /// If it is not agreed within 5 s, ask again, and let this agent do it by itself
    #[arg(long)]
    pub alone: bool,
    /// Do not ask the second time
    #[arg(long, requires = "alone")]
    pub yes: bool,
    /// Why; it stands in the journal beside your name
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub because: String,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `mode`.
#[derive(Debug, Args)]
pub struct ModeArgs {
    /// `auto`, `advise` or `manual`
    #[arg(value_name = "MODE", value_parser = mode)]
    pub mode: Mode,
    /// Only this route
    #[arg(value_name = "ROUTE")]
    pub route: Option<String>,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `hold`.
#[derive(Debug, Args)]
pub struct HoldArgs {
    /// Only this route
    #[arg(value_name = "ROUTE")]
    pub route: Option<String>,
    /// For how long, like `1h`; seven days at most
    #[arg(long = "for", value_name = "TIME", value_parser = hold_time)]
    pub lasts: Duration,
    /// Why; it stands in the journal beside your name
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub because: String,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Only this route
    #[arg(value_name = "ROUTE")]
    pub route: Option<String>,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `ack`.
#[derive(Debug, Args)]
pub struct AckArgs {
    /// The incident, like `i-17`
    #[arg(value_name = "INCIDENT", value_parser = |text: &str| numbered(text, "i-"))]
    pub incident: u64,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `readmit`.
#[derive(Debug, Args)]
pub struct ReadmitArgs {
    /// The site that stands outside
    #[arg(value_name = "SITE")]
    pub site: String,
    /// The key of its next bundle, if the one before was revoked, as `pointsman init` printed it
    #[arg(long, value_name = "KEY")]
    pub key: Option<Fingerprint>,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The site whose bundle is in wrong hands
    #[arg(value_name = "SITE")]
    pub site: String,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("write KEY=VALUE, like `route=main`".to_owned()),
    }
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("say why, in a few words".to_owned()) } else { Ok(text.to_owned()) }
}

fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "auto" => Ok(Mode::Auto),
        "advise" => Ok(Mode::Advise),
        "manual" => Ok(Mode::Manual),
        _ => Err("there are three: auto, advise, manual".to_owned()),
    }
}

fn shell(text: &str) -> Result<Shell, String> {
    match text {
        "bash" => Ok(Shell::Bash),
        "zsh" => Ok(Shell::Zsh),
        "fish" => Ok(Shell::Fish),
        _ => Err("there are three: bash, zsh, fish".to_owned()),
    }
}

/// The longest hold: one that is forgotten must not disarm the robot for good.
const HOLD_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn hold_time(text: &str) -> Result<Duration, String> {
    match span(text)? {
        Duration::ZERO => Err("a hold of no time holds nothing".to_owned()),
        lasts if lasts > HOLD_MAX => Err("a hold lasts seven days at most".to_owned()),
        lasts => Ok(lasts),
    }
}

fn numbered(text: &str, prefix: &str) -> Result<u64, String> {
    let digits = text.strip_prefix(prefix).unwrap_or(text);
    digits.parse().map_err(|_| format!("write it like `{prefix}17`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn typed(line: &str) -> Result<Cli, String> {
        Cli::try_parse_from(line.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn the_words_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_hold_needs_a_time_with_a_unit_a_reason_and_an_end() {
        assert!(typed("pointsman hold main --for 1h --because works").is_ok());
        assert!(typed("pointsman hold --for 7d --because works").is_ok());
        assert!(typed("pointsman hold --for 8d --because works").unwrap_err().contains("seven days"));
        assert!(typed("pointsman hold --for 15 --because works").unwrap_err().contains("needs a unit"));
        assert!(typed("pointsman hold --for 1h").unwrap_err().contains("--because"));
    }

    #[test]
    fn an_incident_and_a_run_are_typed_with_or_without_their_letter() {
        let Verb::Ack(ack) = typed("pointsman ack i-17").expect("it is right").verb else { panic!("ack") };
        assert_eq!(ack.incident, 17);
        assert!(typed("pointsman runs show 42 --json").is_ok());
        assert!(typed("pointsman runs show r-42").is_ok());
        assert!(typed("pointsman ack r-42").is_err());
    }

    #[test]
    fn arguments_are_pairs_and_modes_are_three() {
        assert!(typed("pointsman plan fail-over route=main to=manchester").is_ok());
        assert!(typed("pointsman plan fail-over main").unwrap_err().contains("KEY=VALUE"));
        assert!(typed("pointsman mode on").unwrap_err().contains("auto, advise, manual"));
    }
}
