//! Behaves as a game that tells what is played: `play NAME [DETAILS]`, until Return.

use discord_rich_presence::{
    DiscordIpc as _, DiscordIpcClient,
    activity::{Activity, Timestamps},
};
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let name = words.next().ok_or("say what is played")?;
    let since = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let mut activity = Activity::new().name(name).timestamps(Timestamps::new().start(since));
    if let Some(details) = words.next() {
        activity = activity.details(details);
    }
    let mut game = DiscordIpcClient::new("1");
    game.connect()?;
    game.set_activity(activity)?;
    println!("{}", game.recv()?.1);
    std::io::stdin().read_line(&mut String::new())?;
    game.close()?;
    Ok(())
}
