//! Opening a database. The URL's scheme decides; anything but `sqlite:` and `postgres:` is refused, because a guessed
//! connection once created a file named after a PostgreSQL host. SQLite has one writer thread and a pool of readers
//! that cannot write; PostgreSQL has one pool.

use super::writer::Writer;
use crate::fault::{Fault, Outcome};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use std::sync::Arc;
use std::time::Duration;

pub use super::any::{AnyConn, MultiBackend};

/// One source text, compiled once for each backend: for what the common dialect lacks (batch insert, ON CONFLICT).
macro_rules! each {
    ($conn:expr, $c:ident => $e:expr) => {
        match $conn {
            $crate::db::AnyConn::Pg($c) => $e,
            $crate::db::AnyConn::Sqlite($c) => $e,
        }
    };
}
pub(crate) use each;

/// How PostgreSQL write transactions are isolated; SQLite's are always serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// As if one after the other, with bounded retries: both databases mean the same.
    #[default]
    Serializable,
    /// For the measurement in docs/decisions only.
    ReadCommitted,
}

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// Connections of the read pool (SQLite) or of the only pool (PostgreSQL).
    pub pool: u32,
    /// Isolation of PostgreSQL write transactions.
    pub isolation: Isolation,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self { pool: 8, isolation: Isolation::default() }
    }
}

pub(super) type ConnPool = Pool<ConnectionManager<AnyConn>>;
pub(super) type PooledConn = PooledConnection<ConnectionManager<AnyConn>>;

pub(super) enum Engine {
    Sqlite { writer: Writer, readers: ConnPool },
    Postgres { pool: ConnPool, isolation: Isolation },
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db(pub(super) Arc<Engine>);

/// Which database a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `sqlite:PATH`
    Sqlite,
    /// `postgres://…`
    Postgres,
}

/// Which database `url` names.
///
/// # Errors
/// A Chinese sentence when the scheme is neither `sqlite:` nor `postgres:`/`postgresql:`, or when a PostgreSQL beyond
/// this machine is named and nothing would encrypt the way there.
pub fn kind_of(url: &str) -> Result<Kind, String> {
    if url.starts_with("sqlite:") {
        return Ok(Kind::Sqlite);
    }
    let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
        return Err("数据库地址须以 sqlite: 或 postgres:// 开头".into());
    };
    if is_local(rest) || (!cfg!(feature = "bundled-libpq") && is_encrypted(rest)) {
        return Ok(Kind::Postgres);
    }
    Err(if cfg!(feature = "bundled-libpq") {
        "此构建的 PostgreSQL 客户端不含 TLS，只能连接本机（127.0.0.1、::1、localhost 或本地套接字）".into()
    } else {
        "连接其他机器上的 PostgreSQL 须加密：请加上 sslmode=verify-full（或 verify-ca、require）".into()
    })
}

/// Whether the parameters of a URL (without its scheme) demand TLS, and name no service file, which may say anything.
fn is_encrypted(rest: &str) -> bool {
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let parameters = || query.split('&').filter_map(|p| p.split_once('='));
    let demands = |mode: &str| matches!(mode, "require" | "verify-ca" | "verify-full");
    let mut modes = parameters().filter(|(key, _)| *key == "sslmode").peekable();
    let named = modes.peek().is_some() && modes.all(|(_, mode)| demands(mode));
    named && parameters().all(|(key, _)| key != "service")
}

/// Whether the host part of a URL (without its scheme), and any `host`/`hostaddr` parameter, is this machine.
fn is_local(rest: &str) -> bool {
    let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = authority.split('/').next().unwrap_or("");
    let hosts = authority.rsplit('@').next().unwrap_or("");
    let local = |host: &str| {
        host.is_empty()
            || host.starts_with('/')
            || host.to_ascii_lowercase().starts_with("%2f")
            || matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
    };
    let without_port = |host: &str| -> String {
        if let Some(end) = host.find(']') {
            return host[..=end].to_string();
        }
        host.split(':').next().unwrap_or("").to_string()
    };
    let named = query.split('&').filter_map(|p| p.split_once('='));
    // A service file may name any host.
    let elsewhere = query.split('&').any(|p| p.starts_with("service="));
    let parameters = named.filter(|(key, _)| matches!(*key, "host" | "hostaddr"));
    !elsewhere
        && hosts.split(',').all(|h| local(&without_port(h)))
        && parameters.flat_map(|(_, v)| v.split(',')).all(local)
}

pub(super) fn open(url: &str, pragma: &str) -> Result<AnyConn, String> {
    match kind_of(url)? {
        Kind::Sqlite => {
            let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
            let mut conn = SqliteConnection::establish(path).map_err(|e| format!("{path}: {e}"))?;
            conn.batch_execute(pragma).map_err(|e| format!("{path}: {e}"))?;
            Ok(AnyConn::Sqlite(conn))
        }
        Kind::Postgres => {
            let mut conn = PgConnection::establish(url).map_err(|e| e.to_string())?;
            conn.batch_execute(PG_SETTINGS).map_err(|e| e.to_string())?;
            Ok(AnyConn::Pg(conn))
        }
    }
}

/// `busy_timeout` comes first: switching to WAL takes a lock itself.
pub(super) const SQLITE_WRITER: &str = "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; \
    PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-32000;";
const SQLITE_READER: &str = "PRAGMA busy_timeout=10000; PRAGMA foreign_keys=ON; PRAGMA query_only=ON; \
    PRAGMA cache_size=-16000;";
const PG_SETTINGS: &str = "SET TIME ZONE 'UTC'; SET statement_timeout='30s'; SET lock_timeout='10s'; \
    SET client_min_messages='warning';";

#[derive(Debug)]
struct Customize(&'static str);

impl CustomizeConnection<AnyConn, diesel::r2d2::Error> for Customize {
    fn on_acquire(&self, conn: &mut AnyConn) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(self.0).map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Db {
    /// Opens the database that `url` names; it must have been migrated.
    ///
    /// # Errors
    /// A sentence that says what could not be opened.
    pub fn open(url: &str, options: &DbOptions) -> Result<Self, String> {
        let pool = |url: &str, settings| {
            Pool::builder()
                .max_size(options.pool)
                .min_idle(Some(1))
                .connection_timeout(Duration::from_secs(10))
                .test_on_check_out(true)
                .connection_customizer(Box::new(Customize(settings)))
                .build(ConnectionManager::<AnyConn>::new(url))
                .map_err(|e| e.to_string())
        };
        Ok(Self(Arc::new(match kind_of(url)? {
            Kind::Sqlite => {
                let writer = Writer::start(url)?;
                let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
                Engine::Sqlite { writer, readers: pool(path, SQLITE_READER)? }
            }
            Kind::Postgres => {
                Engine::Postgres { pool: pool(url, PG_SETTINGS)?, isolation: options.isolation }
            }
        })))
    }

    /// Which database this is.
    pub fn kind(&self) -> Kind {
        match *self.0 {
            Engine::Sqlite { .. } => Kind::Sqlite,
            Engine::Postgres { .. } => Kind::Postgres,
        }
    }

    /// Runs `f` on one consistent snapshot; it cannot write.
    ///
    /// # Errors
    /// Those of `f`; [`Fault::Busy`] when no connection comes free.
    pub fn read_now<T>(&self, f: impl FnOnce(&mut AnyConn) -> Outcome<T>) -> Outcome<T> {
        let (pool, begin) = match &*self.0 {
            Engine::Sqlite { readers, .. } => (readers, "BEGIN"),
            Engine::Postgres { pool, .. } => (pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        };
        let mut conn = checkout(pool)?;
        super::write::in_transaction(&mut conn, begin, f)
    }

    /// [`Db::read_now`] away from the async threads.
    ///
    /// # Errors
    /// As [`Db::read_now`].
    pub async fn read<T, F>(&self, f: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConn) -> Outcome<T> + Send + 'static,
    {
        let db = self.clone();
        tokio::task::spawn_blocking(move || db.read_now(f)).await.map_err(Fault::internal)?
    }
}

pub(super) fn checkout(pool: &ConnPool) -> Outcome<PooledConn> {
    pool.get().map_err(|e| Fault::Busy(format!("no database connection: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_and_only_this_machine() {
        assert_eq!(kind_of("sqlite:/tmp/x.db"), Ok(Kind::Sqlite));
        for url in [
            "postgres://u:p@127.0.0.1:5432/d",
            "postgresql:///d?host=/run/pg",
            "postgres://u@%2Frun/d",
            "postgres://[::1]:5432/d",
            "postgres://localhost/d",
        ] {
            assert_eq!(kind_of(url), Ok(Kind::Postgres), "{url}");
        }
        for url in [
            "mysql://x",
            "host=127.0.0.1",
            "postgres://db.example/d",
            "postgres://127.0.0.1,db.example/d",
            "postgres://127.0.0.1/d?host=db.example",
            "postgres:///d?service=far",
        ] {
            assert!(kind_of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_way_to_another_machine_is_encrypted() {
        let url = |query: &str| format!("u:p@db.example:5432/d{query}");
        for query in ["?sslmode=require", "?sslmode=verify-ca", "?sslrootcert=/ca&sslmode=verify-full"] {
            assert!(is_encrypted(&url(query)), "{query}");
            let allowed = kind_of(&format!("postgres://{}", url(query)));
            assert_eq!(allowed.is_ok(), !cfg!(feature = "bundled-libpq"), "{query}");
        }
        for query in [
            "",
            "?sslmode=prefer",
            "?sslmode=disable",
            "?sslmode=require&sslmode=disable",
            "?sslmode=require&service=far",
        ] {
            assert!(!is_encrypted(&url(query)), "{query}");
            assert!(kind_of(&format!("postgres://{}", url(query))).is_err(), "{query}");
        }
    }
}
