//! Encrypted connections: what each mode of the URL accepts.

use std::path::Path;

use nova_core::Error;
use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};

use super::certificates::Certificates;
use super::private_server::{PASSWORD, PrivateServer, Program};

/// The parameters of a mode, by its PostgreSQL name.
fn parameters(program: Program, mode: &str, authority: Option<&Path>) -> String {
    let (key, file, mode) = match program {
        #[cfg(feature = "postgres")]
        Program::Postgres => ("sslmode", "sslrootcert", mode),
        #[cfg(feature = "mysql")]
        Program::Mysql => (
            "ssl-mode",
            "ssl-ca",
            match mode {
                "disable" => "DISABLED",
                "prefer" => "PREFERRED",
                "require" => "REQUIRED",
                "verify-ca" => "VERIFY_CA",
                "verify-full" => "VERIFY_IDENTITY",
                other => panic!("what is {other}?"),
            },
        ),
    };
    let authority = authority.map(|path| format!("&{file}={}", path.display()));
    format!("?{key}={mode}{}", authority.unwrap_or_default())
}

async fn accepted(url: &str) {
    let sql = SqlStore::connect(url).await.unwrap();
    let store = Store::new(sql.clone());
    assert!(store.hosts().host_usages().await.unwrap().is_empty());
    sql.close().await;
}

/// Not transient: it would be refused again. And nothing in it says the password.
async fn refused(url: &str) {
    let error = SqlStore::connect(url).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Store {
                transient: false,
                ..
            }
        ),
        "{error:?}"
    );
    let mut text = format!("{error:?} {error}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(&format!(" {cause:?} {cause}"));
        source = cause.source();
    }
    assert!(!text.contains(PASSWORD), "{text}");
}

/// Whether the server says that a connection by this URL is encrypted.
async fn is_encrypted(program: Program, url: &str) -> bool {
    let db = Database::connect(url).await.unwrap();
    let (backend, question) = match program {
        #[cfg(feature = "postgres")]
        Program::Postgres => (
            DbBackend::Postgres,
            "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl",
        ),
        #[cfg(feature = "mysql")]
        Program::Mysql => (
            DbBackend::MySql,
            "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS \
             WHERE VARIABLE_NAME = 'Ssl_version' AND VARIABLE_VALUE <> ''",
        ),
    };
    let question = Statement::from_string(backend, question);
    let answer = db.query_one_raw(question).await.unwrap();
    db.close().await.unwrap();
    answer.is_some()
}

/// A server with a certificate for `localhost`.
pub(super) async fn each_mode_accepts_what_it_says(program: Program) {
    let certificates = Certificates::make();
    let mut server = PrivateServer::start(program, Some(&certificates));
    server.ready().await;
    let (right, wrong) = (certificates.right(), certificates.wrong());
    let url = |host: &str, mode: &str, authority: Option<&Path>| {
        server.url(host, &parameters(program, mode, authority))
    };
    let full = url("localhost", "verify-full", Some(&right));
    accepted(&full).await;
    assert!(is_encrypted(program, &full).await);
    refused(&url("localhost", "verify-full", Some(&wrong))).await;
    // An authority of one's own is none that the Web trusts.
    refused(&url("localhost", "verify-full", None)).await;
    // The certificate does not name it.
    refused(&url("127.0.0.1", "verify-full", Some(&right))).await;

    accepted(&url("127.0.0.1", "verify-ca", Some(&right))).await;
    refused(&url("127.0.0.1", "verify-ca", Some(&wrong))).await;
    for mode in ["require", "prefer"] {
        let url = url("127.0.0.1", mode, None);
        accepted(&url).await;
        assert!(is_encrypted(program, &url).await, "{mode}");
    }
}

/// A server that offers no encryption.
pub(super) async fn is_refused_where_it_is_required(program: Program, server: &PrivateServer) {
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(&server.url("localhost", &parameters(program, mode, None))).await;
    }
    // The documented weakness of the default.
    let default = server.url("127.0.0.1", "");
    accepted(&default).await;
    assert!(!is_encrypted(program, &default).await);
}
