//! Databases for tests. A template is migrated, loaded with the reference data and populated once a run and database
//! kind; a test gets a copy of it, which takes a few milliseconds, and the copy goes with the test.

use super::people::{self, World};
use super::{cluster, scratch};

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::sqlite::SqliteConnection;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use yixun::app::App;
use yixun::clock::SetClock;
use yixun::config::Config;
use yixun::db::connection::Kind;
use yixun::{reference, settings};

/// The fonts of the repository.
pub const FONTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts");

struct Template {
    world: World,
    /// The SQLite file.
    file: PathBuf,
    /// The PostgreSQL database.
    name: String,
}

static SQLITE: OnceLock<Result<Template, String>> = OnceLock::new();
static POSTGRES: OnceLock<Result<Template, String>> = OnceLock::new();

fn template(kind: Kind) -> Result<&'static Template, String> {
    let made = match kind {
        Kind::Sqlite => SQLITE.get_or_init(make_sqlite),
        Kind::Postgres => POSTGRES.get_or_init(make_postgres),
    };
    made.as_ref().map_err(Clone::clone)
}

/// What a template holds.
pub fn world(kind: Kind) -> Result<World, String> {
    template(kind).map(|t| t.world.clone())
}

/// Settings on a data folder and a database.
pub fn settings(folder: &Path, url: &str) -> Result<Config, String> {
    let mut config = Config::embedded(folder, FONTS.as_ref())?;
    config.database_url = url.to_string().into();
    config.workers = 1;
    Ok(config)
}

fn fill(folder: &Path, url: &str) -> Result<World, String> {
    let clock = SetClock::new(people::start());
    let app = App::build(settings(folder, url)?, std::sync::Arc::new(clock))?;
    let told = |fault: yixun::fault::Fault| format!("{fault:?}");
    reference::load_missing(&app).map_err(told)?;
    let world = people::seed(&app).map_err(told)?;
    draw_nothing(&app).map_err(told)?;
    while yixun::db::sequencer::sequence_now(&app.db).map_err(told)? > 0 {}
    Ok(world)
}

/// Which claims are looked at on site is drawn; a test that is about something else is not to hang on a draw.
fn draw_nothing(app: &App) -> yixun::fault::Outcome<()> {
    let stamp = yixun::db::Stamp::console("tests", people::start());
    let put = |tx: &mut yixun::db::Tx<'_>| {
        settings::put(tx, settings::Name::Sampling, &json!({"percent": 0}), "测试不抽查", 0).map(drop)
    };
    app.db.write_now(stamp, "tests.settings", put)
}

fn make_sqlite() -> Result<Template, String> {
    let folder = scratch::fresh_folder("template");
    let (working, file) = (folder.join("working.db"), folder.join("template.db"));
    let world = fill(&folder, &format!("sqlite:{}", working.display()))?;
    let mut conn = SqliteConnection::establish(&working.to_string_lossy()).map_err(|e| e.to_string())?;
    // The application may still be closing its connections.
    let copy = format!("PRAGMA busy_timeout=30000; VACUUM INTO '{}'", file.display());
    conn.batch_execute(&copy).map_err(|e| e.to_string())?;
    Ok(Template { world, file, name: String::new() })
}

fn make_postgres() -> Result<Template, String> {
    let cluster = cluster::get()?;
    let name = cluster.name("template");
    cluster.create(&name, None)?;
    let world = fill(&scratch::fresh_folder("template"), &cluster.url(&name))?;
    cluster.seal(&name)?;
    Ok(Template { world, file: PathBuf::new(), name })
}

/// Removes what this module put on a server that outlives the run.
pub fn clear() {
    if let (Some(Ok(template)), Ok(cluster)) = (POSTGRES.get(), cluster::get())
        && let Err(why) = cluster.drop_database(&template.name)
    {
        eprintln!("{}: {why}", template.name);
    }
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database of one test's own, with its data folder.
pub struct Database {
    /// Where the server's files and keys lie.
    pub folder: PathBuf,
    /// The database's URL.
    pub url: String,
    /// Which database.
    pub kind: Kind,
    name: Option<String>,
}

impl Database {
    /// A copy of the template.
    pub fn copied(kind: Kind) -> Result<Self, String> {
        let template = template(kind)?;
        Self::make(kind, Some(template))
    }

    /// A database with nothing in it.
    pub fn empty(kind: Kind) -> Result<Self, String> {
        Self::make(kind, None)
    }

    fn make(kind: Kind, template: Option<&Template>) -> Result<Self, String> {
        let folder = scratch::fresh_folder("data");
        match kind {
            Kind::Sqlite => {
                let file = folder.join("yixun.db");
                if let Some(template) = template {
                    std::fs::copy(&template.file, &file).map_err(|e| e.to_string())?;
                }
                Ok(Self { url: format!("sqlite:{}", file.display()), folder, kind, name: None })
            }
            Kind::Postgres => {
                let cluster = cluster::get()?;
                let name = cluster.name(&COUNT.fetch_add(1, Ordering::Relaxed).to_string());
                cluster.create(&name, template.map(|t| t.name.as_str()))?;
                Ok(Self { url: cluster.url(&name), folder, kind, name: Some(name) })
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let (Some(name), Ok(cluster)) = (&self.name, cluster::get())
            && let Err(why) = cluster.drop_database(name)
        {
            eprintln!("{name}: {why}");
        }
        if std::env::var_os("YIXUN_TEST_KEEP").is_none() {
            let _gone_already = std::fs::remove_dir_all(&self.folder);
        }
    }
}
