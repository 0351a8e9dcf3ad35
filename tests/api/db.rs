//! The one way to change data, on both databases alike: all or nothing, never without an audit line, as if one after the
//! other; and reads that cannot write.

use super::app::TestApp;
use super::build::unique;
use super::suite::{Suite, both};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::time::Duration;
use yixun::db::schema::{counter, installation, login_failure};
use yixun::db::{AnyConn, Stamp, Ts, Tx};
use yixun::fault::{Fault, Outcome};

pub fn register(suite: &mut Suite) {
    both!(suite:
        without_an_audit_line_nothing_is_stored,
        an_error_rolls_back,
        a_panic_rolls_back_only_itself,
        a_conflict_is_the_loser_s_own,
        counters_lose_no_increment,
        decisions_hold_at_commit,
        reads_cannot_write,
        a_read_sees_one_moment,
        two_nodes_write_at_once,
        times_are_kept_to_the_microsecond,
    );
}

fn stamp() -> Stamp {
    Stamp::system("test", super::people::start())
}

/// Writes as long as the database is only busy.
fn write<T: Send + 'static>(
    app: &TestApp,
    f: impl Fn(&mut Tx<'_>) -> Outcome<T> + Clone + Send + 'static,
) -> Outcome<T> {
    loop {
        match app.app.db.write_now(stamp(), "test.write", f.clone()) {
            Err(Fault::Busy(_)) => {}
            other => return other,
        }
    }
}

fn put(tx: &mut Tx<'_>, name: &str) -> Outcome<()> {
    let row = (installation::name.eq(name), installation::value.eq("x"));
    diesel::insert_into(installation::table).values(row).execute(tx.conn())?;
    tx.audit("test", name, json!({}));
    Ok(())
}

/// What a test has put; the migrations put the epoch of the feed.
fn names_in(conn: &mut AnyConn) -> Outcome<Vec<String>> {
    let put = installation::table.filter(installation::name.ne("sync_epoch"));
    Ok(put.order(installation::name).select(installation::name).load(conn)?)
}

fn names(app: &TestApp) -> Vec<String> {
    app.read(names_in)
}

fn without_an_audit_line_nothing_is_stored(app: &TestApp) {
    let silent = write(app, |tx| {
        let row = (installation::name.eq("silent"), installation::value.eq("x"));
        Ok(diesel::insert_into(installation::table).values(row).execute(tx.conn())?)
    });
    assert!(matches!(silent, Err(Fault::Internal(why)) if why.contains("test.write left no audit line")));
    assert!(names(app).is_empty());
    write(app, |tx| put(tx, "told")).expect("a write");
    assert_eq!(names(app), ["told"]);
}

fn an_error_rolls_back(app: &TestApp) {
    let refused: Outcome<()> = write(app, |tx| {
        put(tx, "first")?;
        put(tx, "second")?;
        Err(Fault::refused("not_now", "现在不行"))
    });
    assert!(matches!(refused, Err(Fault::Refused { code, .. }) if code == "not_now"));
    assert!(names(app).is_empty());
}

fn a_panic_rolls_back_only_itself(app: &TestApp) {
    let together = Barrier::new(12);
    std::thread::scope(|scope| {
        for n in 0..12 {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                // On PostgreSQL the panic comes to the caller, on SQLite it becomes a fault: `Db::write` shows one face.
                let done = catch_unwind(AssertUnwindSafe(|| {
                    write(app, move |tx| {
                        put(tx, &format!("n{n:02}"))?;
                        assert!(n % 3 != 0, "on purpose: this panic belongs to the test");
                        Ok(())
                    })
                }));
                let stored = matches!(done, Ok(Ok(())));
                assert_eq!(stored, n % 3 != 0);
            });
        }
    });
    let expected: Vec<String> = (0..12).filter(|n| n % 3 != 0).map(|n| format!("n{n:02}")).collect();
    assert_eq!(names(app), expected);
    let runtime = actix_web::rt::Runtime::new().expect("a runtime");
    let told: Outcome<()> =
        runtime.block_on(app.app.db.write(stamp(), "test.write", |_| panic!("on purpose")));
    assert!(matches!(told, Err(Fault::Internal(_))));
    write(app, |tx| put(tx, "after")).expect("the database goes on");
    app.sequence();
    app.read(yixun::audit::verify);
}

fn a_conflict_is_the_loser_s_own(app: &TestApp) {
    let results: Vec<Outcome<()>> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|n| {
                scope.spawn(move || {
                    write(app, move |tx| {
                        put(tx, &format!("own{n}"))?;
                        put(tx, "shared")
                    })
                })
            })
            .collect();
        tries.into_iter().map(|t| t.join().expect("no panic")).collect()
    });
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    assert!(results.iter().filter_map(|r| r.as_ref().err()).all(Fault::is_unique_violation), "{results:?}");
    assert_eq!(names(app).len(), 2);
}

/// Raises a counter the way numbers are given: read, then write what was read plus one.
fn raise(tx: &mut Tx<'_>, name: &str) -> Outcome<i64> {
    let now: Option<i64> = counter::table.find(name).select(counter::value).first(tx.conn()).optional()?;
    let next = now.unwrap_or(0) + 1;
    match now {
        Some(_) => {
            diesel::update(counter::table.find(name)).set(counter::value.eq(next)).execute(tx.conn())?
        }
        None => {
            let row = (counter::name.eq(name), counter::value.eq(next));
            diesel::insert_into(counter::table).values(row).execute(tx.conn())?
        }
    };
    tx.audit("test", name, json!({ "value": next }));
    Ok(next)
}

fn counters_lose_no_increment(app: &TestApp) {
    const THREADS: i64 = 6;
    const EACH: i64 = 15;
    write(app, |tx| raise(tx, "numbers")).expect("a number");
    let mut taken: Vec<i64> = std::thread::scope(|scope| {
        let take = || {
            (0..EACH).map(|_| write(app, |tx| raise(tx, "numbers")).expect("a number")).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(take)).collect();
        threads.into_iter().flat_map(|t| t.join().expect("no panic")).collect()
    });
    taken.sort_unstable();
    assert_eq!(taken, (2..=THREADS * EACH + 1).collect::<Vec<_>>());
}

/// Two transactions that each look first and then write what the look allowed: only one may.
fn decisions_hold_at_commit(app: &TestApp) {
    for round in 0..3 {
        let together = Barrier::new(2);
        let wrote: Vec<bool> = std::thread::scope(|scope| {
            let decide = |n: u32| {
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    let decided = write(app, move |tx| {
                        let like = format!("round{round}.%");
                        let others = installation::table.filter(installation::name.like(like));
                        let there: i64 = others.count().get_result(tx.conn())?;
                        std::thread::sleep(Duration::from_millis(50));
                        if there == 0 {
                            put(tx, &format!("round{round}.{n}"))?;
                        }
                        tx.audit("test", "decision", json!({}));
                        Ok(there == 0)
                    });
                    decided.expect("a decision")
                })
            };
            let both = [decide(0), decide(1)];
            both.map(|t| t.join().expect("no panic")).to_vec()
        });
        assert_eq!(wrote.iter().filter(|w| **w).count(), 1, "{wrote:?}");
    }
    assert_eq!(names(app).len(), 3);
}

fn reads_cannot_write(app: &TestApp) {
    let row = || (installation::name.eq("sneaked"), installation::value.eq("x"));
    let tried = app
        .app
        .db
        .read_now(|conn| Ok(diesel::insert_into(installation::table).values(row()).execute(conn)?));
    assert!(matches!(tried, Err(Fault::Database(_))), "{tried:?}");
    assert!(names(app).is_empty());
}

fn a_read_sees_one_moment(app: &TestApp) {
    let (first, second) = app.read(|conn| {
        let first = names_in(conn)?;
        std::thread::scope(|scope| {
            scope.spawn(|| write(app, |tx| put(tx, "meanwhile"))).join().expect("no panic")
        })?;
        Ok((first, names_in(conn)?))
    });
    assert!(first.is_empty() && second.is_empty());
    assert_eq!(names(app), ["meanwhile"]);
}

fn two_nodes_write_at_once(app: &TestApp) {
    let node = app.second_node();
    std::thread::scope(|scope| {
        for at in [app, &node] {
            for _ in 0..2 {
                scope.spawn(move || {
                    for _ in 0..10 {
                        let name = format!("{:06}", unique());
                        write(at, move |tx| put(tx, &name)).expect("a write");
                    }
                });
            }
        }
    });
    assert_eq!(names(app).len(), 40);
    assert_eq!(names(app), names(&node));
}

fn times_are_kept_to_the_microsecond(app: &TestApp) {
    let start = super::people::start();
    let steps = [0, 1, 999, 1_000, 999_999, 1_000_000, 59_999_999];
    let times: Vec<Ts> = steps.iter().map(|us| Ts::from(start + TimeDelta::microseconds(*us))).collect();
    let stored = times.clone();
    write(app, move |tx| {
        for at in stored.iter().rev() {
            let row =
                (login_failure::username.eq("t"), login_failure::address.eq("t"), login_failure::at.eq(*at));
            diesel::insert_into(login_failure::table).values(row).execute(tx.conn())?;
        }
        tx.audit("test", "times", json!({}));
        Ok(())
    })
    .expect("a write");
    let found: Vec<Ts> = app.read(|conn| {
        Ok(login_failure::table.order(login_failure::at).select(login_failure::at).load(conn)?)
    });
    assert_eq!(found, times);
    let after: i64 = app.read(|conn| {
        let later =
            login_failure::table.filter(login_failure::at.gt(Ts::from(start + TimeDelta::microseconds(999))));
        Ok(later.count().get_result(conn)?)
    });
    assert_eq!(after, 4);
}
