//! The command line.

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use hearth_ports::rtc::IceServer;
use hearth_view::ThemeChoice;
use serde_json::Value;
use std::path::PathBuf;

/// A home for your group, with no server anywhere.
#[derive(Parser, Debug)]
#[command(name = "hearth", version, args_conflicts_with_subcommands = false, subcommand_precedence_over_arg = true)]
pub struct Args {
    /// An invite link, mesh://...; a running Hearth takes it over
    pub link: Option<String>,
    /// Folder for keys, history and preferences
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Listen here instead of on every address, such as /ip4/127.0.0.1/udp/0/quic-v1
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<String>,
    /// Do not look for others on this network
    #[arg(long)]
    pub no_mdns: bool,
    /// Server that helps voices find a way: stun:HOST, turn:HOST:3478,USER,PASSWORD, the same with ?transport=tcp before
    /// the comma, or turns:HOST:5349,USER,PASSWORD. Repeatable
    #[arg(long, value_name = "URL[,USER,PASSWORD]")]
    pub ice_server: Vec<IceServer>,
    /// Certificates to trust for turns: beside the public ones, a PEM file
    #[arg(long, value_name = "FILE")]
    pub ice_ca: Option<PathBuf>,
    /// Send voice only through relay servers, so that whoever one talks to does not learn this address by it
    #[arg(long)]
    pub hide_address: bool,
    /// Colours for this run
    #[arg(long, value_parser = theme)]
    pub theme: Option<ThemeChoice>,
    /// Let nothing move by itself, and nothing spring
    #[arg(long)]
    pub reduced_motion: bool,
    /// Draw one picture to this PNG file, without a screen, and end
    #[arg(long, value_name = "FILE")]
    pub screenshot: Option<PathBuf>,
    /// Size of the window or picture
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size, default_value = "1280x720")]
    pub size: (u32, u32),
    /// Start without showing the window
    #[arg(long)]
    pub hidden: bool,
    /// What else
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Other things than opening a window.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Talk to the running Hearth: link.open LINK, window.raise, quit, net.status, message.list channel=ID, or a JSON request
    Ctl {
        /// The request
        #[arg(required = true)]
        request: Vec<String>,
    },
}

fn theme(text: &str) -> Result<ThemeChoice, String> {
    match text {
        "dark" => Ok(ThemeChoice::Dark),
        "light" => Ok(ThemeChoice::Light),
        _ => Err("dark or light".into()),
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match parsed {
        Some((width, height)) if (320..=7680).contains(&width) && (240..=4320).contains(&height) => Ok((width, height)),
        _ => Err("a size is WIDTHxHEIGHT, from 320x240 to 7680x4320".into()),
    }
}

/// The words after `ctl` as a line of the control protocol.
pub fn ctl_request(words: &[String]) -> Result<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        [json] if json.trim_start().starts_with('{') => (*json).to_owned(),
        ["link.open", link] => serde_json::json!({ "id": 1, "cmd": "link.open", "link": link }).to_string(),
        ["link.open", ..] => bail!("`link.open` takes one link: hearth ctl link.open mesh://..."),
        // Short words, for key bindings of a desktop.
        ["ptt", "down" | "up"] => {
            serde_json::json!({ "id": 1, "cmd": "voice.set", "gate": "ptt", "ptt": words == ["ptt", "down"] })
                .to_string()
        }
        ["ptt", "toggle"] => serde_json::json!({ "id": 1, "cmd": "voice.toggle", "what": "ptt" }).to_string(),
        [what @ ("mute" | "deafen" | "overlay")] => {
            serde_json::json!({ "id": 1, "cmd": "voice.toggle", "what": what }).to_string()
        }
        ["ptt" | "mute" | "deafen" | "overlay", ..] => {
            bail!("Say: hearth ctl ptt down, ptt up, ptt toggle, mute, deafen or overlay")
        }
        [cmd, arguments @ ..] => {
            let mut request = serde_json::Map::from_iter([("id".into(), 1.into()), ("cmd".into(), (*cmd).into())]);
            for argument in arguments {
                let Some((name, value)) = argument.split_once('=') else {
                    bail!("`{argument}` is not understood. Arguments are written as name=value.");
                };
                request.insert(name.into(), meant(value));
            }
            Value::Object(request).to_string()
        }
        [] => bail!("Say what to do: link.open LINK, window.raise, quit or net.status"),
    })
}

/// Numbers, yes or no, and lists are meant as such; a text that looks like one goes into a JSON request.
fn meant(value: &str) -> Value {
    let plain = value.parse::<u64>().map(Value::from).or_else(|_| value.parse::<bool>().map(Value::from)).ok();
    let made = || serde_json::from_str(value).ok().filter(|made: &Value| made.is_array() || made.is_object());
    plain.or_else(made).unwrap_or_else(|| value.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_on_a_command_line_is_meant() {
        let said = |word: &str| {
            let line = ctl_request(&["voice.set".into(), word.into()]).unwrap();
            serde_json::from_str::<Value>(&line).unwrap()
        };
        assert_eq!(said("position=[0.5, -2]")["position"], serde_json::json!([0.5, -2]));
        assert_eq!(said("mute=true")["mute"], true);
        assert_eq!(said("limit=20")["limit"], 20);
        assert_eq!(said("text=[not a list")["text"], "[not a list");
        assert_eq!(said("text=1.5 = much")["text"], "1.5 = much");
    }

    #[test]
    fn short_words_for_key_bindings_are_whole_requests() {
        let said = |words: &[&str]| ctl_request(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let value = |words: &[&str]| serde_json::from_str::<Value>(&said(words).unwrap()).unwrap();
        assert_eq!(
            (value(&["ptt", "down"])["ptt"].clone(), value(&["ptt", "up"])["ptt"].clone()),
            (true.into(), false.into())
        );
        assert_eq!(value(&["ptt", "down"])["gate"], "ptt");
        assert_eq!(value(&["ptt", "toggle"])["what"], "ptt");
        assert_eq!(value(&["overlay"])["cmd"], "voice.toggle");
        assert!(said(&["ptt"]).is_err() && said(&["mute", "on"]).is_err());
    }

    #[test]
    fn links_options_and_ctl_are_told_apart() {
        let args = Args::try_parse_from(["hearth", "mesh://join?c=x", "--home", "/h", "--theme", "light"]).unwrap();
        assert_eq!((args.link.as_deref(), args.theme), (Some("mesh://join?c=x"), Some(ThemeChoice::Light)));
        let args = Args::try_parse_from(["hearth", "ctl", "--home", "/h", "link.open", "mesh://x"]).unwrap();
        assert_eq!(args.home, Some("/h".into()));
        assert!(matches!(args.command, Some(Command::Ctl { request }) if request == ["link.open", "mesh://x"]));
        let turn = "turns:relay.example:5349,ada,secret";
        let args =
            Args::try_parse_from(["hearth", "--ice-server", turn, "--ice-ca", "/ca.pem", "--hide-address"]).unwrap();
        assert_eq!((args.ice_server.len(), args.ice_ca, args.hide_address), (1, Some("/ca.pem".into()), true));
        assert!(Args::try_parse_from(["hearth", "--ice-server", "turn:relay.example"]).is_err());
        assert!(Args::try_parse_from(["hearth", "--size", "9x9"]).is_err());
        assert!(Args::try_parse_from(["hearth", "--theme", "pink"]).is_err());
    }

    #[test]
    fn ctl_words_become_requests() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        assert_eq!(ctl_request(&words("net.status")).unwrap(), r#"{"cmd":"net.status","id":1}"#);
        assert!(ctl_request(&words("link.open")).is_err());
        assert!(ctl_request(&words("quit now")).is_err());
        let list = ctl_request(&words("message.list channel=ab limit=5")).unwrap();
        assert_eq!(list, r#"{"channel":"ab","cmd":"message.list","id":1,"limit":5}"#);
        assert_eq!(ctl_request(&[r#"{"cmd":"x"}"#.into()]).unwrap(), r#"{"cmd":"x"}"#);
    }
}
