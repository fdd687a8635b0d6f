//! `hearth-cli`: a headless peer for scripts, bots and tests. JSON lines in on standard input, out on standard output.
//!
//! It must never print anything else on standard output. Start with [`session`]; `hearth-cli demo` is in [`demo`].

mod demo;
mod session;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// A headless Hearth peer: JSON lines in, JSON lines out.
#[derive(Parser)]
#[command(name = "hearth-cli", version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    session: session::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Three peers on this machine found a community and chat.
    Demo {
        /// Keep their folders here and not in a temporary one.
        #[arg(long)]
        keep: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HEARTH_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let args = Args::parse();
    let outcome: Result<()> = match args.command {
        Some(Command::Demo { keep }) => demo::run(keep),
        None => session::run(args.session),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
