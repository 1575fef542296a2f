//! What can be typed when an agent does not start, or ends by itself: a hint for every cause.

use crate::control::ControlError;
use crate::driver::DriverError;
use crate::links::{IdentityError, LinksError};
use crate::site::SiteFileError;
use crate::start::StartError;
use crate::store::StoreError;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// The hint of an error; none where the error's own words end in one.
pub fn hint(error: &DriverError) -> Option<String> {
    match error {
        DriverError::Start(error) => start(error),
        DriverError::Links(error) => links(error),
        DriverError::Control(error) => Some(control(error)),
        DriverError::Store(error) => Some(store(error)),
        DriverError::Signals(_) => Some("`dmesg | tail`, then `systemctl restart pointsman`".to_owned()),
    }
}

fn start(error: &StartError) -> Option<String> {
    match error {
        StartError::Site(SiteFileError::Read { path, source }) => Some(file(path, source)),
        StartError::Site(SiteFileError::Fault { path, .. }) => {
            Some(format!("mend it, then `pointsman check {}`", path.display()))
        }
        StartError::File { path, source } => Some(file(path, source)),
        StartError::Folder { path, .. } => {
            let folder = path.parent().unwrap_or(path).display();
            Some(format!(
                "`ls -ld {folder} {}`; the agent's user must be able to write there",
                path.display()
            ))
        }
        StartError::Faults(_) => Some("mend it, then `pointsman check FILE`".to_owned()),
        StartError::Identity(error) => identity(error),
        StartError::Mismatch { .. } => Some(
            "site file, bundle and policy must be of one cluster; copy the site's folder anew".to_owned(),
        ),
        StartError::Store(error) => Some(store(error)),
        StartError::Disk { path } => Some(format!(
            "if its name is lost, remove `{}` and the database, start, then `pointsman readmit SITE` elsewhere",
            path.display()
        )),
        StartError::Replay { .. }
        | StartError::Snapshot { .. }
        | StartError::Birth(_)
        | StartError::Alone { .. } => {
            Some("`pointsman --version`: is it the one that last ran here, or a newer one?".to_owned())
        }
        StartError::Gap { .. } => Some(anew("this disk")),
        StartError::Seats(_) | StartError::Load(_) => {
            Some("`pointsman check --table POLICY` shows the votes; this disk has other ones".to_owned())
        }
    }
}

fn identity(error: &IdentityError) -> Option<String> {
    match error {
        IdentityError::Read { path, source } => Some(file(path, source)),
        IdentityError::Open { .. } => None,
        IdentityError::Pem { .. }
        | IdentityError::Name { .. }
        | IdentityError::Tls { .. }
        | IdentityError::Ca { .. } => {
            Some("copy the folder `bundle` anew from where `pointsman init` made it".to_owned())
        }
    }
}

fn file(path: &Path, source: &io::Error) -> String {
    let (path, folder) = (path.display(), path.parent().unwrap_or(path).display());
    let kind = source.kind();
    if kind == io::ErrorKind::NotFound {
        format!("`ls -l {folder}`; `pointsman init` makes what belongs there")
    } else if kind == io::ErrorKind::PermissionDenied {
        format!("`ls -ld {folder} {path}`; the agent's user must be able to read it")
    } else if kind == io::ErrorKind::InvalidData {
        format!("`file {path}`; it must be text in UTF-8")
    } else {
        format!("`ls -ld {folder} {path}`")
    }
}

fn store(error: &StoreError) -> String {
    match error {
        StoreError::Locked(path) => format!("`fuser {}` names it", path.display()),
        StoreError::Foreign(path) => {
            format!("`file {}`; `state:` in the site file says where to look", path.display())
        }
        StoreError::OtherCluster { .. } => {
            "`state:` in the site file names the folder; give each cluster its own".to_owned()
        }
        StoreError::Newer { .. } => "`pointsman --version`; install the one that last ran here".to_owned(),
        StoreError::Damaged { path, .. } | StoreError::Chain { path, .. } => {
            anew(&path.display().to_string())
        }
        StoreError::ReadOnly(path) => {
            let (folder, path) = (path.parent().unwrap_or(path).display(), path.display());
            format!(
                "`findmnt -T {folder}` and `ls -ld {folder} {path}`; the agent's user must be able to write"
            )
        }
        StoreError::Sqlite { path, source, .. } => disk(path, source),
        StoreError::Order { .. } | StoreError::Ended { .. } => "`journalctl -u pointsman -n 50`".to_owned(),
    }
}

fn disk(path: &Path, source: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode as Code;
    let folder = path.parent().unwrap_or(path).display();
    match source.sqlite_error_code() {
        Some(Code::DiskFull) => {
            format!("`df -h {folder}`; make room, then `systemctl restart pointsman`: nothing agreed is lost")
        }
        Some(Code::CannotOpen | Code::PermissionDenied | Code::ReadOnly) => {
            format!(
                "`findmnt -T {folder}` and `ls -ld {folder}`; the agent's user must be able to write there"
            )
        }
        _ => format!("`dmesg | tail` and `df -h {folder}`; a disk that fails is replaced, not tried again"),
    }
}

/// A disk that cannot be believed is never mended: what it lacks, the others have.
fn anew(what: &str) -> String {
    format!("never restore an image: move {what} away, then `pointsman readmit SITE` at another site")
}

fn links(error: &LinksError) -> Option<String> {
    match error {
        // Its own words end in a hint.
        LinksError::NotOurs { .. } => None,
        LinksError::Twice(_) => Some("`pointsman check POLICY`".to_owned()),
        LinksError::Listen { listen, source } => Some(listening(*listen, source)),
    }
}

fn listening(at: SocketAddr, source: &io::Error) -> String {
    let (ip, port) = (at.ip(), at.port());
    let kind = source.kind();
    if kind == io::ErrorKind::AddrInUse {
        format!("`ss -ltnp 'sport = :{port}'` names who listens there")
    } else if kind == io::ErrorKind::AddrNotAvailable {
        format!("`ip address` does not show {ip}; `listen:` in the site file must name an own address")
    } else if kind == io::ErrorKind::PermissionDenied {
        format!("choose a port above 1023 instead of {port}")
    } else {
        "`ip address`, and `listen:` in the site file".to_owned()
    }
}

fn control(error: &ControlError) -> String {
    match error {
        ControlError::Taken(path) => format!("`fuser {}` names it; each agent needs its own", path.display()),
        ControlError::NoSocket(path) => {
            format!("`ls -l {0}`; if nobody needs it, `rm {0}`", path.display())
        }
        ControlError::Open { path, .. } => {
            let folder = path.parent().unwrap_or(path).display();
            format!(
                "`ls -ld {folder}`; the folder must exist, and the agent's user must be able to write there"
            )
        }
    }
}
