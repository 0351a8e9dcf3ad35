//! The store, in a folder and in S3: what it promises, how it is read through the API, what happens when it is down, and
//! `yixun verify`.

use super::app::TestApp;
use super::binary::{run, yixun};
use super::bucket;
use super::build::{Photo, inspection};
use super::client::Reply;
use super::inspections::facility;
use super::people::{Caller, Place};
use super::photos::{PDF, blobs, of_bytes, shown_at};
use super::relay::Relay;
use super::scratch::fresh_folder;
use super::suite::{Suite, both, once, stores};
use std::time::{Duration, Instant};
use yixun::directory::FacilityKind::Station;
use yixun::files::{Storage, StoreFault, sha256_of};
use yixun::verify::{Report, Trouble, Wrong, verify};

pub fn register(suite: &mut Suite) {
    stores!(suite:
        the_store_keeps_its_word,
        large_blobs_too,
        a_part_of_a_file,
        unchanged_files_are_not_sent,
        wrong_bytes_are_never_given_out,
        verify_finds_what_is_wrong,
    );
    both!(suite: an_outage_stops_photos_only, originals_at_a_signed_address, verify_is_a_command);
    once!(suite: a_bucket_that_refuses_is_refused, an_s3_that_is_not_there_is_refused);
}

fn the_store_keeps_its_word(app: &TestApp) {
    let (files, folder) = (&app.app.files, fresh_folder("staged"));
    let staged = folder.join("staged");
    std::fs::write(&staged, b"evidence").expect("a file");
    let (name, other) = (sha256_of(b"evidence"), sha256_of(b"other"));
    assert!(matches!(files.commit(&other, &staged), Err(StoreFault::Corrupt(_))));
    for missing in [&*other, &*name, "../../etc/passwd", ""] {
        assert!(matches!(files.get(missing), Err(StoreFault::NotFound)), "{missing}");
        assert!(matches!(files.len(missing), Err(StoreFault::NotFound)), "{missing}");
    }
    assert_eq!(blobs(app), [""; 0]);
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| files.commit(&name, &staged).expect("a commit"));
            s.spawn(|| assert_eq!(files.put(b"evidence").expect("a put"), name));
        }
    });
    assert_eq!((files.len(&name).expect("it is there"), staged.exists()), (8, true));
    assert_eq!(files.get(&name).expect("it is there"), b"evidence");
    assert_eq!(files.put(b"").expect("nothing can be put too"), sha256_of(b""));
    let mut both = [name.clone(), sha256_of(b"")];
    both.sort();
    assert_eq!(blobs(app), both);
    files.delete(&name).expect("a deletion");
    files.delete(&name).expect("it is not there any more, as wanted");
    assert!(matches!(files.get(&name), Err(StoreFault::NotFound)));
    assert_eq!(blobs(app), [sha256_of(b"")]);
}

fn large_blobs_too(app: &TestApp) {
    let (files, folder) = (&app.app.files, fresh_folder("staged"));
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (name, staged) = (sha256_of(&bytes), folder.join("staged"));
    std::fs::write(&staged, &bytes).expect("a file");
    assert!(matches!(files.commit(&sha256_of(b"x"), &staged), Err(StoreFault::Corrupt(_))));
    assert_eq!(blobs(app), [""; 0], "what does not match is taken back");
    files.commit(&name, &staged).expect("a commit");
    files.commit(&name, &staged).expect("the same again");
    assert!(files.get(&name).expect("it is there") == bytes);
    assert_eq!(blobs(app), [name]);
}

/// A photo that a drafter may read as evidence.
fn original(app: &TestApp) -> (Photo, String) {
    let photo = Photo::new("scene", None);
    shown_at(app, &facility(app, Place::Own, Station), &photo);
    let path = format!("/photos/{}/content", photo.id);
    (photo, path)
}

fn a_part_of_a_file(app: &TestApp) {
    let (photo, path) = original(app);
    let (all, length, tag) = (&photo.bytes, photo.bytes.len(), format!("\"{}\"", photo.sha256));
    let by = app.as_(Caller::Drafter);
    let get = |headers: &[(&str, &str)]| by.get_with(&path, headers);
    let part = |answer: &Reply, first: usize, last: usize| {
        assert_eq!((answer.status, &answer.bytes[..]), (206, &all[first..=last]), "{}", answer.told());
        assert_eq!(answer.header("content-range"), format!("bytes {first}-{last}/{length}"));
        assert_eq!((answer.header("etag"), answer.header("content-type")), (&*tag, "image/jpeg"));
        assert_eq!(answer.header("content-length"), (last - first + 1).to_string());
    };
    let whole = |answer: &Reply| {
        assert_eq!((answer.status, &answer.bytes), (200, all), "{}", answer.told());
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert_eq!(answer.header("content-length"), length.to_string());
    };
    part(&get(&[("Range", "bytes=0-9")]), 0, 9);
    part(&get(&[("Range", "bytes=5-")]), 5, length - 1);
    part(&get(&[("Range", "bytes=-7")]), length - 7, length - 1);
    part(&get(&[("Range", "bytes=2-999999999"), ("Accept-Encoding", "gzip")]), 2, length - 1);
    part(&get(&[("Range", "bytes=0-0"), ("If-Range", &tag)]), 0, 0);
    whole(&get(&[("Accept-Encoding", "gzip")]));
    whole(&get(&[("Range", "bytes=0-1,4-5")]));
    whole(&get(&[("Range", "bytes=9-1")]));
    whole(&get(&[("Range", "bytes=0-9"), ("If-Range", "\"another\"")]));
    let beyond = get(&[("Range", &format!("bytes={length}-"))]);
    beyond.expect(416, "range_not_satisfiable");
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    // A document could be compressed on the way, and then its parts would be parts of something else.
    let pdf = of_bytes("document", &[PDF, &[b'\n'; 4000], b"%%EOF"].concat());
    shown_at(app, &facility(app, Place::Own, Station), &pdf);
    let answer = by.get_with(&format!("/photos/{}/content", pdf.id), &[("Accept-Encoding", "gzip")]);
    assert_eq!((answer.status, &answer.bytes), (200, &pdf.bytes));
}

fn unchanged_files_are_not_sent(app: &TestApp) {
    let (photo, path) = original(app);
    let by = app.as_(Caller::Drafter);
    let tag = format!("\"{}\"", photo.sha256);
    for had in [&*tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
        let answer = by.get_with(&path, &[("If-None-Match", had), ("Range", "bytes=0-9")]);
        assert_eq!((answer.status, answer.bytes.len(), answer.header("etag")), (304, 0, &*tag), "{had}");
    }
    let answer = by.get_with(&path, &[("If-None-Match", "\"x\"")]);
    assert_eq!((answer.status, &answer.bytes), (200, &photo.bytes));
    // Whoever may not see it learns nothing by asking so.
    app.as_(Caller::Inspector).get_with(&path, &[("If-None-Match", &tag)]).expect(403, "permission_denied");
}

/// Puts other bytes in the place of a blob.
fn spoil(app: &TestApp, name: &str) {
    let key = format!("sha256/{}/{}/{name}", &name[..2], &name[2..4]);
    match &app.app.config.storage {
        Storage::Folder(root) => std::fs::write(root.join(key), b"rot").expect("a file"),
        Storage::S3(settings) => bucket::overwrite(settings, &key, b"rot"),
    }
}

fn wrong_bytes_are_never_given_out(app: &TestApp) {
    let (photo, path) = original(app);
    let by = app.as_(Caller::Drafter);
    let small = format!("/photos/{}/renditions/320", photo.id);
    spoil(app, &photo.sha256);
    by.get(&path).expect(500, "internal");
    by.get_with(&path, &[("Range", "bytes=0-1")]).expect(500, "internal");
    by.get(&small).expect(500, "internal");
    app.app.files.delete(&photo.sha256).expect("a deletion");
    by.get(&path).expect(500, "internal");
    // Sending it again heals it.
    photo.put(&app.as_(Caller::Inspector)).ok();
    assert_eq!(by.get(&path).bytes, photo.bytes);
}

fn verified(app: &TestApp) -> (Report, Vec<Trouble>) {
    let mut troubles = vec![];
    let report = verify(&app.app, &mut |trouble| troubles.push(trouble.clone())).expect("a report");
    troubles.sort_by(|a, b| a.sha256.cmp(&b.sha256));
    (report, troubles)
}

fn verify_finds_what_is_wrong(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photos: Vec<Photo> = (0..4).map(|_| Photo::new("scene", None)).collect();
    photos.iter().for_each(|photo| drop(photo.put(&inspector).created()));
    let bytes: u64 = photos.iter().map(|photo| photo.bytes.len() as u64).sum();
    let well = Report { checked: 4, bytes, ..Report::default() };
    assert_eq!(verified(app), (well.clone(), vec![]));
    app.app.files.put(b"nobody's").expect("a put");
    assert_eq!(verified(app).0, Report { unnamed: 1, ..well });
    spoil(app, &photos[0].sha256);
    app.app.files.delete(&photos[1].sha256).expect("a deletion");
    let (report, troubles) = verified(app);
    assert_eq!((report.checked, report.corrupt, report.missing, report.unnamed), (4, 1, 1, 1));
    let mut expected = [(0, Wrong::Corrupt), (1, Wrong::Missing)].map(|(n, wrong): (usize, _)| Trouble {
        sha256: photos[n].sha256.clone(),
        what: "照片",
        wrong,
    });
    expected.sort_by(|a, b| a.sha256.cmp(&b.sha256));
    assert_eq!(troubles, expected);
}

fn verify_is_a_command(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let (good, bad, lost) = (Photo::new("scene", None), Photo::new("scene", None), Photo::new("scene", None));
    [&good, &bad, &lost].into_iter().for_each(|photo| drop(photo.put(&inspector).created()));
    // Beside the running server.
    let command = || {
        let mut command = yixun(app.folder());
        command.arg("verify").env("DATABASE_URL", app.database_url()).env("YIXUN_DATA_DIR", app.folder());
        run(&mut command)
    };
    assert!(command().ok().contains("已核对 3 个文件"));
    spoil(app, &bad.sha256);
    app.app.files.delete(&lost.sha256).expect("a deletion");
    let said = command();
    for line in [format!("损坏：照片 {}", bad.sha256), format!("缺失：照片 {}", lost.sha256)] {
        assert!(said.out.lines().any(|l| l == line), "{said:?}");
    }
    assert!(!said.out.contains(&good.sha256), "{said:?}");
    said.refused(&["1 个文件缺失", "1 个文件损坏"]);
}

fn an_outage_stops_photos_only(app: &TestApp) {
    let relay = Relay::to(bucket::address());
    let node = app.node_on(bucket::storage(&bucket::setting(&bucket::made(), relay.address)));
    let inspector = node.as_(Caller::Inspector);
    let built = inspection(&node, &facility(&node, Place::Own, Station), &[]);
    let photo = Photo::new("scene", None);
    photo.put(&inspector).created();
    relay.cut();
    let late = Photo::new("scene", None);
    for _ in 0..4 {
        let answer = late.put(&inspector);
        answer.expect(503, "busy");
        assert!(!answer.header("retry-after").is_empty(), "{:?}", answer.headers);
    }
    inspector.get(&format!("/photos/{}", late.id)).expect(404, "not_found");
    built.put(&inspector).created();
    relay.mend();
    let patience = Instant::now() + Duration::from_secs(30);
    while late.put(&inspector).status != 201 {
        assert!(Instant::now() < patience, "photos are not taken again");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(node.app.files.get(&late.sha256).expect("it is there"), late.bytes);
}

fn originals_at_a_signed_address(app: &TestApp) {
    let setting = bucket::setting(&bucket::made(), bucket::address());
    let node = app.node_on(bucket::storage(&format!("{setting}&presign=true")));
    let (photo, path) = original(&node);
    let by = node.as_(Caller::Drafter);
    let answer = by.get(&path);
    assert_eq!((answer.status, answer.header("cache-control")), (302, "no-store"), "{}", answer.told());
    let address = answer.header("location");
    let seconds =
        address.split("X-Amz-Expires=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok());
    assert!(seconds.is_some_and(|n: u32| n <= 300), "{address}");
    let fetched = super::client::agent().get(address).call().expect("an answer").body_mut().read_to_vec();
    assert_eq!(fetched.expect("bytes"), photo.bytes);
    let other = address.replace(&photo.sha256[4..], &photo.sha256[4..].chars().rev().collect::<String>());
    assert_eq!(super::client::agent().get(&other).call().expect("an answer").status(), 403);
    // Asked for before it is given.
    node.as_(Caller::Inspector).get(&path).expect(403, "permission_denied");
    let tag = format!("\"{}\"", photo.sha256);
    assert_eq!(by.get_with(&path, &[("If-None-Match", &tag)]).status, 304);
    // A rendition is made here.
    assert_eq!(by.get(&format!("/photos/{}/renditions/320", photo.id)).status, 200);
}

fn migrate_with(settings: &[(&str, &str)]) -> super::binary::Said {
    let mut command = yixun(&fresh_folder("start"));
    run(command.arg("migrate").envs(settings.iter().copied()))
}

fn a_bucket_that_refuses_is_refused() {
    let setting = bucket::setting(&bucket::made(), bucket::address());
    let with = |access: &str, secret: &str| {
        let keys = [("YIXUN_S3_ACCESS_KEY", access), ("YIXUN_S3_SECRET_KEY", secret)];
        migrate_with(&[("YIXUN_STORAGE", &*setting), keys[0], keys[1]])
    };
    with(bucket::ACCESS_KEY, bucket::SECRET_KEY).ok();
    with(bucket::ACCESS_KEY, "wrong").refused(&["YIXUN_S3_SECRET_KEY"]);
    with("wrong", bucket::SECRET_KEY).refused(&["YIXUN_S3_ACCESS_KEY"]);
    with(bucket::ACCESS_KEY, "").refused(&["YIXUN_S3_SECRET_KEY"]);
    let in_url = setting.replace("s3://", "s3://key:secret@");
    let said = migrate_with(&[("YIXUN_STORAGE", &in_url)]);
    assert!(!said.err.contains("secret@"), "{said:?}");
    said.refused(&["YIXUN_STORAGE", "凭据"]);
}

fn an_s3_that_is_not_there_is_refused() {
    let relay = Relay::to(bucket::address());
    relay.cut();
    let setting = bucket::setting(&bucket::made(), relay.address);
    let keys = [("YIXUN_S3_ACCESS_KEY", bucket::ACCESS_KEY), ("YIXUN_S3_SECRET_KEY", bucket::SECRET_KEY)];
    migrate_with(&[("YIXUN_STORAGE", &*setting), keys[0], keys[1]]).refused(&["YIXUN_STORAGE"]);
}
