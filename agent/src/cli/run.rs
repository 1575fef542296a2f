//! `pointsman run`: hands over to the loop of the agent.

use super::ending::Failure;
use super::remedy;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Runs the agent until it is told to stop; what stands in its way ends with exit 3.
pub fn run(config: &Path) -> ExitCode {
    let filter = EnvFilter::try_from_env("POINTSMAN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A journal and a file are read by programs too: colour is for a terminal alone.
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr).init();
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
