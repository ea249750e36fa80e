//! The process that is killed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use nova_sdk::prelude::*;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::support::{Parts, World, sqlite};

/// What makes this binary a control plane.
pub const FLAG: &str = "--control-plane";

/// How many compute hosts there are.
const HOSTS: u32 = 2;

/// A cloud on a directory's SQLite file and QEMU hosts.
pub async fn world(directory: &Path) -> World {
    let mut hypervisors: Vec<Arc<dyn Hypervisor>> = Vec::new();
    for index in 1..=HOSTS {
        let config = QemuConfig::new(directory.join(format!("host-{index}")));
        hypervisors.push(Arc::new(QemuHypervisor::open(config).await.unwrap()));
    }
    let store = sqlite(directory).await;
    Parts::on_disk(Env::system(), store, hypervisors, directory)
        .await
        .start()
        .await
}

/// Does what it is told, a line at a time, and answers each with a line: `create NAME` → the id,
/// `settle ID` → the vm state, `stop ID`, `start ID`, `delete ID` → `ok`.
pub async fn run(directory: &Path) {
    let world = world(directory).await;
    println!("ready");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let (word, argument) = line.split_once(' ').unwrap();
        let id = || argument.parse::<ServerId>().unwrap();
        let (api, user) = (world.api(), &world.user);
        match word {
            "create" => println!("{}", world.create(argument).await.id),
            "settle" => println!("{}", world.settled(id()).await.vm_state),
            "stop" => println!("{}", answer(api.server_stop(user, id()).await)),
            "start" => println!("{}", answer(api.server_start(user, id()).await)),
            "delete" => println!("{}", answer(api.server_delete(user, id()).await)),
            other => panic!("what is {other}?"),
        }
    }
}

fn answer(result: Result<Server, Error>) -> String {
    result.map_or_else(|error| error.to_string(), |_| "ok".to_owned())
}

/// A control plane in a process of its own.
pub struct ControlPlane {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl ControlPlane {
    /// Starts one, and waits until it is ready.
    #[expect(
        clippy::disallowed_methods,
        reason = "the program that is started is this one"
    )]
    pub async fn start(directory: &Path) -> Self {
        let program: PathBuf = std::env::current_exe().unwrap();
        let mut child = Command::new(program)
            .arg(FLAG)
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut process = Self { child, to, from };
        assert_eq!(process.answer().await, "ready");
        process
    }

    /// Tells it something and waits for its answer.
    pub async fn ask(&mut self, what: &str) -> String {
        self.tell(what).await;
        self.answer().await
    }

    /// Tells it something.
    pub async fn tell(&mut self, what: &str) {
        self.to
            .write_all(format!("{what}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn answer(&mut self) -> String {
        self.from
            .next_line()
            .await
            .unwrap()
            .expect("the control plane ended")
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
