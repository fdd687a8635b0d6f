//! Chores of this repository, run as `cargo xtask CHORE`; none of it ships.
//!
//! `tidy` checks the rules that neither rustc nor clippy can see: the layers, what each folder may use, crate docs,
//! file length, asset licences and the top level. This crate must never be needed to build or to run Hearth.
//! Start reading at [`tidy`]; every rule is a pure function over [`tidy::Tree`] with a test that sees it fail.

mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Chores of the Hearth repository")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Check the house rules.
    Tidy,
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().chore {
        Chore::Tidy => {
            let tree = tidy::Tree::read()?;
            let findings = tidy::check(&tree);
            for finding in &findings {
                println!("{finding}");
            }
            let failed = findings.iter().filter(|f| f.fails).count();
            let warned = findings.len() - failed;
            println!(
                "tidy: {} crates, {} files; {failed} to mend, {warned} to watch",
                tree.crates.len(),
                tree.files.len()
            );
            Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
