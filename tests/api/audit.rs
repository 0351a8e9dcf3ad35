//! The trail: every change leaves a line in the transaction that makes it; the sequencer gives committed lines one order
//! without gaps and chains them; whatever is altered afterwards shows.

use super::app::TestApp;
use super::build::{self, facility, facility_body, id};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use diesel::prelude::*;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use yixun::audit::verify;
use yixun::db::connection::Kind;
use yixun::db::schema::{audit_entry, change_entry, sequencer};
use yixun::db::sequencer::sequence_now;
use yixun::db::{AnyConn, Stamp};
use yixun::directory::FacilityKind::Station;
use yixun::fault::{Fault, Outcome};

pub fn register(suite: &mut Suite) {
    both!(suite:
        every_change_leaves_its_line,
        a_refusal_leaves_nothing,
        the_trail_is_read_in_pages,
        positions_have_no_gaps_under_parallel_writers,
        a_late_commit_is_never_skipped,
        s47_whatever_is_altered_shows,
        s47_a_cut_tail_shows,
    );
}

/// The lines of one thing.
fn lines_of(app: &TestApp, object: &str) -> Vec<Value> {
    app.sequence();
    app.as_(Caller::AuditAdmin).all(&format!("/audit?object_id={object}"))
}

fn every_change_leaves_its_line(app: &TestApp) {
    let made = facility(app, Place::Own, Station);
    let path = format!("/facilities/{}", id(&made));
    app.as_(Caller::Drafter).patch(&path, Some(1), &json!({"name": "改名站"})).ok();
    let lines = lines_of(app, &id(&made));
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!((&line["action"], &line["object_kind"]), (&json!("facility.write"), &json!("facility")));
        let told = &line["line"];
        assert_eq!(
            (&told["actor_id"], &told["address"]),
            (&json!(app.user(Caller::Drafter)), &json!("127.0.0.1"))
        );
        assert_eq!((&told["at"], &told["action"]), (&json!("2026-08-03T02:00:00+00:00"), &line["action"]));
    }
    let campaign = build::campaign(app, Place::Own, &[Station]);
    assert_eq!(lines_of(app, &id(&campaign)).len(), 2, "planned, and its targets");
    let login = json!({"username": Caller::Drafter.username(), "password": "Wrong-Trees-2026x"});
    app.anyone().post("/auth/login", &login).expect(401, "wrong_credentials");
    let failed = lines_of(app, &Caller::Drafter.username());
    assert_eq!(failed[0]["line"]["detail"], json!({"result": "failed"}));
    assert_eq!(
        (&failed[0]["line"]["actor"], &failed[0]["line"]["actor_id"]),
        (&json!("anonymous"), &Value::Null)
    );
    assert!(app.read(verify) > 0);
}

fn count(app: &TestApp) -> (i64, i64) {
    app.read(|conn| {
        Ok((audit_entry::table.count().get_result(conn)?, change_entry::table.count().get_result(conn)?))
    })
}

fn a_refusal_leaves_nothing(app: &TestApp) {
    let made = facility(app, Place::Own, Station);
    let before = count(app);
    let drafter = app.as_(Caller::Drafter);
    let mut again = facility_body(app, Place::Own, Station);
    again["code"] = made["code"].clone();
    drafter.post("/facilities", &again).expect(409, "code_taken");
    let path = format!("/facilities/{}", id(&made));
    drafter.patch(&path, Some(9), &json!({"name": "x"})).expect(412, "version_differs");
    app.as_(Caller::Street).patch(&path, Some(1), &json!({"name": "x"})).expect(403, "permission_denied");
    assert_eq!(count(app), before);
}

fn the_trail_is_read_in_pages(app: &TestApp) {
    for _ in 0..7 {
        facility(app, Place::Own, Station);
    }
    app.sequence();
    let reader = app.as_(Caller::Supervisor);
    let all = reader.all("/audit");
    let positions: Vec<i64> = all.iter().filter_map(|line| line["position"].as_i64()).collect();
    assert_eq!(positions, (1..=count(app).0).collect::<Vec<_>>());
    let page = reader.get("/audit?limit=5").ok();
    assert_eq!(page["items"].as_array().expect("items")[..], all[..5]);
    assert_eq!(app.as_(Caller::AuditAdmin).all("/audit"), all);
    reader.get("/audit?object_id=nothing").ok();
    for caller in [Caller::Drafter, Caller::Admin, Caller::SecurityAdmin, Caller::Street] {
        app.as_(caller).get("/audit").expect(403, "permission_denied");
    }
}

/// One small write that is tried again as long as the database is busy.
fn small_write(app: &TestApp, pause: Duration) {
    let stamp = Stamp::system("test", super::people::start());
    let write = || {
        app.app.db.write_now(stamp.clone(), "test.write", move |tx| {
            tx.audit("test", "parallel", json!({}));
            tx.changed("test", build::uuid(), None, yixun::db::Change::Put)?;
            std::thread::sleep(pause);
            Ok(())
        })
    };
    while let Err(fault) = write() {
        assert!(matches!(fault, Fault::Busy(_)), "{fault:?}");
    }
}

type Positions = (Vec<Option<i64>>, Vec<Option<i64>>);

fn positions(conn: &mut AnyConn) -> Outcome<Positions> {
    Ok((
        audit_entry::table.order(audit_entry::position).select(audit_entry::position).load(conn)?,
        change_entry::table.order(change_entry::position).select(change_entry::position).load(conn)?,
    ))
}

/// Whether the ordered rows are 1, 2, 3 … whatever waits unordered.
fn is_gapless(found: &[Option<i64>]) -> bool {
    let mut ordered: Vec<i64> = found.iter().copied().flatten().collect();
    ordered.sort_unstable();
    ordered.iter().zip(1..).all(|(a, b)| *a == b)
}

fn positions_have_no_gaps_under_parallel_writers(app: &TestApp) {
    const WRITERS: usize = 6;
    const EACH: usize = 20;
    let before = count(app);
    let node = app.second_node();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Two sequencers, as two nodes have them; on SQLite the two writers do it themselves.
        for at in [app, &node] {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    sequence_now(&at.app.db).expect("a step");
                    let (audit, change) = at.read(positions);
                    assert!(is_gapless(&audit) && is_gapless(&change), "a reader saw a gap");
                }
            });
        }
        let at = |n: usize| if n.is_multiple_of(2) { app } else { &node };
        let write =
            move |n: usize| (0..EACH).for_each(|i| small_write(at(n), Duration::from_micros(i as u64 * 50)));
        let writers: Vec<_> = (0..WRITERS).map(|n| scope.spawn(move || write(n))).collect();
        let ended: Vec<_> = writers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
    app.sequence();
    let (audit, change) = app.read(positions);
    let wrote = (WRITERS * EACH) as i64;
    assert_eq!((audit.len() as i64, change.len() as i64), (before.0 + wrote, before.1 + wrote));
    assert!(audit.iter().chain(&change).all(Option::is_some));
    assert!(is_gapless(&audit) && is_gapless(&change));
    assert_eq!(app.read(verify), before.0 + wrote);
    let heads: Vec<(String, i64)> = app.read(|conn| {
        Ok(sequencer::table
            .order(sequencer::stream)
            .select((sequencer::stream, sequencer::position))
            .load(conn)?)
    });
    assert_eq!(heads, [("audit".into(), before.0 + wrote), ("change".into(), before.1 + wrote)]);
}

fn a_late_commit_is_never_skipped(app: &TestApp) {
    let last = |app: &TestApp| {
        app.sequence();
        app.read(|conn| {
            Ok(audit_entry::table
                .select(diesel::dsl::max(audit_entry::position))
                .first::<Option<i64>>(conn)?)
        })
    };
    let before = last(app).expect("a position");
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| small_write(app, Duration::from_millis(300)));
        std::thread::sleep(Duration::from_millis(60));
        small_write(app, Duration::ZERO);
        let seen = last(app).expect("a position");
        slow.join().expect("the slow writer");
        // Whichever came first, a reader that had seen `seen` finds the other one after it or among the seen.
        assert!(seen == before + 1 || (app.kind == Kind::Sqlite && seen == before + 2), "{before} {seen}");
        assert_eq!(last(app), Some(before + 2));
    });
    app.read(verify);
}

fn broken_at(app: &TestApp) -> String {
    app.sequence();
    match app.app.db.read_now(verify) {
        Err(Fault::Refused { code, detail, .. }) if code == "audit_broken" => detail.to_string(),
        other => panic!("not noticed: {other:?}"),
    }
}

fn s47_whatever_is_altered_shows(app: &TestApp) {
    app.sequence();
    let original: (i64, String, Option<String>) = app.read(|conn| {
        let third = audit_entry::table.filter(audit_entry::position.eq(3));
        Ok(third.select((audit_entry::id, audit_entry::line, audit_entry::hash)).first(conn)?)
    });
    let (row, line, hash) = original;
    let set_line = |text: String| {
        app.write(move |tx| {
            let third = diesel::update(audit_entry::table.find(row));
            third.set(audit_entry::line.eq(&text)).execute(tx.conn())?;
            Ok(())
        });
    };
    set_line(line.replace("console:tests", "console:nobody") + " ");
    assert!(broken_at(app).contains("第 3 条"));
    set_line(line);
    app.sequence();
    app.read(verify);
    let set_hash = |hash: Option<String>| {
        app.write(move |tx| {
            let third = diesel::update(audit_entry::table.find(row));
            third.set(audit_entry::hash.eq(&hash)).execute(tx.conn())?;
            Ok(())
        });
    };
    set_hash(Some("0".repeat(64)));
    assert!(broken_at(app).contains("第 3 条"));
    set_hash(hash);
    app.sequence();
    app.read(verify);
    app.write(move |tx| {
        diesel::delete(audit_entry::table.find(row)).execute(tx.conn())?;
        Ok(())
    });
    assert!(broken_at(app).contains("第 3 条"));
}

fn s47_a_cut_tail_shows(app: &TestApp) {
    app.sequence();
    app.write(|tx| {
        let last: Option<i64> =
            audit_entry::table.select(diesel::dsl::max(audit_entry::position)).first(tx.conn())?;
        diesel::delete(audit_entry::table.filter(audit_entry::position.eq(last))).execute(tx.conn())?;
        Ok(())
    });
    broken_at(app);
}
