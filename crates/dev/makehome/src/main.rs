//! `hearth-makehome --home DIR --messages N --days N`: a home folder whose owner founded a large community.
//!
//! Its last line is JSON: `{"community","channel","entries"}`.

use anyhow::Result;
use clap::Parser;
use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

/// Writes a home folder with a community that has talked for days.
#[derive(Parser)]
#[command(name = "hearth-makehome", version)]
struct Args {
    /// Folder to fill; made when it is not there.
    #[arg(long)]
    home: PathBuf,
    /// Messages; edits and reactions come on top.
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Days until now that they spread over.
    #[arg(long, default_value_t = 20)]
    days: u32,
    /// Members.
    #[arg(long, default_value_t = 25)]
    people: usize,
}

fn main() -> Result<()> {
    let Args { home, messages, days, people } = Args::parse();
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let made = hearth_makehome::make(&home, hearth_makehome::before(now_ms, messages, days, people), |_| {})?;
    let (community, channel, entries) = (made.community, made.channel, made.entries);
    println!("{}", serde_json::json!({"community": community, "channel": channel, "entries": entries}));
    Ok(())
}
