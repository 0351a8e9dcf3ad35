//! The commands behind `main.rs`, each a short story over the library.

use crate::access::passwords;
use crate::access::permissions::Role;
use crate::access::users::{self, NewGrant, NewUser};
use crate::app::{App, lock_folder};
use crate::calendar::rules::YearStatus;
use crate::clock::{Clock, SystemClock, business_date, machine_now};
use crate::config::Config;
use crate::db::Stamp;
use crate::db::types::Coded as _;
use crate::demo::Mark;
use crate::findings::Redated;
use crate::reference::Imported;
use crate::uploads::{nodes, sweep};
use crate::{http, jobs, telemetry};
use chrono::TimeDelta;
use std::io::{BufRead as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

fn configured() -> Result<Config, String> {
    let config = Config::load()?;
    telemetry::start(&config.log, config.log_json)?;
    Ok(config)
}

/// The clock of the data: a demo's goes on from where its quarter ended.
fn with_clock(config: Config) -> Result<(Config, Arc<dyn Clock>), String> {
    Ok(match Mark::read(&config.data_dir)? {
        Some(mark) => (config.as_demo(), Arc::new(mark.clock())),
        None => (config, Arc::new(SystemClock)),
    })
}

/// `yixun serve`: the API and the background work, until a signal ends it.
///
/// # Errors
/// A sentence that names the setting at fault.
pub fn serve() -> Result<(), String> {
    let config = configured()?;
    let _lock = lock_folder(&config)?;
    let (config, clock) = with_clock(config)?;
    let app = App::build(config, clock)?;
    crate::reference::load_missing(&app).map_err(|e| e.for_log())?;
    let listen = &app.config.listen;
    let listener =
        TcpListener::bind(listen).map_err(|e| format!("设置 YIXUN_LISTEN：无法监听 {listen}：{e}"))?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    nodes::enter(&app).map_err(|e| e.for_log())?;
    sweep::clear_strays(&app, TimeDelta::zero(), false).map_err(|e| e.for_log())?;
    let metrics = metrics_listener(&app.config)?;
    println!("颐巡已启动：http://{address}  接口文档：http://{address}/docs");
    let background = jobs::Workers::start(&app).map_err(|e| e.to_string())?;
    let (workers, served) = (app.config.workers, app.clone());
    let run = async move {
        let server = http::server::serve(served, listener, workers)?;
        if let Some(listener) = metrics {
            actix_web::rt::spawn(http::server::serve_metrics(listener)?);
        }
        actix_web::rt::spawn(stop_at_a_signal(server.handle()));
        server.await
    };
    let ended = actix_web::rt::System::new().block_on(run).map_err(|e| e.to_string());
    drop(background);
    nodes::leave(&app).map_err(|e| e.for_log())?;
    ended
}

fn metrics_listener(config: &Config) -> Result<Option<TcpListener>, String> {
    let bind = |listen: &String| {
        TcpListener::bind(listen).map_err(|e| format!("设置 YIXUN_METRICS_LISTEN：无法监听 {listen}：{e}"))
    };
    config.metrics_listen.as_ref().map(bind).transpose()
}

/// Lets running requests end when a person or a service manager asks the server to stop.
async fn stop_at_a_signal(server: actix_web::dev::ServerHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    let asked = signal(SignalKind::terminate());
    match asked {
        Ok(mut asked) => {
            tokio::select! {
                _ = asked.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
    server.stop(true).await;
}

/// `yixun demo`: plays a quarter into the data folder.
///
/// # Errors
/// A sentence.
pub fn demo() -> Result<(), String> {
    let config = Config::load()?;
    telemetry::start("warn", false)?;
    crate::demo::run(config)
}

/// `yixun migrate`.
///
/// # Errors
/// A sentence that names the setting at fault.
pub fn migrate() -> Result<(), String> {
    let config = configured()?;
    let app = App::build(config, Arc::new(SystemClock))?;
    crate::reference::load_missing(&app).map_err(|e| e.for_log())?;
    println!("数据库结构与基础数据已是最新");
    Ok(())
}

/// `yixun user create`: an administrator, while there is none of that role. Prints the first password once.
///
/// # Errors
/// A sentence.
pub fn create_user(username: &str, name: &str, role: &str) -> Result<(), String> {
    let role = Role::from_code(role).ok_or_else(|| format!("没有角色 {role}"))?;
    let app = App::build(configured()?, Arc::new(SystemClock))?;
    let password = passwords::generate().map_err(|e| e.for_log())?;
    let new = NewUser {
        username: username.trim().to_lowercase(),
        display_name: name.trim().to_string(),
        organisation: app.config.authority.name.clone(),
        third_party: false,
        certificate: None,
        password_hash: passwords::hash(&password).map_err(|e| e.for_log())?,
        must_change_password: true,
    };
    if !users::is_login_name(&new.username) || new.display_name.is_empty() {
        return Err("账号名须为 3 到 64 个字母、数字或 . _ -，姓名不能为空".into());
    }
    let now = app.clock.now();
    let create = move |tx: &mut crate::db::Tx<'_>| {
        users::refuse_second_administrator(tx.conn(), role, now)?;
        let id = users::create(tx, &new, machine_now())?;
        let valid_from = business_date(now);
        let grant =
            NewGrant { role, area_id: None, facility_id: None, category: None, valid_from, valid_to: None };
        users::grant(tx, id, &grant)
    };
    app.db.write_now(Stamp::console("user create", now), "user.create", create).map_err(|e| e.for_log())?;
    println!("已创建{}：{username}\n初始密码（只显示这一次，首次登录后须修改）：{password}", role.label());
    Ok(())
}

/// `yixun import WHAT FILE`: checks the whole file, reports everything that is wrong by row, column and reason, and
/// stores all or nothing. With `dry_run` it stores nothing either way.
///
/// # Errors
/// A sentence, after the report on standard error.
pub fn import(what: Imported, path: &std::path::Path, dry_run: bool) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|e| format!("无法读取 {}：{e}", path.display()))?;
    let app = App::build(configured()?, Arc::new(SystemClock))?;
    crate::reference::load_missing(&app).map_err(|e| e.for_log())?;
    let outcome = crate::reference::import(&app, what, &bytes, dry_run).map_err(|e| e.for_log())?;
    for fault in &outcome.faults {
        let column = if fault.column.is_empty() { "整行" } else { &fault.column };
        eprintln!("第 {} 行 · {column} · {}（{}）", fault.line, fault.reason, fault.code);
    }
    match (outcome.faults.len(), dry_run) {
        (0, true) => println!("检查通过：{} 行可以导入（试运行，未写入）", outcome.rows),
        (0, false) => println!("已导入：文件 {} 行，新增 {} 条", outcome.rows, outcome.stored),
        (n, _) => return Err(format!("发现 {n} 处问题，未写入任何数据")),
    }
    if let Some(Redated { moved, settled, kept }) = outcome.redated {
        println!("暂定的整改期限：顺延 {moved} 个，确定 {settled} 个，推算提前而保留原期限 {kept} 个");
    }
    Ok(())
}

/// `yixun reckon`: for every line `DATE COUNT` of standard input, the COUNT-th working day after the date by the imported
/// calendar (before it where COUNT is negative), and whether all years that were touched are published.
///
/// # Errors
/// A sentence that names the line that cannot be read.
pub fn reckon() -> Result<(), String> {
    let app = App::build(configured()?, Arc::new(SystemClock))?;
    crate::reference::load_missing(&app).map_err(|e| e.for_log())?;
    let calendar = app.db.read_now(crate::calendar::load).map_err(|e| e.for_log())?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
        let line = line.map_err(|e| format!("第 {number} 行无法读取：{e}"))?;
        let asked = line.split_once(' ').and_then(|(day, count)| {
            Some((day.parse::<chrono::NaiveDate>().ok()?, count.trim().parse::<i16>().ok()?))
        });
        let (day, count) = asked.ok_or_else(|| format!("第 {number} 行应为“YYYY-MM-DD 工作日数”：{line}"))?;
        let due = match count {
            0.. => calendar.add_working_days(day, count.unsigned_abs()),
            _ => calendar.working_days_before(day, count.unsigned_abs()),
        };
        let status = if due.provisional { YearStatus::Provisional } else { YearStatus::Confirmed };
        writeln!(out, "{day} {count} {} {}", due.value, status.code()).map_err(|e| e.to_string())?;
    }
    out.flush().map_err(|e| e.to_string())
}

/// `yixun sweep`: clears away what nobody needs; with `dry_run` only tells what would go.
///
/// # Errors
/// A sentence.
pub fn sweep(dry_run: bool) -> Result<(), String> {
    let (config, clock) = with_clock(configured()?)?;
    let app = App::build(config, clock)?;
    let swept = sweep::sweep(&app, dry_run).map_err(|e| e.for_log())?;
    for (what, names) in [
        ("过期的上传", &swept.uploads),
        ("无主的暂存文件", &swept.stagings),
        ("30 天无人声明的照片", &swept.photos),
        ("无记录的文件", &swept.blobs),
        ("缺失或不完整的文件（未改动，请从备份恢复）", &swept.missing),
    ] {
        names.iter().for_each(|name| println!("{what}：{name}"));
    }
    let done = if dry_run { "试运行，未改动。将清理" } else { "已清理" };
    println!(
        "{done}：上传 {}，暂存文件 {}，照片 {}，文件 {}（{} 字节）；缺失 {}",
        swept.uploads.len(),
        swept.stagings.len(),
        swept.photos.len(),
        swept.blobs.len(),
        swept.bytes,
        swept.missing.len()
    );
    Ok(())
}

/// `yixun openapi`: the specification on standard output.
///
/// # Errors
/// None.
pub fn openapi() -> Result<(), String> {
    print!("{}", http::openapi::text());
    Ok(())
}

/// `yixun verify`: every blob against its row. It may run beside a server.
///
/// # Errors
/// A sentence, after the list on standard output, when a blob is missing or corrupt.
pub fn verify() -> Result<(), String> {
    let app = App::build(configured()?, Arc::new(SystemClock))?;
    let report =
        crate::verify::verify(&app, &mut |trouble| println!("{trouble}")).map_err(|e| e.for_log())?;
    let crate::verify::Report { checked, bytes, missing, corrupt, unnamed } = report;
    println!("已核对 {checked} 个文件，读取 {bytes} 字节；另有 {unnamed} 个文件没有记录");
    if missing + corrupt == 0 {
        Ok(())
    } else {
        Err(format!("{missing} 个文件缺失，{corrupt} 个文件损坏"))
    }
}

/// `yixun health`: whether the server there is ready; by default the one of these settings on this machine.
///
/// # Errors
/// A sentence when it is not.
pub fn health(url: Option<String>) -> Result<(), String> {
    let url = match url {
        Some(url) => url,
        None => format!("http://{}", on_this_machine(&Config::load()?.listen)?),
    };
    let ready = format!("{}/readyz", url.trim_end_matches('/'));
    let settings = ureq::Agent::config_builder().timeout_global(Some(std::time::Duration::from_secs(4)));
    let answer = settings.build().new_agent().get(&ready).call();
    answer.map(drop).map_err(|e| format!("{ready} 未就绪：{e}"))
}

/// Where a server that listens on `listen` is reached from its own machine.
fn on_this_machine(listen: &str) -> Result<SocketAddr, String> {
    let mut address: SocketAddr = listen.parse().map_err(|e| format!("设置 YIXUN_LISTEN：{e}"))?;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(address)
}
