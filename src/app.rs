//! Everything a running Yixun holds, built in one place: `main`, the demo and the tests start the very same thing.

use crate::access::keys::SigningKey;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Db, DbOptions, migrate};
use crate::files::Store;
use crate::letters::typeset::Typesetter;
use crate::uploads::Uploads;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The application.
pub struct App {
    /// The database.
    pub db: Db,
    /// The file store.
    pub files: Store,
    /// What is on its way to it.
    pub uploads: Uploads,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// The settings.
    pub config: Config,
    /// The first signs, all verify.
    pub keys: Vec<SigningKey>,
    /// Makes the letters' documents.
    pub typesetter: Typesetter,
}

impl App {
    /// Migrates, opens and loads everything.
    ///
    /// # Errors
    /// A Chinese sentence that names the setting at fault and says what to do.
    pub fn build(config: Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, String> {
        prepare_folder(&config)?;
        let keys = load_keys(&config)?;
        let typesetter = Typesetter::new(&config.fonts_dir, config.official_fonts_dir.as_deref())?;
        let files = Store::open(&config.storage)?;
        let uploads = Uploads::open(&config.data_dir, config.node.as_deref())?;
        let done = migrate::migrate(config.database()).map_err(|e| format!("设置 DATABASE_URL：{e}"))?;
        if !done.is_empty() {
            tracing::info!(migrations = ?done, "database migrated");
        }
        let db = Db::open(config.database(), &DbOptions::default())
            .map_err(|e| format!("设置 DATABASE_URL：{e}"))?;
        Ok(Arc::new(Self { db, files, uploads, clock, config, keys, typesetter }))
    }
}

fn prepare_folder(config: &Config) -> Result<(), String> {
    let folder = &config.data_dir;
    let refuse = |e: std::io::Error| format!("设置 YIXUN_DATA_DIR：无法写入 {}：{e}", folder.display());
    std::fs::create_dir_all(folder).map_err(refuse)?;
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    File::create(&probe).map_err(refuse)?;
    std::fs::remove_file(&probe).map_err(refuse)
}

fn load_keys(config: &Config) -> Result<Vec<SigningKey>, String> {
    if config.signing_keys.is_empty() {
        let path = config.data_dir.join("keys/signing.pem");
        return Ok(vec![SigningKey::load(&path, true)?]);
    }
    let load = |path| SigningKey::load(path, false).map_err(|e| format!("设置 YIXUN_SIGNING_KEYS：{e}"));
    config.signing_keys.iter().map(|path| load(path.as_path())).collect()
}

/// Keeps a second server off the same folder for as long as it lives.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "held for its lock")] File);

/// Takes the folder for this server: an embedded database has one writer, and the files of uploads have one server.
///
/// # Errors
/// A Chinese sentence when another server has it.
pub fn lock_folder(config: &Config) -> Result<FolderLock, String> {
    lock(&config.data_dir.join("server.lock"))
}

fn lock(path: &Path) -> Result<FolderLock, String> {
    let shown = path.display();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("设置 YIXUN_DATA_DIR：无法写入 {shown}：{e}"))?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(|e| format!("设置 YIXUN_DATA_DIR：无法写入 {shown}：{e}"))?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(format!(
            "设置 YIXUN_DATA_DIR：另一个 yixun 服务正在使用此数据文件夹（{shown}）。请先停止它，或换一个文件夹"
        )),
        Err(std::fs::TryLockError::Error(e)) => Err(format!("设置 YIXUN_DATA_DIR：无法锁定 {shown}：{e}")),
    }
}
