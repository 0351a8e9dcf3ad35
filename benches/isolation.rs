//! What SERIALIZABLE with bounded retries costs on PostgreSQL against READ COMMITTED with row locks, measured with the
//! real thing: eight phones submit inspections without pause, about every third with a failing item. Once over facilities
//! of 18 streets, once all in one street, where they also wait for its counter of findings. SQLite runs beside them for
//! comparison. The contenders take turns, so that a busy machine and growing tables hit them alike; times are those of
//! the submissions that came through, with all their retries.
//!
//! ```sh
//! DATABASE_URL=postgres://user:password@127.0.0.1/postgres cargo bench --bench isolation
//! ```
//!
//! It makes a database of its own on that server and drops it at the end; about a minute and a half. The bench profile
//! is the release profile, so no dependency is built a second time. What it showed: docs/decisions.

use diesel::connection::SimpleConnection as _;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use url::Url;
use uuid::Uuid;
use yixun::access::users::{self, NewUser};
use yixun::access::{Actor, Holder, Places, Scope, Stamp};
use yixun::app::App;
use yixun::campaigns::{self, CampaignKind, NewCampaign, Targets};
use yixun::checklists::{self, Item, PhotoRule, Severity};
use yixun::clock::{SystemClock, business_date, machine_now};
use yixun::config::Config;
use yixun::db::page::PageAsk;
use yixun::db::schema::facility;
use yixun::db::sequencer::sequence_now;
use yixun::db::{AnyConn, Db, DbOptions, Isolation, Tx};
use yixun::directory::areas::{self, AreaFilter};
use yixun::directory::facilities::{self, FacilityFacts};
use yixun::directory::{FacilityKind, FacilityState, Route};
use yixun::fault::{Fault, Outcome};
use yixun::ids::{AreaId, CampaignId, FacilityId, InspectionId, UserId, new_uuid};
use yixun::inspections::{InspectionBody, submit};
use yixun::reference;

/// Phones that submit at once.
const PHONES: usize = 8;
/// Rounds of each case; in a round every contender runs once.
const ROUNDS: usize = 5;
/// How long a contender runs.
const RUN: Duration = Duration::from_secs(2);
/// Facilities of each case: enough that most failing items open a finding instead of being seen again.
const FACILITIES: usize = 414;
/// The sequencer's pause, as in the server.
const IDLE: Duration = Duration::from_millis(150);

fn main() -> ExitCode {
    let url = std::env::var("DATABASE_URL").ok().and_then(|text| Url::parse(&text).ok());
    let Some(url) = url.filter(|u| matches!(u.scheme(), "postgres" | "postgresql")) else {
        eprintln!(
            "请设置 DATABASE_URL=postgres://用户:密码@127.0.0.1/postgres（可新建数据库的本机 PostgreSQL）"
        );
        return ExitCode::from(2);
    };
    match measure(&url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(server: &Url) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let postgres = Database::create(server)?;
    let on_postgres = ground(folder.path(), Some(&postgres.url))?;
    let on_sqlite = ground(folder.path(), None)?;
    let open = |isolation| Db::open(&postgres.url, &DbOptions { pool: 10, isolation });
    let contender = |name, db, ground, row_lock| Contender { name, db, ground, row_lock };
    let contenders = [
        contender("serializable", open(Isolation::Serializable)?, &on_postgres, false),
        contender("read committed", open(Isolation::ReadCommitted)?, &on_postgres, true),
        contender("sqlite", on_sqlite.app.db.clone(), &on_sqlite, false),
    ];
    for (case, title) in ["18 streets", "one street"].into_iter().enumerate() {
        // A first round fills caches and tables; then the planner knows their sizes, as after a day of work.
        contenders.iter().for_each(|c| drop(run(c, case)));
        run_sql(&postgres.url, "ANALYZE")?;
        let mut runs: [Vec<Run>; 3] = Default::default();
        for _ in 0..ROUNDS {
            contenders.iter().zip(&mut runs).for_each(|(c, runs)| runs.push(run(c, case)));
        }
        print(title, &contenders, &runs);
    }
    Ok(())
}

/// A database that is dropped at the end.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    fn create(server: &Url) -> Result<Self, String> {
        let name = format!("yixun_bench_{}", std::process::id());
        run_sql(server.as_str(), &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
        let mut url = server.clone();
        url.set_path(&name);
        Ok(Self { server: server.to_string(), name, url: url.into() })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = run_sql(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        dropped.unwrap_or_else(|why| eprintln!("{}: {why}", self.name));
    }
}

fn run_sql(url: &str, sql: &str) -> Result<(), String> {
    let mut conn = PgConnection::establish(url).map_err(|e| e.to_string())?;
    conn.batch_execute(sql).map_err(|e| e.to_string())
}

/// What the phones need to know: who they are, the campaign, its items, and each case's facilities.
struct Ground {
    app: Arc<App>,
    inspectors: Vec<UserId>,
    campaign: CampaignId,
    items: Vec<Item>,
    cases: [Vec<FacilityId>; 2],
}

/// Makes a database ready: migrations, reference data, people, facilities, a campaign.
fn ground(folder: &std::path::Path, url: Option<&str>) -> Result<Ground, String> {
    let fonts = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts");
    let mut config = Config::embedded(folder, fonts.as_ref())?;
    if let Some(url) = url {
        config.database_url = url.to_string().into();
    }
    let app = App::build(config, Arc::new(SystemClock))?;
    prepare(app).map_err(|fault| format!("{fault:?}"))
}

fn prepare(app: Arc<App>) -> Outcome<Ground> {
    reference::load_missing(&app)?;
    let of_level = |level: &str| {
        let filter = AreaFilter { level: Some(level.into()), parent: None };
        let ask = PageAsk { limit: Some(100), cursor: None };
        let today = business_date(machine_now());
        let found = app.db.read_now(|conn| areas::list(conn, &filter, &ask, today))?;
        Ok::<Vec<AreaId>, Fault>(found.items.into_iter().map(|a| a.id).collect())
    };
    let streets = of_level("street")?;
    let district = *of_level("district")?.first().ok_or_else(|| Fault::missing("区"))?;
    let cases = [streets.clone(), streets[..1].to_vec()].into_iter().enumerate();
    let console = || Stamp::console("bench", machine_now());
    let cases: Vec<Vec<FacilityId>> = cases
        .map(|(case, streets)| {
            let add =
                move |tx: &mut Tx<'_>| (0..FACILITIES).map(|n| add_facility(tx, case, n, &streets)).collect();
            app.db.write_now(console(), "bench", add)
        })
        .collect::<Outcome<_>>()?;
    let add = |tx: &mut Tx<'_>| (0..PHONES).map(|n| add_inspector(tx, n)).collect();
    let inspectors: Vec<UserId> = app.db.write_now(console(), "bench", add)?;
    let campaign = app.db.write_now(by(inspectors[0]), "bench", move |tx| add_campaign(tx, district))?;
    let items = app.db.read_now(|conn| {
        let newest = checklists::latest(conn)?;
        checklists::items_for(conn, newest, FacilityKind::Station)
    })?;
    let cases = cases.try_into().map_err(|_| Fault::internal("two cases"))?;
    Ok(Ground { app, inspectors, campaign, items, cases })
}

fn add_facility(tx: &mut Tx<'_>, case: usize, n: usize, streets: &[AreaId]) -> Outcome<FacilityId> {
    let facts = FacilityFacts {
        kind: FacilityKind::Station,
        name: format!("示例颐康服务站{case}-{n}（演示）"),
        street_id: streets[n % streets.len()],
        community_id: None,
        address: format!("示例路{n}号"),
        position: None,
        operator_name: "示例为老服务社（演示）".into(),
        contact_name: "示例负责人".into(),
        contact_phone: "000-00000000".into(),
        opening_hours: String::new(),
        platform_status: None,
        platform_status_on: None,
        route: Route::Street,
        status: FacilityState::Active,
    };
    facilities::create(tx, &Places::everywhere(), &format!("B{case}-{n:03}"), &facts)
}

fn add_inspector(tx: &mut Tx<'_>, n: usize) -> Outcome<UserId> {
    let new = NewUser {
        username: format!("inspector{n}"),
        display_name: format!("示例检查员{n}"),
        organisation: "示例区民政局".into(),
        third_party: false,
        certificate: None,
        // Nobody logs in here.
        password_hash: "!".into(),
        must_change_password: false,
    };
    users::create(tx, &new, machine_now())
}

fn add_campaign(tx: &mut Tx<'_>, district: AreaId) -> Outcome<CampaignId> {
    let today = business_date(tx.now());
    let new = NewCampaign {
        name: "示例检查行动（演示）".into(),
        kind: CampaignKind::CommunityQuality,
        area_id: district,
        starts_on: today,
        ends_on: today,
        reply_due: None,
        checklist_id: None,
    };
    let id = campaigns::create(tx, &Places::everywhere(), &new)?;
    campaigns::add_targets(tx, &Places::everywhere(), id, &Targets::Kinds(vec![FacilityKind::Station]))?;
    Ok(id)
}

fn by(inspector: UserId) -> Stamp {
    let actor = Actor::User { id: inspector, name: "示例检查员".into() };
    Stamp { actor, now: machine_now(), address: None }
}

/// One way to run the submissions.
struct Contender<'a> {
    name: &'static str,
    db: Db,
    ground: &'a Ground,
    /// Without serialisable transactions, only a lock on the facility keeps one item from two open findings.
    row_lock: bool,
}

/// What one run came to.
#[derive(Default)]
struct Run {
    per_second: f64,
    latencies: Vec<Duration>,
    retries: usize,
    refused: Vec<Fault>,
}

/// All phones submit for a while; beside them the sequencer works as it does in the server.
fn run(contender: &Contender<'_>, case: usize) -> Run {
    let (attempts, stop) = (Arc::new(AtomicUsize::new(0)), AtomicBool::new(false));
    let begin = Instant::now();
    let mut run = Run::default();
    std::thread::scope(|scope| {
        scope.spawn(|| sequence(&contender.db, &stop));
        let phones = &contender.ground.inspectors;
        let phones = phones.iter().map(|p| scope.spawn(|| phone(contender, case, *p, &attempts)));
        for phone in phones.collect::<Vec<_>>() {
            let (latencies, refused) = phone.join().expect("a phone does not panic");
            run.latencies.extend(latencies);
            run.refused.extend(refused);
        }
        run.per_second = run.latencies.len() as f64 / begin.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
    });
    run.retries = attempts.load(Ordering::Relaxed) - run.latencies.len() - run.refused.len();
    run
}

fn sequence(db: &Db, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        if !sequence_now(db).is_ok_and(|ordered| ordered > 0) {
            std::thread::sleep(IDLE);
        }
    }
}

/// Submits until the time is over; returns how long each took, and what was refused.
fn phone(
    contender: &Contender<'_>,
    case: usize,
    inspector: UserId,
    attempts: &Arc<AtomicUsize>,
) -> (Vec<Duration>, Vec<Fault>) {
    let (mut latencies, mut refused) = (vec![], vec![]);
    let begin = Instant::now();
    while begin.elapsed() < RUN {
        let body = sheet(contender.ground, case);
        let sent = Instant::now();
        match submit_one(contender, inspector, body, attempts.clone()) {
            Ok(()) => latencies.push(sent.elapsed()),
            Err(fault) => refused.push(fault),
        }
    }
    (latencies, refused)
}

fn submit_one(
    contender: &Contender<'_>,
    inspector: UserId,
    sheet: Value,
    attempts: Arc<AtomicUsize>,
) -> Outcome<()> {
    let raw = sheet.to_string();
    let body: InspectionBody = serde_json::from_value(sheet).map_err(Fault::internal)?;
    let holder = Holder {
        id: inspector,
        third_party: false,
        scope: Scope::everywhere(),
        reaches: vec![],
        lapsed: vec![],
    };
    let (id, row_lock) = (InspectionId(phone_id()), contender.row_lock);
    contender.db.write_now(by(inspector), "inspection.submit", move |tx| {
        attempts.fetch_add(1, Ordering::Relaxed);
        if let (true, AnyConn::Pg(conn)) = (row_lock, tx.conn()) {
            let row = facility::table.find(body.facility_id).select(facility::id);
            row.for_no_key_update().first::<FacilityId>(conn)?;
        }
        submit(tx, &holder, id, &body, &raw).map(drop)
    })
}

/// Phones make ids by their clocks.
fn phone_id() -> Uuid {
    new_uuid(machine_now())
}

/// An inspection of a facility drawn by lot, with the photos that the list demands.
fn sheet(ground: &Ground, case: usize) -> Value {
    let lot = |n: usize| fastrand::usize(..n);
    let failing = (lot(3) == 0).then(|| lot(ground.items.len()));
    let (mut answers, mut photos) = (vec![], vec![]);
    for (n, item) in ground.items.iter().enumerate() {
        // A candidate of 重大 is left to a second person.
        let fails = failing == Some(n) && item.severity != Severity::Major;
        let outcome = if fails { "fail" } else { "pass" };
        answers.push(json!({"item_id": item.id, "outcome": outcome, "note": fails.then_some("示例情况")}));
        if item.photo_rule == PhotoRule::Always || (fails && item.photo_rule == PhotoRule::OnFail) {
            let sha256 = format!("{:032x}{:032x}", fastrand::u128(..), fastrand::u128(..));
            let (id, purpose) = (phone_id(), if fails { "problem" } else { "scene" });
            photos.push(json!({
                "photo_id": id, "sha256": sha256, "length": 1, "item_id": item.id, "purpose": purpose
            }));
        }
    }
    json!({
        "campaign_id": ground.campaign,
        "facility_id": ground.cases[case][lot(ground.cases[case].len())],
        "checklist_id": ground.items[0].checklist_id,
        "visit": {
            "id": phone_id(), "kind": "supervision", "started_at": machine_now(),
            "participants": [{"name": "示例检查员", "organisation": "示例区民政局", "part": "lead"}],
            "signature": {"state": "signed", "signed_by": "示例负责人"}
        },
        "answers": answers, "photos": photos, "observed_status": "operating"
    })
}

fn print(title: &str, contenders: &[Contender<'_>], runs: &[Vec<Run>; 3]) {
    println!(
        "\n{title:<16}{:>14}{:>10}{:>10}{:>16}{:>9}",
        "submissions/s", "p50 ms", "p99 ms", "retries each", "refused"
    );
    for (contender, runs) in contenders.iter().zip(runs) {
        let speeds = sorted(runs.iter().map(|r| r.per_second));
        let latencies = sorted(runs.iter().flat_map(|r| &r.latencies).map(|l| l.as_secs_f64() * 1e3));
        let retries: usize = runs.iter().map(|r| r.retries).sum();
        let refused: Vec<&Fault> = runs.iter().flat_map(|r| &r.refused).collect();
        let (name, each) = (contender.name, retries as f64 / latencies.len() as f64);
        let (speed, p50, p99) = (at(&speeds, 0.5), at(&latencies, 0.5), at(&latencies, 0.99));
        println!("{name:<16}{speed:>14.1}{p50:>10.1}{p99:>10.1}{each:>16.3}{:>9}", refused.len());
        refused.first().into_iter().for_each(|fault| println!("  first refusal: {fault:?}"));
    }
    let [serializable, read_committed, _] = runs;
    let pairs = serializable.iter().zip(read_committed);
    let ratios = sorted(pairs.map(|(a, b)| a.per_second / b.per_second));
    let (low, middle, high) = (at(&ratios, 0.0), at(&ratios, 0.5), at(&ratios, 1.0));
    println!("serializable / read committed, by pair: min {low:.2}, median {middle:.2}, max {high:.2}");
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value at a quantile of sorted values.
fn at(sorted: &[f64], quantile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * quantile).round() as usize).copied().unwrap_or(f64::NAN)
}
