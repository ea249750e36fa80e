//! Database servers that a test starts, kills and starts again.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nova_core::Env;
use tempfile::TempDir;

use super::certificates::Certificates;

/// The password of its user.
pub(super) const PASSWORD: &str = "s3cret";

/// What it is a server of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "mysql")]
    Mysql,
}

impl Program {
    /// The program of that name, from the directories in the variable of its kind.
    fn path(self, name: &str) -> PathBuf {
        let variable = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => "NOVA_TEST_POSTGRES_PROGRAMS",
            #[cfg(feature = "mysql")]
            Self::Mysql => "NOVA_TEST_MYSQL_PROGRAMS",
        };
        let directories = std::env::var_os(variable)
            .unwrap_or_else(|| panic!("{variable} names no directories of programs"));
        std::env::split_paths(&directories)
            .map(|directory| directory.join(name))
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("{name} is in no directory of {variable}"))
    }

    /// Whom it runs as where the test is run by root: it refuses root.
    fn user(self) -> &'static str {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => "postgres",
            #[cfg(feature = "mysql")]
            Self::Mysql => "mysql",
        }
    }
}

/// A command of the tests.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests start programs"
)]
pub(super) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

pub(super) fn run(command: &mut Command) {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A server with data and a port of its own, on the loopback interface.
pub(super) struct PrivateServer {
    program: Program,
    directory: TempDir,
    port: u16,
    tls: bool,
    child: Option<Child>,
}

impl PrivateServer {
    /// Makes its data and starts it.
    pub(super) fn start(program: Program, certificates: Option<&Certificates>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path();
        // Its user passes through; what is inside is its own.
        std::fs::set_permissions(home, PermissionsExt::from_mode(0o711)).unwrap();
        if let Some(certificates) = certificates {
            certificates.copy_server_to(home);
        }
        let mut server = Self {
            program,
            port: free_port(),
            tls: certificates.is_some(),
            child: None,
            directory,
        };
        server.make_data();
        server.start_again();
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program of the server's, as its user.
    fn command(&self, name: &str) -> Command {
        let path = self.program.path(name);
        let mut command = if is_root() {
            let user = self.program.user();
            let mut command = command("setpriv");
            command
                .arg(format!("--reuid={user}"))
                .arg(format!("--regid={user}"))
                .args(["--init-groups", "--"])
                .arg(path);
            command
        } else {
            command(path)
        };
        command.current_dir("/");
        command
    }

    fn make_data(&self) {
        let (data, text) = (self.path("data"), self.path("text"));
        std::fs::create_dir(&data).unwrap();
        std::fs::create_dir(self.path("tmp")).unwrap();
        match self.program {
            #[cfg(feature = "postgres")]
            Program::Postgres => std::fs::write(&text, PASSWORD).unwrap(),
            #[cfg(feature = "mysql")]
            Program::Mysql => std::fs::write(
                &text,
                format!(
                    "CREATE DATABASE IF NOT EXISTS nova CHARACTER SET utf8mb4;\n\
                     CREATE OR REPLACE USER nova@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n\
                     GRANT ALL ON *.* TO nova@'127.0.0.1';\n"
                ),
            )
            .unwrap(),
        }
        if is_root() {
            let user = self.program.user();
            let mut own = command("chown");
            run(own
                .arg("-R")
                .arg(format!("{user}:"))
                .arg(self.directory.path()));
        }
        match self.program {
            #[cfg(feature = "postgres")]
            Program::Postgres => {
                let mut init = self.command("initdb");
                init.arg(format!("--pgdata={}", data.display()))
                    .arg(format!("--pwfile={}", text.display()))
                    .args(["--username=nova", "--auth=scram-sha-256", "--no-sync"])
                    .args(["--encoding=UTF8", "--locale=C.UTF-8"]);
                run(&mut init);
            }
            #[cfg(feature = "mysql")]
            Program::Mysql => {
                let mut init = self.command("mariadb-install-db");
                init.args(["--no-defaults", "--skip-test-db"])
                    .arg(format!("--datadir={}", data.display()))
                    .arg(format!("--tmpdir={}", self.path("tmp").display()));
                run(&mut init);
            }
        }
    }

    /// Starts it, on the port and the data that it had.
    pub(super) fn start_again(&mut self) {
        assert!(self.child.is_none());
        let (data, certificate, key) = (
            self.path("data").display().to_string(),
            self.path("server.pem").display().to_string(),
            self.path("server.key").display().to_string(),
        );
        let mut serve = match self.program {
            #[cfg(feature = "postgres")]
            Program::Postgres => {
                let mut serve = self.command("postgres");
                let mut settings = vec![
                    format!("port={}", self.port),
                    "listen_addresses=127.0.0.1".to_owned(),
                    "unix_socket_directories=".to_owned(),
                    "fsync=off".to_owned(),
                    "dynamic_shared_memory_type=mmap".to_owned(),
                ];
                if self.tls {
                    settings.push("ssl=on".to_owned());
                    settings.push(format!("ssl_cert_file={certificate}"));
                    settings.push(format!("ssl_key_file={key}"));
                }
                serve.args(["-D", &data]);
                for setting in settings {
                    serve.args(["-c", &setting]);
                }
                serve
            }
            #[cfg(feature = "mysql")]
            Program::Mysql => {
                let mut serve = self.command("mariadbd");
                serve
                    .args(["--no-defaults", "--skip-name-resolve"])
                    .args(["--bind-address=127.0.0.1", "--character-set-server=utf8mb4"])
                    .arg(format!("--datadir={data}"))
                    .arg(format!("--tmpdir={}", self.path("tmp").display()))
                    .arg(format!("--init-file={}", self.path("text").display()))
                    .arg(format!("--socket={}", self.path("socket").display()))
                    .arg(format!("--pid-file={}", self.path("pid").display()))
                    .arg(format!("--port={}", self.port));
                if self.tls {
                    serve
                        .arg(format!("--ssl-cert={certificate}"))
                        .arg(format!("--ssl-key={key}"));
                }
                serve
            }
        };
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        self.child = Some(serve.stderr(log).spawn().unwrap());
    }

    /// Waits until it takes connections.
    pub(super) async fn ready(&mut self) {
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not take connections: {}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Ends it at once, as a crash would.
    pub(super) fn kill(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        match self.program {
            // Its other processes are told to go too; alone, it would leave them behind.
            #[cfg(feature = "postgres")]
            Program::Postgres => {
                let mut quit = command("kill");
                run(quit.args(["-s", "QUIT", &child.id().to_string()]));
            }
            #[cfg(feature = "mysql")]
            Program::Mysql => child.kill().unwrap(),
        }
        child.wait().unwrap();
    }

    /// Its URL by a name of its host, with parameters.
    pub(super) fn url(&self, host: &str, parameters: &str) -> String {
        let (scheme, database) = match self.program {
            #[cfg(feature = "postgres")]
            Program::Postgres => ("postgres", "postgres"),
            #[cfg(feature = "mysql")]
            Program::Mysql => ("mysql", "nova"),
        };
        let port = self.port;
        format!("{scheme}://nova:{PASSWORD}@{host}:{port}/{database}{parameters}")
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that is free, below those that the system gives to clients, which one of them might
/// have when the server is started again.
fn free_port() -> u16 {
    let env = Env::system();
    loop {
        let port = 10_000 + u16::try_from(env.random_index(20_000).unwrap()).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
