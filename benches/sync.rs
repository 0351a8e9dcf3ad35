//! What the first look of a phone costs: a district as large as the demo's (373 facilities in 18 streets, 128 unsettled
//! findings with their photos, the whole list of check items), served by the real server over loopback, on SQLite and,
//! where one is given, on PostgreSQL. Times are a phone's, from the request to the last byte: login check, queries,
//! JSON and gzip. Beside it a look that finds nothing new.
//!
//! ```sh
//! DATABASE_URL=postgres://user:password@127.0.0.1/postgres cargo bench --bench sync
//! ```
//!
//! On that server it makes a database of its own and drops it at the end. What it showed: docs/decisions.

use diesel::connection::SimpleConnection as _;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use url::Url;
use yixun::access::permissions::Role;
use yixun::access::users::{self, NewGrant, NewUser};
use yixun::access::{Actor, Holder, Places, Scope, Stamp, tokens};
use yixun::app::App;
use yixun::campaigns::{self, CampaignKind, NewCampaign, Targets};
use yixun::checklists::{self, Item};
use yixun::clock::{SystemClock, business_date, machine_now};
use yixun::config::Config;
use yixun::db::page::PageAsk;
use yixun::db::schema::session;
use yixun::db::sequencer::sequence_now;
use yixun::db::{Ts, Tx};
use yixun::directory::areas::{self, AreaFilter, AreaView};
use yixun::directory::facilities::{self, FacilityFacts, PositionView};
use yixun::directory::geo::Datum;
use yixun::directory::{FacilityKind, FacilityState, Route};
use yixun::fault::{Fault, Outcome};
use yixun::ids::{AreaId, FacilityId, InspectionId, PhotoId, SessionId, UserId, new_uuid};
use yixun::inspections::{InspectionBody, receive_photo, submit};
use yixun::photos::Stored;
use yixun::reference;

const FACILITIES: usize = 373;
/// Inspections, each with two failing items.
const INSPECTIONS: usize = 64;
/// Looks of each kind, after some that fill the caches.
const LOOKS: usize = 100;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    println!(
        "{:<12}{:<14}{:>10}{:>10}{:>11}{:>9}",
        "database", "look", "bytes", "gzip", "median ms", "max ms"
    );
    look("sqlite", folder.path(), None)?;
    let url = std::env::var("DATABASE_URL").ok().and_then(|text| Url::parse(&text).ok());
    match url.filter(|u| matches!(u.scheme(), "postgres" | "postgresql")) {
        Some(server) => {
            let database = Database::create(&server)?;
            look("postgres", folder.path(), Some(&database.url))
        }
        None => {
            println!("postgres: DATABASE_URL is not set");
            Ok(())
        }
    }
}

/// A database that is dropped at the end.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    fn create(server: &Url) -> Result<Self, String> {
        let name = format!("yixun_bench_sync_{}", std::process::id());
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

/// Fills a database, serves it, and looks at it as a phone does.
fn look(name: &str, folder: &std::path::Path, url: Option<&str>) -> Result<(), String> {
    let fonts = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts");
    let mut config = Config::embedded(folder, fonts.as_ref())?;
    if let Some(url) = url {
        config.database_url = url.to_string().into();
    }
    let app = App::build(config, Arc::new(SystemClock))?;
    let token = fill(&app).map_err(|fault| format!("{fault:?}"))?;
    if let Some(url) = url {
        run_sql(url, "ANALYZE")?;
    }
    let base = serve(app)?;
    let first: Value = serde_json::from_slice(&get(&base, &token, "", false)?).map_err(|e| e.to_string())?;
    let since = format!("?since={}", first["token"].as_str().unwrap_or_default());
    for (kind, query) in [("everything", ""), ("nothing new", since.as_str())] {
        let plain = get(&base, &token, query, false)?.len();
        let packed = get(&base, &token, query, true)?.len();
        let mut times = vec![];
        for n in 0..LOOKS + 10 {
            let begin = Instant::now();
            get(&base, &token, query, true)?;
            if n >= 10 {
                times.push(begin.elapsed().as_secs_f64() * 1e3);
            }
        }
        times.sort_by(f64::total_cmp);
        let (median, max) = (times[LOOKS / 2], times[LOOKS - 1]);
        println!("{name:<12}{kind:<14}{plain:>10}{packed:>10}{median:>11.1}{max:>9.1}");
    }
    Ok(())
}

fn serve(app: Arc<App>) -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    // It ends with the process.
    std::thread::spawn(move || {
        actix_web::rt::System::new()
            .block_on(async move { yixun::http::server::serve(app, listener, 1)?.await })
    });
    Ok(format!("http://{address}/api/v1/sync"))
}

fn get(base: &str, token: &str, query: &str, gzip: bool) -> Result<Vec<u8>, String> {
    let mut request = ureq::get(format!("{base}{query}")).header("Authorization", format!("Bearer {token}"));
    if gzip {
        request = request.header("Accept-Encoding", "gzip");
    }
    let mut answer = request.call().map_err(|e| e.to_string())?;
    answer.body_mut().read_to_vec().map_err(|e| e.to_string())
}

/// The district; gives an inspector's access token.
fn fill(app: &Arc<App>) -> Outcome<String> {
    reference::load_missing(app)?;
    let of_level = |level: &str, parent: Option<AreaId>| {
        let filter = AreaFilter { level: Some(level.into()), parent };
        let ask = PageAsk { limit: Some(100), cursor: None };
        let today = business_date(machine_now());
        app.db.read_now(|conn| areas::list(conn, &filter, &ask, today)).map(|page| page.items)
    };
    let district = of_level("district", None)?.into_iter().next().ok_or_else(|| Fault::missing("区"))?.id;
    let streets = of_level("street", None)?;
    let communities: Vec<Vec<AreaView>> =
        streets.iter().map(|s| of_level("community", Some(s.id))).collect::<Outcome<_>>()?;
    let console = || Stamp::console("bench", machine_now());
    let places: Vec<(AreaId, Option<AreaId>)> = (0..FACILITIES)
        .map(|n| {
            let under = &communities[n % streets.len()];
            (streets[n % streets.len()].id, under.get(n % under.len().max(1)).map(|c| c.id))
        })
        .collect();
    let add = move |tx: &mut Tx<'_>| (0..FACILITIES).map(|n| facility(tx, n, places[n])).collect();
    let facilities: Vec<FacilityId> = app.db.write_now(console(), "bench", add)?;
    let (user, session) = app.db.write_now(console(), "bench", move |tx| inspector(tx, district))?;
    app.db.write_now(by(user), "bench", move |tx| campaign(tx, district))?;
    let items = app.db.read_now(|conn| {
        let newest = checklists::latest(conn)?;
        checklists::items_for(conn, newest, FacilityKind::Station)
    })?;
    for facility in facilities.iter().step_by(2).take(INSPECTIONS) {
        inspect(app, user, *facility, &items)?;
    }
    while sequence_now(&app.db)? > 0 {}
    tokens::issue(&app.keys[0], user, session, 0, machine_now())
}

fn facility(
    tx: &mut Tx<'_>,
    n: usize,
    (street_id, community_id): (AreaId, Option<AreaId>),
) -> Outcome<FacilityId> {
    // Every second one is a station, which the inspections are of.
    let kind = if n.is_multiple_of(2) { FacilityKind::Station } else { FacilityKind::Canteen };
    let facts = FacilityFacts {
        kind,
        name: format!("示例{n:03}号{}（演示）", kind.label()),
        street_id,
        community_id,
        address: format!("示例{}路{}号之{}", n * 7919 % 97, n * 31 % 211, n % 5),
        position: Some(PositionView {
            lat: 23.05 + fastrand::f64() / 10.0,
            lng: 113.2 + fastrand::f64() / 5.0,
            datum: Datum::Gcj02,
        }),
        operator_name: "示例为老服务社（演示）".into(),
        contact_name: format!("示例{n:03}"),
        contact_phone: format!("000-{:08}", fastrand::u32(..100_000_000)),
        opening_hours: "周一至周五 08:30-17:30".into(),
        platform_status: None,
        platform_status_on: None,
        route: Route::Street,
        status: FacilityState::Active,
    };
    facilities::create(tx, &Places::everywhere(), &format!("B-{n:04}"), &facts)
}

fn inspector(tx: &mut Tx<'_>, district: AreaId) -> Outcome<(UserId, SessionId)> {
    let new = NewUser {
        username: "inspector".into(),
        display_name: "示例检查员".into(),
        organisation: "示例区民政局".into(),
        third_party: false,
        certificate: None,
        // Nobody logs in here.
        password_hash: "!".into(),
        must_change_password: false,
    };
    let user = users::create(tx, &new, machine_now())?;
    let grant = NewGrant {
        role: Role::Inspector,
        area_id: Some(district),
        facility_id: None,
        category: None,
        valid_from: business_date(tx.now()),
        valid_to: None,
    };
    users::grant(tx, user, &grant)?;
    let (id, now) = (SessionId(new_uuid(machine_now())), Ts::from(machine_now()));
    diesel::insert_into(session::table)
        .values((
            session::id.eq(id),
            session::user_id.eq(user),
            session::created_at.eq(now),
            session::last_used_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok((user, id))
}

fn campaign(tx: &mut Tx<'_>, district: AreaId) -> Outcome<()> {
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
    let kinds = vec![FacilityKind::Station, FacilityKind::Canteen];
    campaigns::add_targets(tx, &Places::everywhere(), id, &Targets::Kinds(kinds)).map(drop)
}

fn by(user: UserId) -> Stamp {
    let actor = Actor::User { id: user, name: "示例检查员".into() };
    Stamp { actor, now: machine_now(), address: None }
}

/// An inspection with two failing items and a photo of every item, all of which arrive.
fn inspect(app: &Arc<App>, user: UserId, facility: FacilityId, items: &[Item]) -> Outcome<()> {
    let photos: Vec<(PhotoId, Stored)> = items.iter().map(|_| photo()).collect();
    let sheet = sheet(facility, items, &photos);
    let raw = sheet.to_string();
    let body: InspectionBody = serde_json::from_value(sheet).map_err(Fault::internal)?;
    let holder =
        Holder { id: user, third_party: false, scope: Scope::everywhere(), reaches: vec![], lapsed: vec![] };
    let id = InspectionId(new_uuid(machine_now()));
    app.db.write_now(by(user), "bench", move |tx| {
        submit(tx, &holder, id, &body, &raw)?;
        photos.iter().try_for_each(|(id, stored)| receive_photo(tx, *id, stored).map(drop))
    })
}

fn photo() -> (PhotoId, Stored) {
    let sha256 = format!("{:032x}{:032x}", fastrand::u128(..), fastrand::u128(..));
    let stored = Stored { sha256, length: 1, content_type: "image/jpeg", width: None, height: None };
    (PhotoId(new_uuid(machine_now())), stored)
}

fn sheet(facility: FacilityId, items: &[Item], photos: &[(PhotoId, Stored)]) -> Value {
    let line = |(n, item): (usize, &Item)| {
        let outcome = if n < 2 { "fail" } else { "pass" };
        json!({"item_id": item.id, "outcome": outcome, "note": (n < 2).then_some("示例情况：现场检查不符合要求")})
    };
    let declared = |(item, (id, stored)): (&Item, &(PhotoId, Stored))| json!({"photo_id": id, "sha256": stored.sha256, "length": 1, "item_id": item.id, "purpose": "scene"});
    json!({
        "facility_id": facility,
        "checklist_id": items[0].checklist_id,
        "visit": {
            "id": new_uuid(machine_now()), "kind": "supervision", "started_at": machine_now(),
            "participants": [{"name": "示例检查员", "organisation": "示例区民政局", "part": "lead"}],
            "signature": {"state": "signed", "signed_by": "示例负责人"}
        },
        "answers": items.iter().enumerate().map(line).collect::<Vec<_>>(),
        "photos": items.iter().zip(photos).map(declared).collect::<Vec<_>>(),
    })
}
