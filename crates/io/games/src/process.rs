//! What a program at the other end of a socket is called, as far as the system knows.

use crate::limits;
use std::fs::File;
use std::io::Read as _;

/// Endings of a program's file that are no part of its name.
const ENDINGS: [&str; 5] = [".exe", ".x86_64", ".x86", ".bin", ".AppImage"];

/// Its name by the number of its process; empty if there is none to be had.
pub fn name(pid: i32) -> String {
    let read = |what: &str| {
        let mut bytes = Vec::new();
        let file = File::open(format!("/proc/{pid}/{what}"));
        let _ = file.and_then(|file| file.take(limits::PROCESS_BYTES).read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    };
    named(read("comm").trim_end(), read("cmdline").split('\0').next().unwrap_or_default())
}

/// The system cuts a program's name; the command it was started by may have all of it.
fn named(short: &str, command: &str) -> String {
    let file = command.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = if file.starts_with(short) { file } else { short };
    let name = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_what_its_file_is() {
        assert_eq!(named("deep-sea", "/opt/deep/deep-sea"), "deep-sea");
        assert_eq!(named("ExpeditionAcros", "Z:\\games\\ExpeditionAcross.exe"), "ExpeditionAcross");
        assert_eq!(named("DeepSea.x86_64", "./DeepSea.x86_64"), "DeepSea");
        assert_eq!(named("renamed", "/usr/bin/python3"), "renamed");
        assert_eq!(named("", ""), "");
    }

    #[test]
    fn this_very_program_has_a_name() {
        let own = name(i32::try_from(std::process::id()).unwrap_or(0));
        assert!(own.starts_with("hearth_games"), "{own}");
        assert_eq!(name(0), "");
    }
}
