//! This binary as a process of its own.

use std::process::Stdio;

use nova_core::repository::sql::SqlStore;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::writer;

/// What a process does.
#[derive(Debug, Clone)]
pub enum Role {
    /// Writes claims and servers until it is killed.
    Writer { url: String, seed: u64 },
    /// Opens the database when it is told to, which brings its schema up to date, and ends.
    Opener { url: String },
}

const WRITER: &str = "--writer";
const OPENER: &str = "--opener";

impl Role {
    /// The role that a command line gives, if it gives one.
    pub fn of(arguments: &[String]) -> Option<Self> {
        let url = |at: usize| arguments.get(at).expect("a URL").clone();
        match arguments.first().map(String::as_str) {
            Some(WRITER) => Some(Self::Writer {
                url: url(1),
                seed: arguments.get(2).expect("a seed").parse().unwrap(),
            }),
            Some(OPENER) => Some(Self::Opener { url: url(1) }),
            _ => None,
        }
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Writer { url, seed } => vec![WRITER.to_owned(), url.clone(), seed.to_string()],
            Self::Opener { url } => vec![OPENER.to_owned(), url.clone()],
        }
    }

    /// Does what it says.
    pub async fn play(self) {
        println!("started");
        match self {
            Self::Writer { url, seed } => writer::write(&url, seed).await,
            Self::Opener { url } => {
                let mut word = String::new();
                BufReader::new(tokio::io::stdin())
                    .read_line(&mut word)
                    .await
                    .unwrap();
                SqlStore::connect(&url).await.unwrap().close().await;
                println!("opened");
            }
        }
    }
}

/// A process that is this binary.
pub struct Process {
    child: Child,
    tell: ChildStdin,
    out: BufReader<ChildStdout>,
}

impl Process {
    /// Starts one and waits until it has begun.
    #[expect(
        clippy::disallowed_methods,
        reason = "the program that is started is this one"
    )]
    pub async fn start(role: &Role) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(role.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let tell = child.stdin.take().unwrap();
        let mut process = Self { child, tell, out };
        process.until("started").await;
        process
    }

    /// Tells an opener to begin.
    pub async fn go(&mut self) {
        self.tell.write_all(b"go\n").await.unwrap();
    }

    /// Waits until it says this.
    pub async fn until(&mut self, what: &str) {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.out.read_line(&mut line).await.unwrap();
            assert_ne!(read, 0, "it ended before it said {what}");
            if line.trim_end() == what {
                return;
            }
        }
    }

    /// Waits until it ends, well.
    pub async fn end(mut self) {
        let status = self.child.wait().await.unwrap();
        assert!(status.success(), "{status}");
    }

    /// Kills it (SIGKILL), waits until it is gone, and returns the whole lines that it had said.
    pub async fn kill(mut self) -> Vec<String> {
        self.child.kill().await.unwrap();
        let mut said = String::new();
        self.out.read_to_string(&mut said).await.unwrap();
        let whole = said.rfind('\n').map_or("", |end| &said[..end]);
        whole.lines().map(str::to_owned).collect()
    }
}
