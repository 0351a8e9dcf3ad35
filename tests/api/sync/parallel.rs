//! Phones that look while others write.

use super::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use yixun::db::connection::Kind;
use yixun::db::schema::change_entry;
use yixun::db::sequencer::sequence_now;
use yixun::db::types::Uid;
use yixun::db::{Stamp, Tx};
use yixun::fault::Outcome;

pub fn register(suite: &mut Suite) {
    suite.compared(concat!(module_path!(), "::no_writer_slips_under_a_token"), no_writer_slips_under_a_token);
    both!(suite: replicas_end_alike);
}

/// Announces a facility in a transaction that then waits until it is let go.
fn slow_writer(
    facility: FacilityId,
    street: AreaId,
    open: std::sync::mpsc::Sender<()>,
    go: Receiver<()>,
) -> impl Fn(&mut Tx<'_>) -> Outcome<()> + Send + 'static {
    let (open, go) = (Mutex::new(open), Mutex::new(go));
    move |tx| {
        tx.audit("test", "-", json!({}));
        tx.changed("facility", facility.0, Some(street.0), Change::Put)?;
        open.lock().expect("no panic").send(()).expect("the test waits");
        go.lock().expect("no panic").recv().expect("the test lets it go");
        Ok(())
    }
}

/// PostgreSQL: rows are numbered when they are inserted and seen when they are committed. Three slow writers hold lower
/// numbers than everything that phones see meanwhile.
fn no_writer_slips_under_a_token() {
    let app = &TestApp::start(Kind::Postgres, None).expect("an application");
    let api = app.as_(Caller::Inspector);
    let street = app.world.area(Place::Own);
    let slow = [Station, Center, Canteen].map(|kind| app.world.facility(Place::Own, kind));
    let quick = app.world.facility(Place::Sibling, Station);
    let mut phones = vec![];
    std::thread::scope(|scope| {
        let mut writers = vec![];
        for facility in slow {
            let ((open, opened), (let_go, go)) = (channel(), channel());
            let work = slow_writer(facility, street, open, go);
            let stamp = Stamp::console("tests", crate::people::start());
            let db = app.app.db.clone();
            let running = scope.spawn(move || db.write_now(stamp, "tests.slow", work));
            opened.recv().expect("its row is inserted");
            writers.push((facility, let_go, running));
        }
        // Others commit, the sequencer runs, phones look.
        for _ in 0..3 {
            announce(app, quick, app.world.area(Place::Sibling), 2);
            app.sequence();
            phones.push(Replica::new(&api));
        }
        // One after the other they commit, the last that began first, and each is told to every phone.
        while let Some((facility, let_go, running)) = writers.pop() {
            let_go.send(()).expect("it waits");
            running.join().expect("no panic").expect("a write");
            app.sequence();
            for phone in &mut phones {
                let told = phone.look(&api);
                assert!(told.contains(&put("facility", &facility.to_string())), "{told:?}");
            }
        }
    });
    // It was as meant: inserted before, ordered after.
    let place = |of: FacilityId| {
        app.read(move |conn| {
            let rows = change_entry::table.filter(change_entry::object_id.eq(Uid(of.0)));
            let rows = rows.order(change_entry::id.desc());
            Ok(rows.select((change_entry::id, change_entry::position)).first::<(i64, Option<i64>)>(conn)?)
        })
    };
    let ((slow_id, slow_position), (quick_id, quick_position)) = (place(slow[0]), place(quick));
    assert!(slow_id < quick_id && slow_position > quick_position);
}

/// Something at random that a phone follows; whatever others made impossible meanwhile is refused and changes nothing.
fn something(app: &TestApp, random: &mut fastrand::Rng, facilities: &Mutex<Vec<String>>) {
    let drafter = app.as_(Caller::At(Role::Drafter, Place::Everywhere));
    let any = |random: &mut fastrand::Rng| {
        let known = facilities.lock().expect("no panic");
        known[random.usize(..known.len())].clone()
    };
    let place =
        |random: &mut fastrand::Rng| [Place::Own, Place::Sibling, Place::Elsewhere][random.usize(..3)];
    let patch = |facility: &str, body: Value| {
        let path = format!("/facilities/{facility}");
        let read = drafter.get(&path);
        drafter.patch(&path, Some(read.revision()), &body)
    };
    app.advance(TimeDelta::seconds(1));
    match random.u8(..9) {
        0 => {
            let made = build::facility(app, Place::Own, Station);
            facilities.lock().expect("no panic").push(id(&made));
        }
        1 => drop(patch(&any(random), json!({"contact_name": format!("联系人{}", build::unique())}))),
        2 => drop(patch(&any(random), json!({"street_id": app.world.area(place(random))}))),
        3 => {
            let status = ["active", "suspended", "ended"][random.usize(..3)];
            drop(patch(&any(random), json!({ "status": status })));
        }
        4 | 5 => {
            let second = [inspector(Place::Own), inspector(Place::District)][random.usize(..2)];
            let seen = inspection(app, &any(random), &["YK-14"]).named(app, 1, second);
            let by = app.as_(inspector(Place::Everywhere));
            if seen.put(&by).status == 201 {
                let arrived = random.usize(..=seen.photos.len());
                seen.photos[..arrived].iter().for_each(|photo| drop(photo.put(&by)));
                if random.bool() {
                    drop(seen.confirm(&app.as_(second)));
                }
            }
        }
        6 => {
            let open = drafter.all("/findings?state=served");
            if let Some(finding) = open.first() {
                let path = format!("/findings/{}/withdrawals", id(finding));
                let reviewer = app.as_(Caller::At(Role::Reviewer, Place::Everywhere));
                drop(reviewer.post(&path, &json!({"reason": "现场核实情况存疑"})));
            }
        }
        7 => {
            let (admin, path) = (app.as_(Caller::Admin), format!("/users/{}", app.user(Caller::ThirdParty)));
            let revision = admin.get(&path).revision();
            drop(admin.patch(&path, Some(revision), &json!({ "disabled": random.bool() })));
        }
        _ => {
            let planned = drafter.post("/campaigns", &build::campaign_body(app, place(random)));
            let kinds = json!({"kinds": ["station"]});
            drop(drafter.post(&format!("/campaigns/{}/targets", id(&planned.json)), &kinds));
        }
    }
}

/// Writers and phones at once; at the end every phone that followed has what one that begins then gets.
fn replicas_end_alike(app: &TestApp) {
    const WRITERS: usize = 3;
    const STEPS: usize = 12;
    let changing = Caller::At(Role::Inspector, Place::Sibling);
    let readers = [
        inspector(Place::Own),
        inspector(Place::District),
        inspector(Place::Everywhere),
        Caller::Operator,
        changing,
    ];
    let facilities = Mutex::new([Place::Own, Place::Sibling].map(|place| station(app, place)).to_vec());
    let (writing, looks) = (AtomicUsize::new(WRITERS + 1), AtomicUsize::new(0));
    let done = AtomicBool::new(false);
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let phones: Vec<Replica> = std::thread::scope(|scope| {
        let (facilities, writing, looks, done) = (&facilities, &writing, &looks, &done);
        for n in 0..WRITERS {
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed.wrapping_add(n as u64));
                (0..STEPS).for_each(|_| something(app, &mut random, facilities));
                writing.fetch_sub(1, Ordering::SeqCst);
            });
        }
        scope.spawn(move || {
            for _ in 0..3 {
                reaches::grant(app, changing, Place::Own, None);
                reaches::end_all_grants(app, changing);
                reaches::grant(app, changing, Place::Sibling, None);
            }
            writing.fetch_sub(1, Ordering::SeqCst);
        });
        scope.spawn(move || {
            while writing.load(Ordering::SeqCst) > 0 {
                sequence_now(&app.app.db).expect("a step of the sequencer");
                std::thread::yield_now();
            }
            done.store(true, Ordering::SeqCst);
        });
        let following = readers.map(|reader| {
            scope.spawn(move || {
                let (api, mut phone) = (app.as_(reader), Replica::default());
                while !done.load(Ordering::SeqCst) {
                    // Between two grants nothing may be read.
                    if phone.try_step(&api) {
                        looks.fetch_add(1, Ordering::SeqCst);
                    }
                }
                phone
            })
        });
        following.map(|thread| thread.join().expect("no panic")).to_vec()
    });
    assert!(looks.load(Ordering::SeqCst) >= readers.len(), "phones looked meanwhile");
    app.sequence();
    for (reader, mut phone) in readers.into_iter().zip(phones) {
        let api = app.as_(reader);
        phone.follow(app, &api);
    }
}
