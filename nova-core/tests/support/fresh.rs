//! Databases of their own on a server that tests share.

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};

/// A database that nothing else uses.
pub struct Fresh {
    server: DatabaseConnection,
    name: String,
    /// Its URL.
    pub url: String,
}

impl Fresh {
    /// Makes one, on the server at the URL, with `unique` in its name.
    pub async fn create(server_url: &str, unique: &str) -> Self {
        let server = Database::connect(server_url).await.unwrap();
        let name = format!("nova_test_{unique}");
        server
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let url = with_database(server_url, &name);
        Self { server, name, url }
    }

    /// Drops it; every store on it must be closed, or of a process that is gone.
    pub async fn drop(self) {
        // A server takes a moment to notice that a process is gone.
        for tries in 0.. {
            let drop = format!("DROP DATABASE {}", self.name);
            match self.server.execute_unprepared(&drop).await {
                Ok(_) => return,
                Err(error) if tries == 50 => panic!("{error}"),
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            }
        }
    }
}

/// The URL of another database on the same server.
fn with_database(url: &str, database: &str) -> String {
    let (base, parameters) = match url.split_once('?') {
        Some((base, parameters)) => (base, format!("?{parameters}")),
        None => (url, String::new()),
    };
    let path = base.find("://").map_or(0, |at| at + 3);
    let server = base[path..].find('/').map_or(base, |at| &base[..path + at]);
    format!("{server}/{database}{parameters}")
}
