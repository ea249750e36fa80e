//! Certificates for a server on `localhost`, and authorities that did and did not sign them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::private_server::{command, run};

/// What `openssl` made.
pub(super) struct Certificates {
    directory: TempDir,
}

impl Certificates {
    /// Makes two authorities, and a certificate by the first of them for the name `localhost`.
    pub(super) fn make() -> Self {
        let made = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        made.authority("ca");
        made.authority("other");
        std::fs::write(
            made.path("names"),
            "subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n",
        )
        .unwrap();
        made.openssl(
            "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out request",
        );
        made.openssl(
            "x509 -req -days 2 -in request -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names \
             -out server.pem",
        );
        made
    }

    fn authority(&self, name: &str) {
        self.openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"
        ));
    }

    fn openssl(&self, words: &str) {
        let mut openssl = command("openssl");
        run(openssl
            .args(words.split_whitespace())
            .current_dir(self.directory.path()));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The authority that signed.
    pub(super) fn right(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// One that did not.
    pub(super) fn wrong(&self) -> PathBuf {
        self.path("other.pem")
    }

    /// Puts the server's certificate and key into a directory.
    pub(super) fn copy_server_to(&self, directory: &Path) {
        for name in ["server.pem", "server.key"] {
            let copy = directory.join(name);
            std::fs::copy(self.path(name), &copy).unwrap();
            std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o600)).unwrap();
        }
    }
}
