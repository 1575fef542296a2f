//! A wire that goes silent without closing, which is how a cut cable looks from both ends.

use super::*;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Carries bytes from `listen` to `to`; while cut it still takes them, and lets none through.
async fn carry(listen: SocketAddr, to: SocketAddr, cut: watch::Receiver<bool>) {
    let listener = TcpListener::bind(listen).await.unwrap();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        let cut = cut.clone();
        tokio::spawn(async move {
            let Ok(far) = TcpStream::connect(to).await else { return };
            let (near, far) = (near.into_split(), far.into_split());
            tokio::join!(pump(near.0, far.1, cut.clone()), pump(far.0, near.1, cut));
        });
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    cut: watch::Receiver<bool>,
) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if !*cut.borrow() && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_silent_wire_is_noticed_and_dialled_anew() {
    let [london, office] = bundles(&authority(), ["london", "office"]);
    let cut = watch::Sender::new(false);
    let wire = tokio::spawn(carry(at(40, 5), at(40, 1), cut.subscribe()));
    let mut london = Site::start(&london, at(40, 1), &[("office", at(40, 9))]);
    let mut office = Site::start(&office, at(40, 2), &[("london", at(40, 5))]);
    london.up("office").await;
    office.up("london").await;
    let cut_at = clock::mono();
    cut.send_replace(true);
    assert_eq!(london.down("office").await, Closed::Silent);
    let noticed = clock::mono().since(cut_at);
    assert!((1..4).contains(&noticed.as_secs()), "noticed after {noticed:?}");
    office.down("london").await;
    cut.send_replace(false);
    london.up("office").await;
    office.up("london").await;
    office.send("london", "again");
    london.hears("office", "again").await;
    wire.abort();
}
