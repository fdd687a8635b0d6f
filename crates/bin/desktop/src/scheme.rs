//! Makes this program the one that opens `mesh://` links, on desktops that follow freedesktop.org.
//!
//! A `.desktop` entry in the person's own data folder names this executable and the scheme; `xdg-mime` makes it the
//! default. Written anew only when it would say something else. Nothing here is needed to run.

use std::{fs, io, path::Path, process::Command};

const ENTRY: &str = "hearth-link.desktop";
const SCHEME: &str = "x-scheme-handler/mesh";

/// Registers `program` under `data` (such as `~/.local/share`). True if something was written.
pub fn register(program: &Path, data: &Path) -> io::Result<bool> {
    let folder = data.join("applications");
    let path = folder.join(ENTRY);
    let entry = entry(program);
    if fs::read_to_string(&path).is_ok_and(|there| there == entry) {
        return Ok(false);
    }
    fs::create_dir_all(&folder)?;
    let fresh = folder.join(format!(".{ENTRY}.new"));
    fs::write(&fresh, entry)?;
    fs::rename(&fresh, &path)?;
    // Either may be missing; desktops that watch the folder need neither.
    for (tool, arguments) in [("xdg-mime", vec!["default", ENTRY, SCHEME]), ("update-desktop-database", vec!["-q"])] {
        let mut command = Command::new(tool);
        command.args(arguments).env("XDG_DATA_HOME", data).stdout(std::process::Stdio::null());
        if tool == "update-desktop-database" {
            command.arg(&folder);
        }
        let _ = command.stderr(std::process::Stdio::null()).status();
    }
    Ok(true)
}

/// The entry of `program`. Quoted as the Desktop Entry Specification, section "The Exec key", says.
fn entry(program: &Path) -> String {
    let quoted: String = program.to_string_lossy().chars().fold(String::new(), |mut out, c| {
        if matches!(c, '"' | '`' | '$' | '\\') {
            out.push('\\');
        }
        if c == '%' {
            out.push('%');
        }
        out.push(c);
        out
    });
    format!(
        "[Desktop Entry]\nType=Application\nName=Hearth\nComment=Open an invite\nExec=\"{quoted}\" %u\nNoDisplay=true\n\
         Terminal=false\nMimeType={SCHEME};\nStartupWMClass=hearth\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_is_written_once_and_again_when_the_program_moved() {
        let data = tempfile::tempdir().unwrap();
        assert!(register(Path::new("/opt/hearth"), data.path()).unwrap());
        assert!(!register(Path::new("/opt/hearth"), data.path()).unwrap());
        assert!(register(Path::new("/opt/my \"games\" 100%/hearth"), data.path()).unwrap());
        let entry = fs::read_to_string(data.path().join("applications").join(ENTRY)).unwrap();
        assert!(entry.contains("Exec=\"/opt/my \\\"games\\\" 100%%/hearth\" %u"), "{entry}");
        assert!(entry.contains("MimeType=x-scheme-handler/mesh;"));
    }
}
