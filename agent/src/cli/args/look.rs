//! What can be typed after the commands that only look.

use super::numbered;
use crate::account::{Moment, moment};
use clap::{Args, Subcommand};

/// Of every command that shows something.
#[derive(Debug, Args)]
pub struct Look {
    /// Print JSON, one object per line
    #[arg(long)]
    pub json: bool,
}

/// Of `why`.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// Only this route
    #[arg(value_name = "ROUTE")]
    pub route: Option<String>,
    /// As it was then: a time of day like `03:01`, `10m` ago, or `2026-11-21T03:01`; UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Moment>,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// One line, as for tmux or a monitor; the exit code says the same
    #[arg(long, conflicts_with_all = ["watch", "json"])]
    pub line: bool,
    /// Again and again: redrawn at a terminal, else one line for each change
    #[arg(long)]
    pub watch: bool,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `runs`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    /// One run in full
    #[command(subcommand)]
    pub show: Option<ShowRun>,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `runs show`.
#[derive(Debug, Subcommand)]
pub enum ShowRun {
    /// Show one run with every step
    Show {
        /// The run, like `r-42`
        #[arg(value_name = "ID", value_parser = |text: &str| numbered(text, "r-"))]
        id: u64,
        /// How to print it
        #[command(flatten)]
        look: Look,
    },
}

/// Of `incidents`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct IncidentsArgs {
    /// One incident in full
    #[command(subcommand)]
    pub show: Option<ShowIncident>,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `incidents show`.
#[derive(Debug, Subcommand)]
pub enum ShowIncident {
    /// Show one incident from the first ballot to its end
    Show {
        /// The incident, like `i-17`
        #[arg(value_name = "ID", value_parser = |text: &str| numbered(text, "i-"))]
        id: u64,
        /// Print it as Markdown, ready to paste
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        /// How to print it
        #[command(flatten)]
        look: Look,
    },
}

/// Of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only facts since then: `03:01`, `10m` ago, or `2026-11-21T03:01`; UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Moment>,
    /// Only facts about this route, or about all of them
    #[arg(long, value_name = "ROUTE")]
    pub route: Option<String>,
    /// How to print it
    #[command(flatten)]
    pub look: Look,
}

/// Of `help`.
#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A command, or `3am`
    #[arg(value_name = "COMMAND")]
    pub topic: Vec<String>,
}
