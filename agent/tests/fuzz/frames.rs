//! What a peer can send: frames, Raft messages, entries, snapshots; alone, and one after another into a living site.

use super::corpus::{POLICY, SITES, node, record};
use super::runner::{Target, fuzz, name};
use agent::door::Hello;
use agent::event::Event;
use agent::frame::{Body, Frame};
use agent::links::FRAME_MAX;
use agent::quorum::{Past, Quorum, Written};
use agent::start::seats;
use policies::Policy;
use state::codec::{ENTRY_MAX, decode, encode};
use state::{Index, Mono, Now, SiteId, Stamp, View};
use std::time::Duration;

/// A vector may be made in advance for as many elements as fit into a megabyte, one inside another.
const READ_AHEAD: usize = 6 << 20;

/// A site takes what it is told into its books, and those grow.
const BOOKS: usize = 32 << 20;

/// How many frames one input has.
const STORY: usize = 12;

/// Several pieces of bytes as one: each with its length in front.
fn pack(pieces: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces {
        let length = u16::try_from(piece.len()).expect("a frame of a calm minute is short");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(piece);
    }
    bytes
}

fn unpack(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        pieces.push(&rest[..length]);
        bytes = &rest[length..];
    }
    pieces
}

/// Who can have said it: the site of the voter that a Raft message names, else any.
fn sender(frame: &Frame) -> SiteId {
    let id = if let Body::Raft(messages) = &frame.body {
        messages.first().map_or(0, |message| message.from.0)
    } else {
        1
    };
    let site = usize::try_from(id).unwrap_or(0).clamp(1, 3) - 1;
    SiteId::new(SITES[site])
}

#[test]
fn a_frame_means_one_thing() {
    let corpus = record().frames.into_iter().map(|(_, bytes)| bytes).collect();
    let target = Target { name: "frame", corpus, words: &[], memory: (READ_AHEAD, 160), longest: FRAME_MAX };
    fuzz(&target, |bytes| match Frame::decode(bytes) {
        Err(why) => Ok(name("refused", &why)),
        Ok(frame) => {
            let again = frame.encode();
            let twice = Frame::decode(&again).map_err(|why| format!("its own bytes are refused: {why}"))?;
            if twice.encode() != again || again.len() > bytes.len() {
                return Err("its own bytes mean something else".to_owned());
            }
            if Frame::decode(&[bytes, &[0]].concat()).is_ok() {
                return Err("one more byte is passed over in silence".to_owned());
            }
            Ok(name("ok", &format!("{:?}", frame.body).chars().take(8).collect::<String>()))
        }
    });
}

/// What stands in a greeting was signed by the very peer that may be lying.
#[test]
fn a_greeting_means_one_thing() {
    let greeting = |(_, bytes): (SiteId, Vec<u8>)| match Frame::decode(&bytes).map(|frame| frame.body) {
        Ok(Body::Hello(sealed)) => Some(sealed.bytes),
        Ok(_) | Err(_) => None,
    };
    let corpus: Vec<Vec<u8>> = record().frames.into_iter().filter_map(greeting).collect();
    assert!(corpus.len() > 6, "everybody greets");
    let target =
        Target { name: "greeting", corpus, words: &[], memory: (READ_AHEAD, 160), longest: FRAME_MAX };
    fuzz(&target, |bytes| match Hello::decode(bytes) {
        None => Ok("refused".to_owned()),
        Some((boot, hello)) => {
            let again = hello.encode(boot);
            if Hello::decode(&again) != Some((boot, hello)) || again.len() > bytes.len() {
                return Err("its own bytes mean something else".to_owned());
            }
            if Hello::decode(&[bytes, &[0]].concat()).is_some() {
                return Err("one more byte is passed over in silence".to_owned());
            }
            Ok("ok".to_owned())
        }
    });
}

#[test]
fn an_entry_means_one_thing() {
    let corpus = record().rows.into_iter().map(|row| row.bytes).collect();
    let longest = ENTRY_MAX + 1;
    let target = Target { name: "entry", corpus, words: &[], memory: (READ_AHEAD, 160), longest };
    fuzz(&target, |bytes| match decode(bytes) {
        Err(why) => Ok(name("refused", &why)),
        Ok(_) if bytes.len() > ENTRY_MAX => Err("it is longer than the limit".to_owned()),
        Ok(entry) => {
            let again = encode(&entry).map_err(|why| format!("it cannot be written: {why}"))?;
            if decode(&again).as_ref() != Ok(&entry) {
                return Err("its own bytes mean something else".to_owned());
            }
            // The length in front of the body counts the surplus in: only the body's own end can refuse it.
            let mut surplus = bytes.to_vec();
            surplus.push(0);
            let length = u32::try_from(surplus.len() - 6).map_err(|why| why.to_string())?;
            surplus[2..6].copy_from_slice(&length.to_le_bytes());
            if decode(&surplus).is_ok() {
                return Err("one more byte is passed over in silence".to_owned());
            }
            Ok(name("ok", &format!("{:?}", entry.fact).chars().take(12).collect::<String>()))
        }
    });
}

#[test]
fn a_journal_folds_without_a_panic_and_replay_is_life() {
    let rows: Vec<Vec<u8>> = record().rows.into_iter().map(|row| row.bytes).collect();
    let mut corpus: Vec<Vec<u8>> = rows
        .windows(STORY)
        .step_by(4)
        .map(|rows| pack(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>()))
        .collect();
    // The fold of the middle of a journal refuses much; the whole one accepts.
    corpus.push(pack(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    let target = Target { name: "fold", corpus, words: &[], memory: (BOOKS, 400), longest: 1 << 17 };
    let fold = |bytes: &[u8]| {
        let mut view = View::birth("bytemark");
        let mut accepted = 0;
        for (piece, at) in unpack(bytes).into_iter().zip(1..) {
            if let Ok(entry) = decode(piece) {
                let applied = view.apply(Index(at), piece, &entry);
                accepted += usize::from(matches!(applied, state::view::Applied::Accepted));
            }
        }
        (view, accepted)
    };
    fuzz(&target, |bytes| {
        let (view, accepted) = fold(bytes);
        if fold(bytes).0 != view {
            return Err("the same journal folds to two views".to_owned());
        }
        let shown = postcard::to_stdvec(&view).map_err(|why| format!("the view cannot be written: {why}"))?;
        if postcard::from_bytes::<View>(&shown).as_ref() != Ok(&view) {
            return Err("a snapshot of the view means another one".to_owned());
        }
        let names = format!("{} runs {}", view.runs.len(), view.incidents.len());
        Ok(if accepted > 0 { format!("ok {names}") } else { "nothing accepted".to_owned() })
    });
}

#[test]
fn a_snapshot_is_a_view_or_refused() {
    let recorded = record();
    let entry = decode(&recorded.rows[0].bytes).expect("it was agreed");
    let views = [View::birth("bytemark"), recorded.view];
    let corpus = views.iter().map(|view| postcard::to_stdvec(view).expect("plain data")).collect();
    let target =
        Target { name: "snapshot", corpus, words: &[], memory: (READ_AHEAD, 400), longest: FRAME_MAX };
    fuzz(&target, |bytes| match postcard::from_bytes::<View>(bytes) {
        Err(why) => Ok(name("refused", &why)),
        Ok(mut view) => {
            // Whatever it says, the next fact is folded on it.
            let next = Index(view.index.0.saturating_add(1));
            let _ = view.apply(next, &recorded.rows[0].bytes, &entry);
            Ok(format!("ok {} {}", view.routes.len(), view.runs.len()))
        }
    });
}

/// Everything that is ready is written and handed over, as the agent does it.
fn settle(quorum: &mut Quorum) -> usize {
    let mut agreed = 0;
    while let Some(batch) = quorum.ready() {
        let written: Written = batch.written();
        agreed += quorum.written(written).agreed.len();
    }
    agreed
}

#[test]
fn raft_messages_in_any_order_never_make_a_voter_panic() {
    let raft = |bytes: &Vec<u8>| matches!(Frame::decode(bytes), Ok(Frame { body: Body::Raft(_), .. }));
    let frames: Vec<Vec<u8>> = record().frames.into_iter().map(|(_, bytes)| bytes).filter(raft).collect();
    let pieces: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let corpus = pieces.windows(STORY * 2).step_by(STORY).take(80).map(pack).collect();
    let target = Target { name: "raft", corpus, words: &[], memory: (BOOKS, 2000), longest: 1 << 16 };
    let policy = Policy::read("the test's", POLICY).expect("it is a policy");
    let seats = seats(&policy).expect("they can be counted");
    fuzz(&target, |bytes| {
        let born = Quorum::new(seats.clone(), &SiteId::new("netherlands"), Past::default());
        let mut quorum = born.expect("it is born");
        let (mut taken, mut refused) = (0, String::new());
        for piece in unpack(bytes) {
            quorum.tick();
            settle(&mut quorum);
            let Ok(frame) = Frame::decode(piece) else { continue };
            let from = sender(&frame);
            let Body::Raft(messages) = frame.body else { continue };
            for message in messages {
                match quorum.step(&from, message) {
                    Ok(()) => taken += 1,
                    Err(why) => refused = why.to_string(),
                }
                settle(&mut quorum);
            }
        }
        Ok(if taken > 0 { name("ok", &refused) } else { name("none", &refused) })
    });
}

#[test]
fn a_site_survives_whatever_its_peers_say() {
    let frames: Vec<Vec<u8>> = record().frames.into_iter().map(|(_, bytes)| bytes).collect();
    let other = |bytes: &&Vec<u8>| !matches!(Frame::decode(bytes), Ok(Frame { body: Body::Raft(_), .. }));
    let talk: Vec<&[u8]> = frames.iter().filter(other).map(Vec::as_slice).collect();
    // An agent reads its policy when it is made, so each has much to hear.
    let corpus = talk.windows(STORY * 8).step_by(STORY * 4).take(60).map(pack).collect();
    let target = Target { name: "node", corpus, words: &[], memory: (BOOKS, 4000), longest: 1 << 15 };
    fuzz(&target, |bytes| {
        let mut node = node("netherlands", 9);
        let (mut heard, mut said) = (0, 0);
        for (piece, tenths) in unpack(bytes).into_iter().zip(1..) {
            let Ok(frame) = Frame::decode(piece) else { continue };
            heard += 1;
            let mono = Mono::from_boot(Duration::from_millis(100 * tenths));
            let now = Now { mono, stamp: frame.stamp.unwrap_or(Stamp::from_millis(1)) };
            let from = sender(&frame);
            said += node.step(Event::Heard { from, body: frame.body }, now).send.len();
        }
        Ok(if heard > 0 { format!("ok {}", said.min(20)) } else { "nothing heard".to_owned() })
    });
}
