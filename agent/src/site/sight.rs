//! A look at the folders of the site file: there, with the rights that are needed, and with room.

use super::SiteFile;
use crate::live::{Kind, Sight};
use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};
use std::fs;
use std::path::Path;

/// A disk that fills up ends the agent: ninety days of observations and a year of facts fit below the first figure, and
/// below the second a night of anything else on this disk could be the end.
const ROOM: u64 = 512 * 1024 * 1024;
const ROOM_LAST: u64 = 64 * 1024 * 1024;

/// Looks at all of them; nothing is written.
pub fn look(site: &SiteFile) -> Vec<Sight> {
    let mut sights = vec![written("state", &site.state)];
    if let Some(folder) = site.policy.parent() {
        sights.push(policy(&site.policy, folder));
    }
    sights.push(playbooks(&site.playbooks));
    if let Some(sounds) = site.pbx.as_ref().and_then(|pbx| pbx.sounds.as_ref()) {
        sights.push(written("sounds", sounds));
    }
    sights
}

/// A folder that the agent fills.
fn written(role: &str, folder: &Path) -> Sight {
    let shown = folder.display();
    let about = match fs::metadata(folder) {
        Ok(about) => about,
        Err(error) => {
            return Sight::fault(Kind::Folder, role, format!("`{shown}`: {error}"))
                .hint(format!("`install -d -o pointsman {shown}`"));
        }
    };
    if !about.is_dir() || access(folder, AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
        let what = if about.is_dir() { "cannot be written" } else { "is no folder" };
        return Sight::fault(Kind::Folder, role, format!("`{shown}` {what}"))
            .hint(format!("`ls -ld {shown}`"));
    }
    let Ok(disk) = statvfs(folder) else {
        return Sight::warning(Kind::Folder, role, "nobody says how much room it has");
    };
    let free = disk.blocks_available() * disk.fragment_size();
    let hint = format!("`df -h {shown}`");
    let says = format!("can be written, {} free", size(free));
    match free {
        ..ROOM_LAST => Sight::fault(Kind::Folder, role, says).hint(hint),
        ROOM_LAST..ROOM => Sight::warning(Kind::Folder, role, says).hint(hint),
        ROOM.. => Sight::ok(Kind::Folder, role, says),
    }
}

/// The policy is read, and replaced by another file when another text is agreed.
fn policy(file: &Path, folder: &Path) -> Sight {
    let shown = file.display();
    if let Err(error) = fs::read(file) {
        return Sight::fault(Kind::Folder, "policy", format!("`{shown}` cannot be read: {error}"))
            .hint(format!("`ls -l {shown}`"));
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if access(folder, AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
        let says = "can be read; its folder cannot be written, so an agreed edit will not reach it";
        return Sight::warning(Kind::Folder, "policy", says)
            .hint(format!("`chown pointsman {}`", folder.display()));
    }
    Sight::ok(Kind::Folder, "policy", "can be read and replaced")
}

/// No folder of playbooks is none too many: those of the program are there anyway.
fn playbooks(folder: &Path) -> Sight {
    let shown = folder.display();
    match fs::read_dir(folder) {
        Ok(listing) => {
            let yaml = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|ending| ending == "yaml");
            let own = listing.flatten().filter(yaml).count();
            let plural = if own == 1 { "" } else { "s" };
            Sight::ok(Kind::Folder, "playbooks", format!("{own} playbook{plural} of your own"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Sight::ok(Kind::Folder, "playbooks", "there is no folder: those of the program are played")
        }
        Err(error) => Sight::fault(Kind::Folder, "playbooks", format!("`{shown}` cannot be read: {error}"))
            .hint(format!("`ls -ld {shown}`")),
    }
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes / MIB {
        mib @ ..1024 => format!("{mib} MiB"),
        mib => format!("{} GiB", mib / 1024),
    }
}
