//! The document: made once, by a job, from the frozen letter, whatever happens to ledger and workers.

use super::super::app::TestApp;
use super::super::faces;
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{advance, approved, close, document, drafted, inspected, issue, snapshot, stations, view};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::json;
use yixun::clock::machine_now;
use yixun::db::{Ts, schema};
use yixun::directory::FacilityKind::Station;
use yixun::files::sha256_of;
use yixun::letters::render;

pub fn register(suite: &mut Suite) {
    both!(suite:
        the_document_is_made_by_a_job_of_the_issue,
        what_was_issued_stays_whatever_the_ledger_does,
        a_rendering_done_twice_changes_nothing,
        a_rendering_whose_worker_died_is_done_by_another,
        a_rendering_that_failed_is_tried_again,
    );
}

/// State, attempts, fencing number and error of a rendering.
pub(super) type Rendering = (String, i32, i64, Option<String>);

fn rendering(state: &str, attempts: i32) -> Rendering {
    (state.into(), attempts, attempts.into(), None)
}

/// Every rendering, the oldest first.
pub(super) fn renderings(app: &TestApp) -> Vec<Rendering> {
    use schema::job;
    app.read(|conn| {
        let of_kind = job::table.filter(job::kind.eq("render_letter")).order(job::id);
        Ok(of_kind.select((job::state, job::attempts, job::fence, job::last_error)).load(conn)?)
    })
}

/// Puts every job into a state, due a minute ago.
fn set_jobs(app: &TestApp, state: &'static str, lease_until: Option<DateTime<Utc>>) {
    use schema::job;
    let due = Ts::from(machine_now() - TimeDelta::minutes(1));
    app.write(move |tx| {
        let lease = job::lease_until.eq(lease_until.map(Ts::from));
        let jobs = diesel::update(job::table).set((job::state.eq(state), job::run_at.eq(due), lease));
        jobs.execute(tx.conn())?;
        Ok(())
    });
}

fn the_document_is_made_by_a_job_of_the_issue(app: &TestApp) {
    let campaign = stations(app);
    inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-14"]);
    let letters = approved(app, &campaign);
    assert!(renderings(app).is_empty());
    issue(app, &letters).ok();
    assert_eq!(renderings(app), vec![rendering("ready", 0); 2]);
    for letter in &letters {
        let issued = view(app, letter);
        assert_eq!((&issued["state"], issued["document"].is_null()), (&json!("issued"), true));
        document(app, Caller::Drafter, letter).expect(404, "not_found");
    }
    assert_eq!(app.drain(), 2);
    assert_eq!(renderings(app), vec![rendering("done", 1); 2]);
    for (n, letter) in letters.iter().enumerate() {
        let ready = view(app, letter);
        assert_eq!(ready["state"], "document_ready");
        let answer = document(app, Caller::Drafter, letter);
        answer.ok();
        let sha256 = sha256_of(&answer.bytes);
        assert_eq!(answer.header("etag"), format!("\"{sha256}\""));
        assert_eq!(
            (&ready["document"]["sha256"], &ready["document"]["length"]),
            (&json!(sha256), &json!(answer.bytes.len()))
        );
        assert_eq!(answer.header("content-type"), "application/pdf");
        let name = format!("attachment; filename=\"letter-2026-{:04}.pdf\"", n + 1);
        assert_eq!(answer.header("content-disposition"), name);
        is_archival(&answer.bytes);
        let again = document(app, Caller::Issuer, letter);
        assert!(again.bytes == answer.bytes, "another GET gave other bytes");
        let anew = render::pdf(&app.app, &snapshot(app, letter)).expect("a rendering");
        assert!(anew == answer.bytes, "the document is not the rendering of the snapshot");
    }
}

/// A PDF that calls itself PDF/A-2b.
fn is_archival(bytes: &[u8]) {
    let has = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
    assert!(bytes.starts_with(b"%PDF-1.7"), "{:?}", &bytes[..8]);
    assert!(bytes.trim_ascii_end().ends_with(b"%%EOF"));
    assert!(has("<pdfaid:part>2</pdfaid:part>") && has("<pdfaid:conformance>B</pdfaid:conformance>"));
}

fn what_was_issued_stays_whatever_the_ledger_does(app: &TestApp) {
    let campaign = stations(app);
    let findings = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14"]);
    let letter = &approved(app, &campaign)[0];
    advance(app, letter, &["issue"]);
    let (frozen, issued) = (snapshot(app, letter), view(app, letter));
    // Before the rendering …
    close(app, Place::Own, &findings[0]);
    app.advance(TimeDelta::days(40));
    assert_eq!(app.drain(), 1);
    let first = document(app, Caller::Drafter, letter);
    assert!(
        first.bytes == render::pdf(&app.app, &frozen).expect("a rendering"),
        "the ledger reached the document"
    );
    // … and after it.
    let withdraw = format!("/findings/{}/withdrawals", findings[1]);
    app.as_(Caller::Reviewer).post(&withdraw, &json!({"reason": "现场核实为误报"})).ok();
    let station = format!("/facilities/{}", app.world.facility(Place::Own, Station));
    let revision = app.as_(Caller::Drafter).get(&station).revision();
    app.as_(Caller::Drafter).patch(&station, Some(revision), &json!({"name": "改名后的服务站"})).ok();
    app.drain();
    assert_eq!(snapshot(app, letter), frozen);
    assert!(document(app, Caller::Drafter, letter).bytes == first.bytes, "the document changed");
    let now = view(app, letter);
    for kept in ["number", "as_of", "lines", "findings", "issued_at", "reply_due"] {
        assert_eq!(now[kept], issued[kept], "{kept}");
    }
    let rows = frozen.issues.expect("an annex").rows;
    assert_eq!(rows.iter().filter(|row| row.closed || row.overdue).count(), 0, "as it stood when submitted");
}

/// One letter with a photo, issued and not rendered.
fn issued_with_a_photo(app: &TestApp) -> String {
    let campaign = stations(app);
    inspected(app, Place::Own, Station, &campaign, &["YK-02"]);
    let letter = drafted(app, &campaign).remove(0);
    faces::looked_at(app, &letter);
    advance(app, &letter, &["submit", "approve", "issue"]);
    assert_eq!(snapshot(app, &letter).photo_hashes().len(), 1);
    letter
}

fn a_rendering_done_twice_changes_nothing(app: &TestApp) {
    let letter = issued_with_a_photo(app);
    assert_eq!(app.drain(), 1);
    let events =
        |app: &TestApp| -> i64 { app.read(|conn| Ok(schema::letter_event::table.count().get_result(conn)?)) };
    let (ready, before) = (view(app, &letter), events(app));
    let bytes = document(app, Caller::Drafter, &letter).bytes;
    app.advance(TimeDelta::hours(1));
    set_jobs(app, "ready", None);
    assert_eq!(app.drain(), 1, "it runs again");
    assert_eq!((view(app, &letter), events(app)), (ready, before));
    assert!(document(app, Caller::Drafter, &letter).bytes == bytes);
}

fn a_rendering_whose_worker_died_is_done_by_another(app: &TestApp) {
    let letter = issued_with_a_photo(app);
    set_jobs(app, "running", Some(machine_now() + TimeDelta::minutes(4)));
    assert_eq!(
        (app.drain(), view(app, &letter)["state"].clone()),
        (0, json!("issued")),
        "its lease still runs"
    );
    set_jobs(app, "running", Some(machine_now() - TimeDelta::seconds(1)));
    assert_eq!((app.drain(), view(app, &letter)["state"].clone()), (1, json!("document_ready")));
    assert_eq!(renderings(app), [rendering("done", 1)], "a new fencing number bars who comes back late");
}

fn a_rendering_that_failed_is_tried_again(app: &TestApp) {
    let letter = issued_with_a_photo(app);
    let (blobs, aside) = (app.folder().join("files/sha256"), app.folder().join("files/aside"));
    std::fs::rename(&blobs, &aside).expect("the photos go");
    assert_eq!(app.drain(), 0);
    let (state, attempts, _, why) = renderings(app).remove(0);
    assert_eq!((state.as_str(), attempts), ("ready", 1), "it waits before it is tried again");
    assert!(why.is_some_and(|why| why.contains("blob not found")), "for a person to look at");
    assert_eq!(view(app, &letter)["state"], "issued");
    document(app, Caller::Drafter, &letter).expect(404, "not_found");
    std::fs::rename(&aside, &blobs).expect("the photos come back");
    set_jobs(app, "ready", None);
    assert_eq!((app.drain(), view(app, &letter)["state"].clone()), (1, json!("document_ready")));
    assert_eq!(renderings(app), [rendering("done", 2)]);
}
