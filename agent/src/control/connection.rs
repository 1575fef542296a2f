//! One connection to the control socket: reads requests, hands them on, writes answers, keeps the limits.

use super::hub::{FOLLOWER_QUEUE, Order};
use super::line::{self, REQUEST_MAX, Reply, SCHEMA};
use super::person::{ACT_GROUP, Person, Rule};
use super::room::Seat;
use super::{ControlEvent, IDLE, PATIENCE, WRITE};
use crate::command::{Access, Answer, Command, Telling};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// What every connection shares with the socket that it came from.
#[derive(Clone)]
pub struct Desk {
    /// Where questions go.
    pub inbox: mpsc::Sender<ControlEvent>,
    /// Who brings the answers.
    pub hub: mpsc::Sender<Order>,
    /// Who may act.
    pub rule: Arc<Rule>,
    /// The next question's number.
    pub next: Arc<AtomicU64>,
}

/// Serves one connection to its end.
pub async fn serve(stream: UnixStream, desk: Desk, seat: Seat) -> io::Result<()> {
    let credentials = stream.peer_cred()?;
    let (uid, gid) = (credentials.uid(), credentials.gid());
    // The user list may lie on a network: it is not asked on the thread that runs the agent.
    let person = tokio::task::spawn_blocking(move || Person::of(uid, gid)).await.map_err(io::Error::other)?;
    let (reader, writer) = stream.into_split();
    let mut talk = Talk { reader: BufReader::new(reader), writer, desk, person, seat };
    while let Some(bytes) = talk.next_request().await? {
        match line::request(&bytes) {
            Err(refusal) => talk.write(*refusal).await?,
            Ok(command) => match talk.permit(&command) {
                Err(refusal) => talk.write(*refusal).await?,
                Ok(()) if command == Command::Follow => return talk.follow().await,
                Ok(()) => talk.ask(command).await?,
            },
        }
    }
    Ok(())
}

/// Says that there is no room for one more.
pub async fn turn_away(stream: UnixStream, most: usize) -> io::Result<()> {
    let (_reader, mut writer) = stream.into_split();
    let why = format!("{most} connections to this agent are open already");
    let hint = Some("close a `pointsman` that still follows, then try again".to_owned());
    write(&mut writer, Answer::Refused { why, hint }).await
}

struct Talk {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    desk: Desk,
    person: Person,
    seat: Seat,
}

impl Talk {
    /// The next line without its end; `None` when there will be no other.
    async fn next_request(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let most = REQUEST_MAX as u64 + 1;
        let mut limited = (&mut self.reader).take(most);
        let out = self.seat.falls_silent();
        let read = tokio::select! {
            read = timeout(IDLE, limited.read_until(b'\n', &mut bytes)) => {
                read.map_err(|_| format!("nothing was asked within {} s", IDLE.as_secs()))
            }
            () = out.cancelled() => Err("nothing was asked, and somebody else needed the place".to_owned()),
        };
        self.seat.speaks();
        match read {
            Ok(read) => read?,
            Err(why) => {
                self.write(refused(&why)).await?;
                return Ok(None);
            }
        };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() > REQUEST_MAX {
            self.write(refused(&format!("a request has at most {REQUEST_MAX} bytes"))).await?;
            return Ok(None);
        }
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// Everybody may look; changing is for those whom the rule lets.
    fn permit(&self, command: &Command) -> Result<(), Box<Answer>> {
        match command.changes() {
            Access::Read => Ok(()),
            Access::Act if self.desk.rule.lets(&self.person) => Ok(()),
            Access::Act => Err(Box::new(Answer::Refused {
                why: format!("{} may look but not act", self.person.who),
                hint: Some(format!("sudo usermod -aG {ACT_GROUP} LOGIN, or the same command with sudo")),
            })),
        }
    }

    async fn ask(&mut self, command: Command) -> io::Result<()> {
        let id = self.desk.next.fetch_add(1, Ordering::Relaxed);
        let (reply, mut waits) = oneshot::channel();
        let who = self.person.who.clone();
        self.order(Order::Waits { id, reply }).await?;
        self.hand_on(ControlEvent::Asked { id, who, command }).await?;
        let answer = tokio::select! {
            answer = timeout(PATIENCE, &mut waits) => answer,
            () = gone(&mut self.reader, &self.writer) => {
                self.order(Order::Forget { id }).await?;
                self.hand_on(ControlEvent::Gone { id }).await?;
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        };
        match answer {
            Ok(Ok(answer)) => self.write(answer).await,
            Ok(Err(_)) => self.write(refused("the agent is stopping")).await,
            Err(_) => {
                self.order(Order::Forget { id }).await?;
                self.hand_on(ControlEvent::Gone { id }).await?;
                self.write(refused(&format!("no answer within {} s", PATIENCE.as_secs()))).await
            }
        }
    }

    /// Tells until the follower leaves or is too slow. The agent is not asked: it tells everybody the same.
    async fn follow(&mut self) -> io::Result<()> {
        let id = self.desk.next.fetch_add(1, Ordering::Relaxed);
        let (told, mut tellings) = mpsc::channel::<Telling>(FOLLOWER_QUEUE);
        let (ready, registered) = oneshot::channel();
        self.order(Order::Follows { id, told, ready }).await?;
        registered.await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        let told = self.tell_on(&mut tellings).await;
        self.order(Order::Forget { id }).await?;
        told
    }

    async fn tell_on(&mut self, tellings: &mut mpsc::Receiver<Telling>) -> io::Result<()> {
        self.write(Answer::Following).await?;
        loop {
            tokio::select! {
                telling = tellings.recv() => match telling {
                    Some(telling) => self.write(Answer::Told(telling)).await?,
                    None => {
                        let why = format!("too slow: {FOLLOWER_QUEUE} lines were waiting, more were lost");
                        return self.write(refused(&why)).await;
                    }
                },
                () = gone(&mut self.reader, &self.writer) => return Ok(()),
            }
        }
    }

    async fn order(&self, order: Order) -> io::Result<()> {
        self.desk.hub.send(order).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    async fn hand_on(&self, event: ControlEvent) -> io::Result<()> {
        self.desk.inbox.send(event).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    async fn write(&mut self, answer: Answer) -> io::Result<()> {
        write(&mut self.writer, answer).await
    }
}

/// Ends when the other end has closed both ways. One that has only finished asking still wants its answer:
/// `echo … | socat - UNIX-CONNECT:…` does just that.
async fn gone(reader: &mut BufReader<OwnedReadHalf>, writer: &OwnedWriteHalf) {
    let more = reader.fill_buf().await.map(|bytes| !bytes.is_empty());
    let closed = match more {
        Ok(true) => false,
        Ok(false) => writer.ready(Interest::WRITABLE).await.is_ok_and(|ready| ready.is_write_closed()),
        Err(_) => true,
    };
    if !closed {
        std::future::pending::<()>().await;
    }
}

async fn write(writer: &mut OwnedWriteHalf, answer: Answer) -> io::Result<()> {
    let bytes = line::line(&Reply { schema: SCHEMA, answer }).map_err(io::Error::other)?;
    timeout(WRITE, writer.write_all(&bytes)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn refused(why: &str) -> Answer {
    Answer::Refused { why: why.to_owned(), hint: None }
}
