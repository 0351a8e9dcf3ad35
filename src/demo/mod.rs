//! One quarter of a district, played through the real API: `yixun demo`. The roster and the people are made up from a
//! fixed seed (`roster`, `cast`), seeded into a data folder of its own (`seed`); then a server is started on a free port
//! with a clock that walks from July to October 2026, and everything else happens over HTTP (`client`): `play` walks
//! through the days, `visits` inspects with drawn photos (`draw`) and made-up words (`seen`), `loops` follows each
//! finding, `measured` sets targets and reports indicators, `mail` sends the letters, and the streets
//! receive and answer them (`answers`). The folder is built aside and renamed
//! when whole, and bears a mark (`mark`) that says that it is a demo.

mod answers;
pub mod cast;
mod client;
pub mod draw;
mod loops;
mod mail;
mod mark;
mod measured;
mod play;
pub mod progress;
pub mod roster;
mod seed;
mod seen;
mod table;
mod visits;

pub use mark::Mark;

use crate::app::{App, FolderLock, lock_folder};
use crate::clock::SetClock;
use crate::config::Config;
use crate::files::Storage;
use crate::{http, jobs};
use chrono::{DateTime, Utc};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Plays the demo into the configured data folder.
///
/// # Errors
/// A Chinese sentence: the folder holds something else, the database is not the embedded one, or a step failed.
pub fn run(config: Config) -> Result<(), String> {
    let data = std::path::absolute(&config.data_dir).map_err(|e| format!("设置 YIXUN_DATA_DIR：{e}"))?;
    refuse_elsewhere(&config)?;
    if Mark::read(&data)?.is_some() {
        println!("演示数据已在 {}，未作任何改动。", data.display());
        println!("查看：cargo run --release -- serve    提醒函：{}", data.join("letters").display());
        return Ok(());
    }
    refuse_foreign(&data)?;
    let aside = beside(&data);
    let settings = Config::embedded(&aside, &config.fonts_dir)?.as_demo();
    clean(&settings, &aside)?;
    let started = std::time::Instant::now();
    let outcome = build(settings, &aside)?;
    std::fs::rename(&aside, &data).map_err(|e| format!("无法移动到 {}：{e}", data.display()))?;
    outcome.print(&data, started.elapsed());
    Ok(())
}

/// The demo lies in one folder, where `serve` finds it with the same settings.
fn refuse_elsewhere(config: &Config) -> Result<(), String> {
    let embedded = Config::embedded(&config.data_dir, &config.fonts_dir)?;
    if config.database() != embedded.database() {
        return Err("演示只使用内置数据库：请取消设置 DATABASE_URL".into());
    }
    let in_folder = |config: &Config| match &config.storage {
        Storage::Folder(path) => Some(path.clone()),
        Storage::S3(_) => None,
    };
    if in_folder(config) != in_folder(&embedded) {
        return Err("演示只使用数据文件夹：请取消设置 YIXUN_STORAGE".into());
    }
    Ok(())
}

/// Removes what an interrupted demo has left, unless another one is at work in it or it is something else.
fn clean(settings: &Config, aside: &Path) -> Result<(), String> {
    if !aside.exists() {
        return Ok(());
    }
    if !aside.join("server.lock").exists() {
        return Err(format!("{} 已存在且不是演示留下的，请先移走它", aside.display()));
    }
    let unused = lock_folder(settings)?;
    std::fs::remove_dir_all(aside).map_err(|e| format!("无法清理 {}：{e}", aside.display()))?;
    drop(unused);
    Ok(())
}

/// An empty folder goes away before the work and not after it: one that cannot be replaced (a mount point) is refused
/// at once.
fn refuse_foreign(data: &Path) -> Result<(), String> {
    let shown = data.display();
    let entries = match std::fs::read_dir(data) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|e| format!("设置 YIXUN_DATA_DIR：无法读取 {shown}：{e}"))?,
    };
    if entries.count() > 0 {
        return Err(format!(
            "数据文件夹 {shown} 已有其他内容，演示不会写入。请换一个文件夹（YIXUN_DATA_DIR）或先移走它"
        ));
    }
    std::fs::remove_dir(data).map_err(|e| format!("设置 YIXUN_DATA_DIR：无法替换空文件夹 {shown}：{e}"))
}

/// Where the folder is built until it is whole.
fn beside(data: &Path) -> PathBuf {
    let mut name = data.file_name().map_or_else(|| "data".into(), std::ffi::OsStr::to_os_string);
    name.push(".partial");
    data.with_file_name(name)
}

/// A server of the demo's own, on a free port of this machine.
struct Running {
    app: Arc<App>,
    address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    thread: Option<std::thread::JoinHandle<std::io::Result<()>>>,
    workers: Option<jobs::Workers>,
    _lock: FolderLock,
}

impl Running {
    fn start(config: Config, clock: &SetClock) -> Result<Self, String> {
        let lock = lock_folder(&config)?;
        let app = App::build(config, Arc::new(clock.clone()))?;
        crate::reference::load_missing(&app).map_err(|e| e.for_log())?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        let (send, receive) = std::sync::mpsc::channel();
        let served = app.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = http::server::serve(served, listener, 2)?;
                let _gone = send.send(server.handle());
                server.await
            })
        });
        let handle = receive.recv().map_err(|e| e.to_string())?;
        let workers = jobs::Workers::start(&app).map_err(|e| e.to_string())?;
        Ok(Self { app, address, handle, thread: Some(thread), workers: Some(workers), _lock: lock })
    }

    fn stop(mut self) -> Result<(), String> {
        self.workers.take();
        // Every request has been answered: there is nothing to wait for.
        let stopping = self.handle.stop(false);
        actix_web::rt::System::new().block_on(stopping);
        match self.thread.take().map(std::thread::JoinHandle::join) {
            Some(Ok(result)) => result.map_err(|e| e.to_string()),
            _ => Err("演示服务未能正常结束".into()),
        }
    }
}

fn build(settings: Config, aside: &Path) -> Result<table::Outcome, String> {
    let clock = SetClock::new(play::at(play::BEGIN, 9, 0));
    let running = Running::start(settings, &clock)?;
    let people = seed::seed(&running.app)?;
    let quarter = play::Quarter::new(running.address, clock.clone(), people);
    let played = quarter.play();
    let letters = aside.join("letters");
    let outcome = played.and_then(|played| played.finish(&letters));
    running.stop()?;
    let outcome = outcome?;
    let now: DateTime<Utc> = crate::clock::Clock::now(&clock);
    Mark::new(now).write(aside)?;
    Ok(outcome)
}
