//! A network that falls silent.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Stands between a store and a server, and passes on what they say while it is not silent.
pub(super) struct Proxy {
    address: SocketAddr,
    silent: watch::Sender<bool>,
}

impl Proxy {
    pub(super) async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, is_silent) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&server).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, is_silent.clone()));
                tokio::spawn(pass(from_server, to_client, is_silent.clone()));
            }
        });
        Self { address, silent }
    }

    /// The URL with the proxy in the place of the server, of which it tells the address.
    pub(super) async fn before(url: &str) -> (Self, String) {
        let (head, rest) = url.split_once('@').unwrap();
        let (server, path) = rest.split_once('/').unwrap();
        let proxy = Self::start(server.to_owned()).await;
        let url = format!("{head}@{}/{path}", proxy.address);
        (proxy, url)
    }

    /// Passes on nothing any more, or again. What was said meanwhile is kept, as by a network.
    pub(super) fn be_silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut silent: watch::Receiver<bool>,
) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let speaks = silent.wait_for(|silent| !silent).await.is_ok();
        if !speaks || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
