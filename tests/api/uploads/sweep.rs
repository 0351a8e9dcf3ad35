//! What nobody needs is cleared away, and nothing else; a dry run changes nothing.

use super::super::app::TestApp;
use super::super::binary::{run, yixun};
use super::super::build::{Photo, inspection};
use super::super::client::is_chinese;
use super::super::inspections::{at_once, facility, leaves_nothing};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both, stores};
use super::{create, expire, head, patch, staged};
use chrono::TimeDelta;
use diesel::prelude::*;
use std::fs::File;
use std::path::PathBuf;
use std::time::SystemTime;
use yixun::clock::machine_now;
use yixun::db::Ts;
use yixun::db::schema::{blob, doomed_blob, photo, upload};
use yixun::directory::FacilityKind::{Canteen, Station};
use yixun::files::{Held, StoreFault};
use yixun::uploads::sweep::{Swept, clear_strays, sweep};

pub fn register(suite: &mut Suite) {
    both!(suite:
        expired_uploads_go,
        files_without_an_upload_go,
        old_blobs_without_a_row_go,
        an_upload_keeps_its_blob,
        who_stores_and_who_deletes_never_meet,
        a_sweeper_that_died_is_finished,
        the_command_tells_what_would_go,
    );
    stores!(suite: photos_that_nothing_declares_go, a_missing_blob_is_an_alarm);
}

fn swept(app: &TestApp) -> Swept {
    sweep(&app.app, false).expect("a sweep")
}

/// A dry run, which tells the same as the sweep after it and changes nothing.
fn dry(app: &TestApp) -> Swept {
    leaves_nothing(app, || sweep(&app.app, true)).expect("a dry run")
}

/// Every blob in the store.
fn blobs(app: &TestApp) -> Vec<String> {
    let mut found: Vec<Held> = vec![];
    let push = &mut |held| {
        found.push(held);
        Ok(())
    };
    app.app.files.each::<StoreFault>(push).expect("the blobs");
    let mut names: Vec<String> = found.into_iter().map(|held| held.name).collect();
    names.sort();
    names
}

fn blob_path(app: &TestApp, name: &str) -> PathBuf {
    app.folder().join("files/sha256").join(&name[..2]).join(&name[2..4]).join(name)
}

/// Makes a blob in the folder older than the sweeper's patience.
fn age(app: &TestApp, name: &str) {
    let past = SystemTime::from(machine_now() - TimeDelta::days(8));
    File::options()
        .write(true)
        .open(blob_path(app, name))
        .and_then(|f| f.set_modified(past))
        .expect("its age");
}

fn expired_uploads_go(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let (old, done) = (Photo::new("scene", None), Photo::new("scene", None));
    let upload = create(&inspector, &old);
    patch(&inspector, &upload, 0, &old.bytes[..100]).done();
    done.put(&inspector).created();
    expire(app);
    let young = create(&inspector, &Photo::new("scene", None));
    let told = dry(app);
    assert_eq!(staged(app).len(), 1);
    assert_eq!((told.uploads.len(), told.photos.len()), (2, 0), "{told:?}");
    assert!(told.uploads.contains(&upload.replace("/uploads/", "")), "{told:?}");
    assert_eq!(swept(app), told);
    assert!(staged(app).is_empty());
    assert_eq!(app.read(|conn| Ok(upload::table.count().get_result::<i64>(conn)?)), 1);
    assert_eq!(head(&inspector, &young).status, 200);
    inspector.get(&format!("/photos/{}/receipt", done.id)).ok();
    assert_eq!(swept(app), Swept::default());
    // Another node's are left to it for a day.
    app.write(|tx| {
        let past = Ts::from(machine_now() - TimeDelta::hours(23));
        let all = diesel::update(upload::table);
        all.set((upload::expires_at.eq(past), upload::node.eq("other"))).execute(tx.conn())?;
        Ok(())
    });
    assert_eq!(swept(app), Swept::default());
    app.write(|tx| {
        let past = Ts::from(machine_now() - TimeDelta::hours(25));
        diesel::update(upload::table).set(upload::expires_at.eq(past)).execute(tx.conn())?;
        Ok(())
    });
    assert_eq!(swept(app).uploads.len(), 1);
}

fn files_without_an_upload_go(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    patch(&inspector, &upload, 0, &photo.bytes[..100]).done();
    let stray = app.folder().join("uploads").join(super::super::build::uuid().to_string());
    std::fs::write(&stray, b"x").expect("a file");
    assert_eq!(swept(app), Swept::default(), "a body may still be coming");
    let none = TimeDelta::zero();
    assert_eq!(clear_strays(&app.app, none, true).expect("a dry run").len(), 1);
    assert!(stray.exists());
    assert_eq!(clear_strays(&app.app, none, false).expect("the start's work").len(), 1);
    assert!(!stray.exists());
    patch(&inspector, &upload, 100, &photo.bytes[100..]).done();
}

fn photos_that_nothing_declares_go(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let (lonely, late) = (Photo::new("scene", None), Photo::new("scene", None));
    let built = inspection(app, &facility(app, Place::Own, Station), &[]);
    built.put_whole(&inspector);
    for photo in [&lonely, &late] {
        photo.put(&inspector).created();
    }
    let mut other = inspection(app, &facility(app, Place::Own, Canteen), &[]);
    other.body["photos"].as_array_mut().expect("photos").push(late.declared());
    other.put(&inspector).created();
    app.advance(TimeDelta::days(30));
    assert_eq!(swept(app), Swept::default());
    app.advance(TimeDelta::seconds(1));
    let told = dry(app);
    let gone = told.photos.clone();
    assert_eq!(gone, [lonely.id.to_string()], "{} photos of the inspection stay", built.photos.len());
    assert_eq!(swept(app), told);
    inspector.get(&format!("/photos/{}/receipt", lonely.id)).expect(404, "not_found");
    let named = app.read(|conn| Ok(blob::table.find(&lonely.sha256).count().get_result::<i64>(conn)?));
    assert_eq!(named, 0);
    assert!(blobs(app).contains(&lonely.sha256), "the blob is too young");
    // It may come again.
    lonely.put(&inspector).created();
    assert_eq!(swept(app), Swept::default());
}

fn old_blobs_without_a_row_go(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let kept = Photo::new("scene", None);
    kept.put(&inspector).created();
    let names: Vec<String> =
        [b"old", b"new"].map(|bytes| app.app.files.put(&bytes[..]).expect("a blob")).into();
    age(app, &names[0]);
    age(app, &kept.sha256);
    let told = dry(app);
    assert_eq!((&told.blobs, told.bytes), (&vec![names[0].clone()], 3));
    assert_eq!(blobs(app).len(), 3);
    assert_eq!(swept(app), told);
    let mut left = vec![names[1].clone(), kept.sha256.clone()];
    left.sort();
    assert_eq!(blobs(app), left);
    assert_eq!(app.read(|conn| Ok(doomed_blob::table.count().get_result::<i64>(conn)?)), 0);
}

fn an_upload_keeps_its_blob(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    app.app.files.put(&photo.bytes).expect("a blob of a crash before its row");
    age(app, &photo.sha256);
    let upload = create(&inspector, &photo);
    assert_eq!(swept(app), Swept::default());
    patch(&inspector, &upload, 0, &photo.bytes).done();
    assert_eq!(swept(app), Swept::default());
}

/// Twenty uploads and twenty sweeps of the same old blob: whatever has a receipt has its blob.
fn who_stores_and_who_deletes_never_meet(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    for _ in 0..3 {
        app.app.files.put(&photo.bytes).expect("a blob");
        age(app, &photo.sha256);
        at_once(8, |n| {
            if n % 2 == 0 {
                // What the other sweepers delete at this moment may read as missing.
                let _busy = sweep(&app.app, false);
                return;
            }
            let mut mine = photo.clone();
            mine.id = super::super::build::uuid();
            // 503 while the blob is doomed: the phone tries again.
            for _ in 0..200 {
                let answer = mine.put(&inspector);
                if answer.status != 503 {
                    answer.created();
                    return;
                }
            }
            panic!("never stored");
        });
        assert_eq!(app.app.files.get(&photo.sha256).expect("the blob"), photo.bytes);
        app.write(|tx| {
            // Nobody relies on it any more, so that the next round is one.
            diesel::delete(upload::table).execute(tx.conn())?;
            diesel::delete(photo::table).execute(tx.conn())?;
            diesel::delete(blob::table).execute(tx.conn())?;
            Ok(())
        });
    }
}

fn a_sweeper_that_died_is_finished(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    app.app.files.put(&photo.bytes).expect("a blob");
    let name = photo.sha256.clone();
    let doom = move |app: &TestApp, at: Ts| {
        let name = name.clone();
        app.write(move |tx| {
            diesel::delete(doomed_blob::table).execute(tx.conn())?;
            let row = (doomed_blob::sha256.eq(name.clone()), doomed_blob::doomed_at.eq(at));
            diesel::insert_into(doomed_blob::table).values(row).execute(tx.conn())?;
            Ok(())
        });
    };
    doom(app, machine_now().into());
    let refused = leaves_nothing(app, || photo.put(&inspector));
    refused.expect(503, "busy");
    swept(app);
    photo.put(&inspector).expect(503, "busy");
    doom(app, (machine_now() - TimeDelta::hours(2)).into());
    swept(app);
    assert!(blobs(app).is_empty());
    photo.put(&inspector).created();
    assert_eq!(app.app.files.get(&photo.sha256).expect("the blob"), photo.bytes);
}

fn a_missing_blob_is_an_alarm(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    photo.put(&inspector).created();
    app.app.files.delete(&photo.sha256).expect("it is lost");
    assert_eq!(dry(app).missing, std::slice::from_ref(&photo.sha256));
    let told = leaves_nothing(app, || swept(app));
    assert_eq!(told.missing, std::slice::from_ref(&photo.sha256));
    assert!(yixun::metrics::text().contains("yixun_blobs_missing"));
    inspector.get(&format!("/photos/{}/receipt", photo.id)).ok();
    // Sending it again heals it.
    photo.put(&inspector).ok();
    assert!(dry(app).missing.is_empty());
}

fn the_command_tells_what_would_go(app: &TestApp) {
    let name = app.app.files.put(b"nobody's").expect("a blob");
    age(app, &name);
    let command = |arguments: &[&str]| {
        let mut command = yixun(app.folder());
        command.env("DATABASE_URL", app.database_url()).env("YIXUN_DATA_DIR", app.folder());
        run(command.arg("sweep").args(arguments)).ok()
    };
    let told = command(&["--dry-run"]);
    assert!(told.contains(&name) && told.contains("试运行") && is_chinese(&told), "{told}");
    assert_eq!(blobs(app), std::slice::from_ref(&name));
    let told = command(&[]);
    assert!(told.contains(&name) && told.contains("已清理"), "{told}");
    assert!(blobs(app).is_empty());
}
