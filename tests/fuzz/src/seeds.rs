//! First inputs of each target: the samples that the golden vectors are made of.

use crate::{keys, samples};
use hearth_wire::{InviteLink, cbor::Codec, gossip};

/// The seeds of a target by its name.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    fn all<T: Codec>(values: &[T]) -> Vec<Vec<u8>> {
        values.iter().map(Codec::to_bytes).collect()
    }
    match target {
        "entry" => samples::entries().iter().map(|(_, e)| e.to_bytes()).collect(),
        "control" => all(&samples::acts()),
        "content" => all(&samples::contents()),
        "frame" => all(&samples::frames()),
        "gossip" => samples::gossips().iter().map(|g| gossip::wrap(g, &keys::secret(), &mut keys::entropy())).collect(),
        "invite" => samples::links().iter().flat_map(forms).map(String::into_bytes).collect(),
        "identity" => {
            vec![samples::certificate().to_bytes(), samples::join().to_bytes(), samples::genesis().to_bytes()]
        }
        "call" => crate::bytes::seeds(),
        "line" => crate::json::seeds(),
        _ => Vec::new(),
    }
}

fn forms(link: &InviteLink) -> [String; 5] {
    let plain = link.to_link();
    let code = plain["mesh://join?c=".len()..].to_owned();
    [link.to_qr_text(), format!("<https://example.org/i#{code}>"), code, "mesh://join?c=1a2b3c4d&peers=x".into(), plain]
}

/// Writes the seeds and ends the process, if asked to by `HEARTH_SEEDS`.
pub fn write_if_asked(target: &str) {
    let Some(folder) = std::env::var_os("HEARTH_SEEDS") else { return };
    for (n, seed) in of(target).iter().enumerate() {
        std::fs::write(std::path::Path::new(&folder).join(format!("seed-{n:02}")), seed)
            .expect("the folder can be written");
    }
    std::process::exit(0);
}
