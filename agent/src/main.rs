//! `pointsman`: the agent, and the command line that talks to it.

fn main() -> std::process::ExitCode {
    agent::cli::main()
}
