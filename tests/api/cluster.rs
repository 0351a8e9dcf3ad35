//! PostgreSQL for a run. A server given in `DATABASE_URL` wins; otherwise a private cluster is started from the binaries
//! found on PATH or under /usr/lib/postgresql, once, when the first test asks for it, in the run's folder and reachable
//! over a Unix socket in it only. PostgreSQL refuses to run as root: then it runs as the user `postgres`.

use super::scratch;
use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::pg::PgConnection;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};
use url::Url;

/// A server in which this run makes and drops databases.
pub struct Cluster {
    url: Url,
    prefix: String,
}

static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
static SERVER: Mutex<Option<Child>> = Mutex::new(None);

/// The server, or why there is none.
pub fn get() -> Result<&'static Cluster, &'static str> {
    CLUSTER.get_or_init(find).as_ref().map_err(String::as_str)
}

/// Whether the run must fail without PostgreSQL.
pub fn is_required() -> bool {
    std::env::var("YIXUN_TEST_REQUIRE").is_ok_and(|names| names.split(',').any(|n| n.trim() == "postgres"))
}

/// Ends the private cluster, if there is one.
pub fn stop() {
    if let Some(mut server) = SERVER.lock().expect("no panic while stopping").take() {
        scratch::signal(server.id(), "INT");
        server.wait().expect("PostgreSQL ends");
        scratch::has_ended(server.id());
    }
}

fn find() -> Result<Cluster, String> {
    let given = std::env::var("DATABASE_URL").unwrap_or_default();
    let url = if given.starts_with("postgres://") || given.starts_with("postgresql://") {
        Url::parse(&given).map_err(|e| format!("DATABASE_URL: {e}"))?
    } else {
        start()?
    };
    let prefix = format!("yixun_test_{}_{:06x}", std::process::id(), fastrand::u32(..0x100_0000));
    let cluster = Cluster { url, prefix };
    cluster.run("SELECT 1").map_err(|e| format!("PostgreSQL is not reachable: {e}"))?;
    Ok(cluster)
}

impl Cluster {
    /// A name of this run's own.
    pub fn name(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.prefix)
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.into()
    }

    /// Runs statements in the server's own database.
    pub fn run(&self, sql: &str) -> Result<(), String> {
        let mut conn = PgConnection::establish(self.url.as_str()).map_err(|e| e.to_string())?;
        conn.batch_execute("SET client_min_messages='warning'").map_err(|e| e.to_string())?;
        conn.batch_execute(sql).map_err(|e| e.to_string())
    }

    /// Makes a database, as a copy of `template` where one is given.
    pub fn create(&self, database: &str, template: Option<&str>) -> Result<(), String> {
        let template = template.unwrap_or("template0");
        self.run(&format!("CREATE DATABASE {database} TEMPLATE {template} ENCODING 'UTF8'"))
    }

    /// Closes a database to everybody, so that it can be copied.
    pub fn seal(&self, database: &str) -> Result<(), String> {
        self.run(&format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false"))?;
        self.run(&format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'"
        ))
    }

    /// Drops a database, whoever is still connected.
    pub fn drop_database(&self, database: &str) -> Result<(), String> {
        self.run(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
    }
}

/// Where `initdb` and `postgres` lie: on PATH, or the newest version under Debian's folder.
fn binaries() -> Option<PathBuf> {
    let whole = |folder: &Path| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find(|folder| whole(folder));
    let debian = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
        let mut versions: Vec<(u32, PathBuf)> = versions
            .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
            .filter(|(_, folder)| whole(folder))
            .collect();
        versions.sort();
        versions.pop().map(|(_, folder)| folder)
    };
    // PostgreSQL finds its other files beside the real binary, which PATH may only link to.
    let initdb = on_path.or_else(debian)?.join("initdb").canonicalize().ok()?;
    initdb.parent().map(Path::to_path_buf)
}

/// The user and group ids of `postgres` (or `nobody`), for when we are root.
fn other_user() -> Result<(u32, u32), String> {
    let users = std::fs::read_to_string("/etc/passwd").map_err(|e| format!("/etc/passwd: {e}"))?;
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres")
        .or_else(|| ids("nobody"))
        .ok_or_else(|| "running as root, and there is no user postgres".into())
}

fn command(program: &Path, folder: &Path, log: &Path) -> Result<Command, String> {
    let log = std::fs::File::options().create(true).append(true).open(log).map_err(|e| e.to_string())?;
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(|e| e.to_string())?)
        .stderr(log);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    if scratch::is_root() {
        let (user, group) = other_user()?;
        command.uid(user).gid(group);
    }
    command.process_group(0).env("LC_ALL", "C");
    Ok(command)
}

fn start() -> Result<Url, String> {
    let binaries = binaries().ok_or("no PostgreSQL: no initdb on PATH or under /usr/lib/postgresql")?;
    let folder = scratch::fresh_folder("postgres");
    let log = scratch::folder().join("postgres.log");
    if scratch::is_root() {
        let (user, group) = other_user()?;
        std::os::unix::fs::chown(&folder, Some(user), Some(group)).map_err(|e| e.to_string())?;
    }
    // Through the socket's folder nobody else on this machine reaches a server that trusts everybody.
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).map_err(|e| e.to_string())?;
    let told = |what: &str| {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        format!("{what}: {}", said.lines().rev().take(5).collect::<Vec<_>>().join(" | "))
    };
    let data = folder.join("data");
    let made = command(&binaries.join("initdb"), &folder, &log)?
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data)
        .status()
        .map_err(|e| format!("initdb: {e}"))?;
    if !made.success() {
        return Err(told("initdb failed"));
    }
    let mut server = command(&binaries.join("postgres"), &folder, &log)?
        .arg("-D")
        .arg(&data)
        .args(["-c", "listen_addresses=", "-c"])
        .arg(joined("unix_socket_directories=", folder.as_os_str()))
        .args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"])
        .args(["-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "autovacuum=off"])
        .spawn()
        .map_err(|e| format!("postgres: {e}"))?;
    scratch::ends_with_us(server.id());
    let url = url_of(&folder)?;
    let ready = wait_until_ready(&mut server, &url);
    *SERVER.lock().expect("no panic while starting") = Some(server);
    ready.map(|()| url).map_err(|why| told(&why))
}

fn joined(a: &str, b: &OsStr) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from(a);
    text.push(b);
    text
}

fn url_of(folder: &Path) -> Result<Url, String> {
    let host: String = folder.to_string_lossy().replace('/', "%2F");
    Url::parse(&format!("postgres://postgres@{host}/postgres")).map_err(|e| e.to_string())
}

fn wait_until_ready(server: &mut Child, url: &Url) -> Result<(), String> {
    let patience = Instant::now() + Duration::from_secs(60);
    while Instant::now() < patience {
        if let Some(status) = server.try_wait().map_err(|e| e.to_string())? {
            return Err(format!("postgres ended with {status}"));
        }
        if PgConnection::establish(url.as_str()).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("postgres did not become ready within 60 s".into())
}
