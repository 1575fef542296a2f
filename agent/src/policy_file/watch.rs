//! The watch over the policy's folder: a look at the start, after every change once it rests, and now and then anyway.

use super::folder::{look, rewrite};
use super::{Found, Rewrite};
use crate::event::Event;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{interval, timeout};

/// An editor writes, renames and sets modes within a moment: only what it leaves behind is looked at.
const REST: Duration = Duration::from_millis(200);
/// Whoever never rests is looked at nevertheless, after so many changes.
const RESTLESS: usize = 100;
/// Without a word of the system: it may have lost one, or the folder was replaced by another.
const ANYWAY: Duration = Duration::from_secs(60);
/// The same where the system does not tell of changes at all.
const UNWATCHED: Duration = Duration::from_secs(5);
/// Orders that wait; one is made for each agreed text.
const ORDERS: usize = 16;

/// The policy file of this site. Dropping it ends the watch.
#[derive(Debug)]
pub struct PolicyFile {
    orders: mpsc::Sender<Rewrite>,
    task: AbortHandle,
}

impl PolicyFile {
    /// Watches a file from now on; call it within a tokio runtime.
    pub fn watch(path: PathBuf, events: mpsc::Sender<Event>) -> Self {
        let (orders, waiting) = mpsc::channel(ORDERS);
        let task = tokio::spawn(keep_watching(path, waiting, events)).abort_handle();
        Self { orders, task }
    }

    /// Has the file hold the agreed text; what comes of it is seen at the next look, which follows at once.
    pub fn rewrite(&self, order: Rewrite) {
        // Where too many wait, the node orders again once it has seen what the earlier ones came to.
        let _ = self.orders.try_send(order);
    }
}

impl Drop for PolicyFile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep_watching(path: PathBuf, mut orders: mpsc::Receiver<Rewrite>, events: mpsc::Sender<Event>) {
    // One place: however many changes there were, one look sees all of them.
    let (stir, mut stirred) = mpsc::channel(1);
    let watcher = watcher(&path, stir);
    let mut anyway = interval(if watcher.is_some() { ANYWAY } else { UNWATCHED });
    let mut last: Option<Found> = None;
    loop {
        let order = tokio::select! {
            Some(order) = orders.recv() => Some(order),
            Some(()) = stirred.recv() => {
                rest(&mut stirred).await;
                None
            }
            _ = anyway.tick() => None,
        };
        let ordered = order.is_some();
        let at = path.clone();
        let seen = spawn_blocking(move || {
            let failed = order.and_then(|order| rewrite(&at, &order).err());
            look(&at, failed)
        });
        let Ok(found) = seen.await else { return };
        // Who gave an order is always answered; what nobody touched is no news.
        if ordered || last.as_ref() != Some(&found) {
            last = Some(found.clone());
            if events.send(Event::File(found)).await.is_err() {
                return;
            }
        }
    }
}

/// Waits until nothing changes any more.
async fn rest(stirred: &mut mpsc::Receiver<()>) {
    for _ in 0..RESTLESS {
        if !matches!(timeout(REST, stirred.recv()).await, Ok(Some(()))) {
            return;
        }
    }
}

/// Editors replace a file by renaming another one to its name, so the folder is watched and not the file.
fn watcher(path: &Path, stir: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let (folder, name) = (path.parent()?.to_owned(), path.file_name()?.to_owned());
    let tell = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| concerns(&event, &name)) {
            // If it is full, a look is due already.
            let _ = stir.try_send(());
        }
    };
    let watch = || {
        let mut watcher = notify::recommended_watcher(tell)?;
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        Ok::<_, notify::Error>(watcher)
    };
    match watch() {
        Ok(watcher) => Some(watcher),
        Err(why) => {
            let every = UNWATCHED.as_secs();
            tracing::warn!("{} is looked at every {every} s: cannot watch it: {why}", folder.display());
            None
        }
    }
}

/// Whether something was changed whose name begins like the file's. Who only reads, as we do, changes nothing.
fn concerns(event: &notify::Event, name: &OsString) -> bool {
    let reading =
        matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
    let begins = name.to_string_lossy();
    let ours = |path: &PathBuf| path.file_name().is_some_and(|of| of.to_string_lossy().starts_with(&*begins));
    // The system has lost count of what changed: that is a change.
    !reading && (event.need_rescan() || event.paths.iter().any(ours))
}
