//! `pointsman run`: hands over to the loop of the agent.

use super::ending::Failure;
use super::remedy;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Runs the agent until it is told to stop; what stands in its way ends with exit 3.
pub fn run(config: &Path) -> ExitCode {
    // Such as `agent::links=debug,info`. Spans and fields cannot be named: that would take regular expressions, which
    // alone are larger than what is filtered with them.
    let wish = std::env::var("POINTSMAN_LOG").ok().and_then(|wish| wish.parse::<Targets>().ok());
    let filter = wish.unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
    // A journal and a file are read by programs too: colour is for a terminal alone.
    let colour = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_ansi(colour).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    // Two threads are enough: the loop, and somebody to carry while it writes to the disk.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Failure::failed(&error).report(),
    };
    match runtime.block_on(crate::driver::run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let failure = Failure::failed(&error);
            match remedy::hint(&error) {
                Some(hint) => failure.hint(hint).report(),
                None => failure.report(),
            }
        }
    }
}
