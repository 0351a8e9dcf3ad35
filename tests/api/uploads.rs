//! Photos in pieces: tus 1.0 and the plain way, resumed at any byte, completed once, kept whole or not at all.

mod cuts;
mod nodes;
mod sweep;

use super::app::TestApp;
use super::build::{Photo, inspection, uuid};
use super::client::{Api, Reply};
use super::inspections::{at_once, facility, leaves_nothing};
use super::people::{Caller, Place};
use super::photos::{of_bytes, under};
use super::suite::{Suite, both, stores};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use ureq::http::Method;
use yixun::clock::machine_now;
use yixun::db::Ts;
use yixun::db::schema::upload;
use yixun::directory::FacilityKind::Station;
use yixun::ids::{PhotoId, TypedId as _, UserId};
use yixun::uploads;

pub fn register(suite: &mut Suite) {
    both!(suite:
        the_server_says_what_it_can,
        the_version_is_asked_for,
        announced_wrongly,
        pieces_that_do_not_fit,
        checksums,
        methods_instead,
        given_up,
        expired,
        another_node,
        somebody_elses_upload,
        announced_again,
        fifty_announcements_are_one_upload,
        the_wrong_hash_starts_over,
        what_is_no_photo_is_dropped,
        without_tus,
        too_many_at_once,
        a_stalled_request_lets_go,
        the_storage_comes_back,
    );
    stores!(suite: a_photo_in_pieces, a_photo_with_its_creation, whole_while_in_pieces, a_restart_goes_on);
    nodes::register(suite);
    sweep::register(suite);
    cuts::register(suite);
}

/// The media type of a piece.
pub const PIECE: &str = "application/offset+octet-stream";
const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");

/// A photo as `Upload-Metadata`.
pub fn metadata(photo: &Photo) -> String {
    let encode = |text: &str| STANDARD.encode(text);
    let (id, hash) = (encode(&photo.id.to_string()), encode(&photo.sha256));
    format!("filename {},photo_id {id},sha256 {hash},private", encode("照片.jpg"))
}

/// A photo as the plain way announces it.
pub fn plain(photo: &Photo) -> Value {
    json!({"photo_id": photo.id, "sha256": photo.sha256, "length": photo.bytes.len()})
}

fn announce(by: &Api<'_>, photo: &Photo, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let (length, metadata) = (photo.bytes.len().to_string(), metadata(photo));
    let own = [TUS, ("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())];
    let kind = (!body.is_empty()).then_some(("Content-Type", PIECE));
    let headers: Vec<(&str, &str)> = own.into_iter().chain(kind).chain(headers.iter().copied()).collect();
    by.send(Method::POST, "/uploads", &headers, body)
}

/// The path of the upload that an answer made.
#[track_caller]
fn path(answer: &Reply) -> String {
    assert_eq!(answer.status, 201, "{}", answer.told());
    answer.header("location").strip_prefix("/api/v1").expect("a location").to_string()
}

/// Begins an upload; gives its path.
#[track_caller]
pub fn create(by: &Api<'_>, photo: &Photo) -> String {
    path(&announce(by, photo, &[], b""))
}

fn patch(by: &Api<'_>, path: &str, offset: usize, body: &[u8]) -> Reply {
    checked(by, path, offset, body, &[])
}

fn checked(by: &Api<'_>, path: &str, offset: usize, body: &[u8], headers: &[(&str, &str)]) -> Reply {
    let offset = offset.to_string();
    let own = [TUS, ("Upload-Offset", offset.as_str()), ("Content-Type", PIECE)];
    let headers: Vec<(&str, &str)> = own.iter().chain(headers).copied().collect();
    by.send(Method::PATCH, path, &headers, body)
}

fn head(by: &Api<'_>, path: &str) -> Reply {
    by.send(Method::HEAD, path, &[TUS], ())
}

/// How many bytes the server says that it has.
#[track_caller]
fn offset(answer: &Reply) -> usize {
    assert!((200..300).contains(&answer.status), "{}", answer.told());
    assert_eq!(answer.header("tus-resumable"), "1.0.0", "{:?}", answer.headers);
    answer.header("upload-offset").parse().unwrap_or_else(|_| panic!("no offset: {:?}", answer.headers))
}

/// The files of uploads on this node.
fn staged(app: &TestApp) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(app.folder().join("uploads")).expect("the folder");
    folder.map(|entry| entry.expect("an entry").path()).collect()
}

/// A photo of so many bytes.
fn photo_of(length: usize) -> Photo {
    let mut bytes = Photo::new("scene", None).bytes;
    bytes.extend((bytes.len()..length).map(|n| (n % 251) as u8));
    of_bytes("scene", &bytes)
}

fn the_server_says_what_it_can(app: &TestApp) {
    for caller in [app.anyone(), app.as_(Caller::Inspector)] {
        let answer = caller.send(Method::OPTIONS, "/uploads", &[], ());
        answer.done();
        assert_eq!(answer.header("tus-version"), "1.0.0");
        assert_eq!(answer.header("tus-max-size"), "20971520");
        assert_eq!(answer.header("tus-checksum-algorithm"), "sha256,sha1");
        let can: BTreeSet<&str> = answer.header("tus-extension").split(',').collect();
        let all = ["creation", "creation-with-upload", "termination", "expiration", "checksum"];
        assert_eq!(can, BTreeSet::from(all));
    }
}

fn a_photo_in_pieces(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let mut built = inspection(app, &facility(app, Place::Own, Station), &[]);
    built.put(&inspector).created();
    let last = built.photos.pop().expect("a photo");
    built.photos.iter().for_each(|photo| drop(photo.put(&inspector).created()));
    let begun = announce(&inspector, &last, &[], b"");
    let upload = path(&begun);
    assert_eq!(offset(&begun), 0);
    assert!(begun.header("upload-expires").ends_with(" GMT"), "{:?}", begun.headers);
    let mut at = 0;
    for piece in last.bytes.chunks(100) {
        let known = head(&inspector, &upload);
        assert_eq!((known.status, offset(&known)), (200, at));
        assert_eq!(known.header("upload-length"), last.bytes.len().to_string());
        assert_eq!(known.header("cache-control"), "no-store");
        inspector.get(&format!("/photos/{}/receipt", last.id)).expect(404, "not_found");
        assert_eq!(inspector.get(&upload).ok()["receipt"], Value::Null);
        at += piece.len();
        let answer = patch(&inspector, &upload, at - piece.len(), piece);
        answer.done();
        assert_eq!(offset(&answer), at);
    }
    let receipt = inspector.get(&format!("/photos/{}/receipt", last.id)).ok();
    assert_eq!((&receipt["sha256"], &receipt["length"]), (&json!(last.sha256), &json!(last.bytes.len())));
    assert_eq!(inspector.get(&upload).ok()["receipt"], receipt);
    assert_eq!(inspector.get(&built.path()).ok()["state"], "complete");
    assert_eq!(last.put(&inspector).ok(), receipt, "whole or in pieces, it is the same photo");
    assert_eq!(offset(&head(&inspector, &upload)), at);
    assert!(staged(app).is_empty(), "{:?}", staged(app));
    let read = app.as_(Caller::Drafter).get(&format!("/photos/{}/content", last.id));
    assert_eq!(read.bytes, last.bytes);
    // A piece whose answer was lost.
    assert_eq!(offset(&patch(&inspector, &upload, at, b"")), at);
    patch(&inspector, &upload, at - 50, &last.bytes[at - 50..]).expect(409, "offset_differs");
}

fn a_photo_with_its_creation(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let whole = Photo::new("scene", None);
    let answer = announce(&inspector, &whole, &[], &whole.bytes);
    assert_eq!(offset(&answer), whole.bytes.len());
    inspector.get(&format!("/photos/{}/receipt", whole.id)).ok();
    // Begun in part; the same creation again goes on where the first ended.
    let broken = Photo::new("scene", None);
    let first = announce(&inspector, &broken, &[], &broken.bytes[..100]);
    assert_eq!(offset(&first), 100);
    let longer = announce(&inspector, &broken, &[], &broken.bytes[..150]);
    assert_eq!((offset(&longer), path(&longer)), (150, path(&first)));
    assert_eq!(offset(&announce(&inspector, &broken, &[], b"")), 150);
    let all = announce(&inspector, &broken, &[], &broken.bytes);
    assert_eq!((offset(&all), path(&all)), (broken.bytes.len(), path(&first)));
    inspector.get(&format!("/photos/{}/receipt", broken.id)).ok();
}

fn the_version_is_asked_for(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    let (length, metadata) = (photo.bytes.len().to_string(), metadata(&photo));
    let good = [("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())];
    let piece = [("Upload-Offset", "0"), ("Content-Type", PIECE)];
    let instead = [piece[0], piece[1], ("X-HTTP-Method-Override", "PATCH")];
    for version in [None, Some(("Tus-Resumable", "0.2.2")), Some(("Tus-Resumable", ""))] {
        let with = |headers: &[(&'static str, &str)]| -> Vec<(String, String)> {
            let all = headers.iter().copied().chain(version);
            all.map(|(name, value)| (name.to_string(), value.to_string())).collect()
        };
        let asked = [
            (Method::POST, "/uploads", with(&good)),
            (Method::PATCH, upload.as_str(), with(&piece)),
            (Method::POST, upload.as_str(), with(&instead)),
            (Method::DELETE, upload.as_str(), with(&[])),
            (Method::HEAD, upload.as_str(), with(&[])),
        ];
        for (method, path, headers) in asked {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let answer = inspector.send(method.clone(), path, &headers, "");
            assert_eq!((answer.status, answer.header("tus-version")), (412, "1.0.0"), "{}", answer.told());
            if method != Method::HEAD {
                answer.expect(412, "tus_version");
            }
        }
    }
    assert_eq!(offset(&head(&inspector, &upload)), 0, "it is still there");
}

fn announced_wrongly(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let (length, right) = (photo.bytes.len().to_string(), metadata(&photo));
    let post = |headers: &[(&str, &str)]| {
        let headers: Vec<(&str, &str)> = [TUS].iter().chain(headers).copied().collect();
        leaves_nothing(app, || inspector.send(Method::POST, "/uploads", &headers, ""))
    };
    let with =
        |length: &str, metadata: &str| post(&[("Upload-Length", length), ("Upload-Metadata", metadata)]);
    for wrong in ["", "-1", "+5", "1e3", "x", "99999999999999999999999"] {
        with(wrong, &right).expect(400, "unreadable_header");
    }
    post(&[("Upload-Metadata", &right)]).expect(400, "unreadable_header");
    post(&[("Upload-Metadata", &right), ("Upload-Defer-Length", "1")]).expect(400, "unreadable_header");
    with(&length, "photo_id !!!").expect(400, "unreadable_header");
    with("0", &right).expect(422, "empty_body");
    for large in ["20971521", "9223372036854775808"] {
        with(large, &right).expect(413, "too_large");
    }
    let encode = |text: &str| STANDARD.encode(text);
    let id = format!("photo_id {}", encode(&photo.id.to_string()));
    let hash = format!("sha256 {}", encode(&photo.sha256));
    let upper = format!("sha256 {}", encode(&photo.sha256.to_uppercase()));
    for (metadata, pointer, code) in [
        (String::new(), "/photo_id", "missing_field"),
        (id.clone(), "/sha256", "missing_field"),
        (hash.clone(), "/photo_id", "missing_field"),
        (format!("photo_id {},{hash}", encode("x")), "/photo_id", "wrong_type"),
        (format!("{id},{upper}"), "/sha256", "out_of_range"),
    ] {
        with(&length, &metadata).expect_at(422, "invalid_request", pointer, code);
    }
    let body = [
        ("Upload-Length", length.as_str()),
        ("Upload-Metadata", &right),
        ("Content-Type", "image/jpeg"),
        TUS,
    ];
    let answer = leaves_nothing(app, || inspector.send(Method::POST, "/uploads", &body, &photo.bytes[..]));
    answer.expect(415, "unsupported_media_type");
    let plain_of = |change: Value| {
        let mut body = plain(&photo);
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        leaves_nothing(app, || inspector.post("/uploads/plain", &body))
    };
    plain_of(json!({"length": 20_971_521})).expect(413, "too_large");
    plain_of(json!({"length": 0})).expect_at(422, "invalid_request", "/length", "out_of_range");
    plain_of(json!({"sha256": "x"})).expect_at(422, "invalid_request", "/sha256", "out_of_range");
}

fn pieces_that_do_not_fit(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    let (end, bytes) = (photo.bytes.len(), &photo.bytes[..]);
    patch(&inspector, &upload, 0, &bytes[..100]).done();
    for wrong in [0, 99, 101, end] {
        patch(&inspector, &upload, wrong, &bytes[100..200]).expect(409, "offset_differs");
    }
    patch(&inspector, &upload, 100, &[&bytes[100..], b"x"].concat()).expect(413, "too_large");
    // Not announced: refused when it passes the end, and nothing of it is kept.
    let head_of = |offset: usize| {
        format!(
            "PATCH /api/v1{upload} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\nContent-Type: {PIECE}\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
            app.token(Caller::Inspector)
        )
    };
    let rest = &bytes[100..];
    let chunked = |body: &[u8]| {
        [head_of(100).as_bytes(), format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
    };
    let (status, text) = app.raw(&chunked(&[rest, b"x"].concat()));
    assert!(status == 413 && text.contains("too_large"), "{text}");
    assert_eq!(offset(&head(&inspector, &upload)), 100);
    for (kind, at) in [(PIECE, ""), (PIECE, "x"), (PIECE, "-1")] {
        let headers = [TUS, ("Content-Type", kind), ("Upload-Offset", at)];
        inspector.send(Method::PATCH, &upload, &headers, bytes).expect(400, "unreadable_header");
    }
    let headers = [TUS, ("Content-Type", "application/octet-stream"), ("Upload-Offset", "100")];
    inspector.send(Method::PATCH, &upload, &headers, rest).expect(415, "unsupported_media_type");
    let (status, text) = app.raw(&chunked(rest));
    assert_eq!(status, 204, "{text}");
    assert_eq!(offset(&head(&inspector, &upload)), end);
}

fn checksums(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let of = |name: &str, bytes: &[u8]| {
        let by = if name == "sha1" { &SHA1_FOR_LEGACY_USE_ONLY } else { &SHA256 };
        format!("{name} {}", STANDARD.encode(digest(by, bytes)))
    };
    for name in ["sha1", "sha256"] {
        let photo = Photo::new("scene", None);
        let (first, rest) = photo.bytes.split_at(100);
        let wrong = announce(&inspector, &photo, &[("Upload-Checksum", &of(name, rest))], first);
        wrong.expect(460, "checksum_differs");
        let upload = create(&inspector, &photo);
        assert_eq!(offset(&head(&inspector, &upload)), 0);
        let send = |offset, body: &[u8], sum: &str| {
            checked(&inspector, &upload, offset, body, &[("Upload-Checksum", sum)])
        };
        send(0, first, &of(name, first)).done();
        send(100, rest, &of(name, first)).expect(460, "checksum_differs");
        assert_eq!(offset(&head(&inspector, &upload)), 100, "what does not match is cut off again");
        for unknown in ["md5 eA==", "sha512 eA==", "sha1", "sha1 ?", ""] {
            send(100, rest, unknown).expect(400, "unreadable_header");
        }
        send(100, rest, &of(name, rest)).done();
        inspector.get(&format!("/photos/{}/receipt", photo.id)).ok();
    }
}

fn methods_instead(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    let post = |method: &str, headers: &[(&str, &str)], body: &[u8]| {
        let own = [TUS, ("X-HTTP-Method-Override", method)];
        let headers: Vec<(&str, &str)> = own.iter().chain(headers).copied().collect();
        inspector.send(Method::POST, &upload, &headers, body)
    };
    let at = |offset: &'static str| [("Upload-Offset", offset), ("Content-Type", PIECE)];
    let answer = post("PATCH", &at("0"), &photo.bytes[..100]);
    answer.done();
    assert_eq!(offset(&answer), 100);
    post("PATCH", &at("0"), &photo.bytes).expect(409, "offset_differs");
    post("PATCH", &[("Content-Type", PIECE)], &photo.bytes).expect(400, "unreadable_header");
    let known = post("HEAD", &[], b"");
    assert_eq!((known.status, offset(&known)), (200, 100));
    assert_eq!(known.header("upload-length"), photo.bytes.len().to_string());
    for wrong in ["GET", "PUT", ""] {
        post(wrong, &[], b"").expect(400, "unreadable_header");
    }
    post("patch", &at("100"), &photo.bytes[100..]).done();
    inspector.get(&format!("/photos/{}/receipt", photo.id)).ok();
    post("DELETE", &[], b"").done();
    head(&inspector, &upload).is(404);
}

fn given_up(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    patch(&inspector, &upload, 0, &photo.bytes[..100]).done();
    assert_eq!(staged(app).len(), 1);
    inspector.send(Method::DELETE, &upload, &[TUS], ()).done();
    assert!(staged(app).is_empty());
    for answer in [head(&inspector, &upload), patch(&inspector, &upload, 100, &photo.bytes[100..])] {
        answer.is(404);
    }
    inspector.send(Method::DELETE, &upload, &[TUS], ()).expect(404, "not_found");
    // Another photo may now come under the id; giving up what is complete leaves the photo.
    let other = under(photo.id, &Photo::new("scene", None));
    let upload = create(&inspector, &other);
    patch(&inspector, &upload, 0, &other.bytes).done();
    inspector.send(Method::DELETE, &upload, &[TUS], ()).done();
    inspector.get(&format!("/photos/{}/receipt", photo.id)).ok();
}

/// Ends the time of all uploads.
fn expire(app: &TestApp) {
    app.write(|tx| {
        let past = Ts::from(machine_now() - TimeDelta::seconds(1));
        diesel::update(upload::table).set(upload::expires_at.eq(past)).execute(tx.conn())?;
        Ok(())
    });
}

fn expired(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    patch(&inspector, &upload, 0, &photo.bytes[..100]).done();
    expire(app);
    head(&inspector, &upload).is(404);
    inspector.get(&upload).expect(404, "not_found");
    patch(&inspector, &upload, 100, &photo.bytes[100..]).expect(404, "not_found");
    let again = create(&inspector, &photo);
    assert_ne!(again, upload);
    assert_eq!(offset(&head(&inspector, &again)), 0);
    patch(&inspector, &again, 0, &photo.bytes).done();
}

fn another_node(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    let name = upload.strip_prefix("/uploads/").expect("a name");
    let (node, id) = name.split_once('.').expect("a node and an id");
    assert_eq!(node, app.app.uploads.node());
    for wrong in [format!("other.{id}"), id.to_string(), format!("{node}.{}", uuid()), format!("{node}.x")] {
        let path = format!("/uploads/{wrong}");
        head(&inspector, &path).is(404);
        patch(&inspector, &path, 0, &photo.bytes).expect(404, "not_found");
        inspector.get(&path).expect(404, "not_found");
        inspector.send(Method::DELETE, &path, &[TUS], ()).expect(404, "not_found");
    }
    assert_eq!(offset(&head(&inspector, &upload)), 0);
}

fn somebody_elses_upload(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    for caller in [Caller::SecondInspector, Caller::Street, Caller::Drafter] {
        let other = app.as_(caller);
        let answers = leaves_nothing(app, || {
            [
                head(&other, &upload),
                other.get(&upload),
                patch(&other, &upload, 0, &photo.bytes),
                other.send(Method::DELETE, &upload, &[TUS], ()),
            ]
        });
        answers.iter().for_each(|answer| drop(answer.is(404)));
    }
    head(&app.as_(Caller::Supervisor), &upload).is(403);
    head(&app.anyone(), &upload).is(401);
    // Until one of them has arrived, two people may each have a photo on its way under one id.
    let second = app.as_(Caller::SecondInspector);
    let theirs = create(&second, &photo);
    assert_ne!(theirs, upload);
    patch(&inspector, &upload, 0, &photo.bytes).done();
    patch(&second, &theirs, 0, &photo.bytes).expect(409, "id_taken");
    head(&second, &theirs).is(404);
    announce(&second, &photo, &[], b"").expect(409, "id_taken");
    second.get(&format!("/photos/{}/receipt", photo.id)).expect(404, "not_found");
}

fn announced_again(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    patch(&inspector, &upload, 0, &photo.bytes[..100]).done();
    let again = leaves_nothing(app, || announce(&inspector, &photo, &[], b""));
    assert_eq!((path(&again), offset(&again)), (upload.clone(), 100));
    let other = under(photo.id, &Photo::new("scene", None));
    let differs = || leaves_nothing(app, || announce(&inspector, &other, &[], b""));
    differs().expect_at(409, "photo_differs", "/sha256", "photo_differs");
    let mut longer = photo.clone();
    longer.bytes.push(0);
    leaves_nothing(app, || announce(&inspector, &longer, &[], b"")).expect(422, "length_differs");
    patch(&inspector, &upload, 100, &photo.bytes[100..]).done();
    differs().expect_at(409, "photo_differs", "/sha256", "photo_differs");
    let done = announce(&inspector, &photo, &[], b"");
    assert_eq!((path(&done), offset(&done)), (upload, photo.bytes.len()));
    // One that came whole is complete from the beginning.
    let whole = Photo::new("scene", None);
    let receipt = whole.put(&inspector).created();
    let begun = announce(&inspector, &whole, &[], b"");
    assert_eq!(offset(&begun), whole.bytes.len());
    assert_eq!(inspector.get(&path(&begun)).ok()["receipt"], receipt);
    // As declared, or not at all.
    let built = inspection(app, &facility(app, Place::Own, Station), &[]);
    built.put(&inspector).created();
    let other = under(built.photos[0].id, &Photo::new("scene", None));
    let refused = |photo: &Photo, by| leaves_nothing(app, || announce(&app.as_(by), photo, &[], b""));
    refused(&other, Caller::Inspector).expect_at(409, "not_as_declared", "/sha256", "not_as_declared");
    refused(&built.photos[0], Caller::SecondInspector).expect(409, "id_taken");
    let mut longer = built.photos[0].clone();
    longer.bytes.push(0);
    refused(&longer, Caller::Inspector).expect(422, "length_differs");
}

fn fifty_announcements_are_one_upload(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let answers = at_once(50, |n| match n % 2 {
        0 => path(&announce(&inspector, &photo, &[], b"")),
        _ => {
            let made = inspector.post("/uploads/plain", &plain(&photo)).created();
            format!("/uploads/{}", made["upload"].as_str().expect("a name"))
        }
    });
    let paths: BTreeSet<&String> = answers.iter().collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    let rows = app.read(|conn| Ok(upload::table.count().get_result::<i64>(conn)?));
    assert_eq!(rows, 1);
}

fn the_wrong_hash_starts_over(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    let mut spoilt = photo.bytes.clone();
    spoilt[50] ^= 1;
    let answer = patch(&inspector, &upload, 0, &spoilt);
    answer.expect_at(422, "hash_differs", "/sha256", "hash_differs");
    head(&inspector, &upload).is(404);
    assert!(staged(app).is_empty());
    let again = create(&inspector, &photo);
    patch(&inspector, &again, 0, &photo.bytes).done();
    inspector.get(&format!("/photos/{}/receipt", photo.id)).ok();
}

fn what_is_no_photo_is_dropped(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    for (bytes, status, code) in [
        (&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], 415, "unsupported_media_type"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 422, "photo_unreadable"),
    ] {
        let wrong = of_bytes("scene", bytes);
        let upload = create(&inspector, &wrong);
        patch(&inspector, &upload, 0, bytes).expect(status, code);
        head(&inspector, &upload).is(404);
    }
    assert!(staged(app).is_empty());
    assert!(!app.folder().join("files/sha256").exists(), "and no blob was made");
}

fn without_tus(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let made = inspector.post("/uploads/plain", &plain(&photo)).created();
    assert_eq!((&made["offset"], &made["receipt"]), (&json!(0), &Value::Null));
    let chunks = made["chunks_url"].as_str().and_then(|url| url.strip_prefix("/api/v1")).expect("a URL");
    let upload = format!("/uploads/{}", made["upload"].as_str().expect("a name"));
    let send = |offset: usize, body: &[u8]| {
        inspector.bytes(Method::POST, &format!("{chunks}?offset={offset}"), "application/octet-stream", body)
    };
    let half = send(0, &photo.bytes[..100]).ok();
    assert_eq!((&half["offset"], &half["length"]), (&json!(100), &json!(photo.bytes.len())));
    send(0, &photo.bytes[..100]).expect(409, "offset_differs");
    assert_eq!(inspector.get(&upload).ok()["offset"], 100);
    let again = inspector.post("/uploads/plain", &plain(&photo)).created();
    assert_eq!((&again["offset"], &again["upload"]), (&json!(100), &made["upload"]));
    // Both ways lead to the same upload.
    assert_eq!(create(&inspector, &photo), upload);
    let done = send(100, &photo.bytes[100..]).ok();
    assert_eq!(done["receipt"], inspector.get(&format!("/photos/{}/receipt", photo.id)).ok());
    assert_eq!(send(photo.bytes.len(), b"").ok(), done);
    inspector.post(&format!("{chunks}?offset=x"), &json!({})).expect_at(
        422,
        "invalid_request",
        "/offset",
        "wrong_type",
    );
}

fn whole_while_in_pieces(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let upload = create(&inspector, &photo);
    patch(&inspector, &upload, 0, &photo.bytes[..100]).done();
    under(photo.id, &Photo::new("scene", None)).put(&inspector).expect(409, "photo_differs");
    let receipt = photo.put(&inspector).created();
    assert_eq!(offset(&head(&inspector, &upload)), photo.bytes.len(), "nothing is left to send");
    assert_eq!(inspector.get(&upload).ok()["receipt"], receipt);
}

fn too_many_at_once(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let (owner, node) = (app.world.person(Caller::Inspector).user, app.app.uploads.node().to_string());
    let photo = Photo::new("scene", None);
    let begun = create(&inspector, &photo);
    app.write(move |tx| {
        let (now, later) = (Ts::from(machine_now()), Ts::from(machine_now() + TimeDelta::days(1)));
        for _ in 1..1000 {
            let row = (
                upload::id.eq(yixun::ids::UploadId::from_uuid(uuid())),
                upload::owner_id.eq(UserId::from_uuid(owner.uuid())),
                upload::photo_id.eq(PhotoId::from_uuid(uuid())),
                upload::sha256.eq("0".repeat(64)),
                upload::length.eq(1_i64),
                upload::node.eq(node.clone()),
                upload::created_at.eq(now),
                upload::expires_at.eq(later),
            );
            diesel::insert_into(upload::table).values(row).execute(tx.conn())?;
        }
        Ok(())
    });
    let answer = leaves_nothing(app, || announce(&inspector, &Photo::new("scene", None), &[], b""));
    answer.expect(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), "60");
    create(&app.as_(Caller::SecondInspector), &Photo::new("scene", None));
    patch(&inspector, &begun, 0, &photo.bytes).done();
    create(&inspector, &Photo::new("scene", None));
}

fn a_restart_goes_on(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let (half, full) = (Photo::new("scene", None), Photo::new("scene", None));
    let uploads = [create(&inspector, &half), create(&inspector, &full)];
    patch(&inspector, &uploads[0], 0, &half.bytes[..100]).done();
    // A crash came between the last byte and the completion.
    let (_, id) = uploads[1].rsplit_once('.').expect("an id");
    std::fs::write(app.folder().join("uploads").join(id), &full.bytes).expect("the staged file");
    let after = app.second_node();
    let inspector = after.as_(Caller::Inspector);
    inspector.get(&format!("/photos/{}/receipt", full.id)).expect(404, "not_found");
    assert_eq!(uploads::finish_staged(&after.app).expect("the start's work"), 1);
    let receipt = inspector.get(&format!("/photos/{}/receipt", full.id)).ok();
    assert_eq!(inspector.get(&uploads[1]).ok()["receipt"], receipt);
    assert_eq!(uploads::finish_staged(&after.app).expect("nothing to do"), 0);
    assert_eq!(offset(&head(&inspector, &uploads[0])), 100);
    patch(&inspector, &uploads[0], 100, &half.bytes[100..]).done();
    inspector.get(&format!("/photos/{}/receipt", half.id)).ok();
    assert!(staged(app).is_empty());
}

fn a_stalled_request_lets_go(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = photo_of(700_000);
    let upload = create(&inspector, &photo);
    let mut stalled = TcpStream::connect(app.address).expect("a connection");
    let request = format!(
        "PATCH /api/v1{upload} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: 0\r\nContent-Type: {PIECE}\r\nContent-Length: {}\r\n\r\n",
        app.token(Caller::Inspector),
        photo.bytes.len()
    );
    stalled.write_all(request.as_bytes()).expect("the head is taken");
    stalled.write_all(&photo.bytes[..600_000]).expect("most is taken");
    // Its first pieces are on the disk, and the rest never comes.
    let patience = Instant::now() + Duration::from_secs(20);
    while staged(app).iter().all(|file| std::fs::metadata(file).is_ok_and(|m| m.len() == 0)) {
        assert!(Instant::now() < patience, "nothing is written");
        std::thread::yield_now();
    }
    let known = offset(&head(&inspector, &upload));
    assert!((1..=600_000).contains(&known), "{known}");
    patch(&inspector, &upload, known, &photo.bytes[known..]).done();
    inspector.get(&format!("/photos/{}/receipt", photo.id)).ok();
    let mut told = [0; 12];
    stalled.read_exact(&mut told).expect("an answer");
    assert_eq!(&told, b"HTTP/1.1 423", "the older request is told that another took over");
}

fn the_storage_comes_back(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let (photo, whole) = (Photo::new("scene", None), Photo::new("scene", None));
    let upload = create(&inspector, &photo);
    let blobs = app.folder().join("files/sha256");
    std::fs::write(&blobs, "in the way").expect("a file");
    let refused = patch(&inspector, &upload, 0, &photo.bytes);
    refused.expect(503, "busy");
    assert!(!refused.header("retry-after").is_empty());
    head(&inspector, &upload).is(503);
    whole.put(&inspector).expect(503, "busy");
    inspector.get(&format!("/photos/{}/receipt", photo.id)).expect(404, "not_found");
    assert_eq!(uploads::finish_staged(&app.app).expect("a step"), 0);
    std::fs::remove_file(&blobs).expect("it is gone");
    assert_eq!(offset(&head(&inspector, &upload)), photo.bytes.len(), "nothing had to be sent again");
    inspector.get(&format!("/photos/{}/receipt", photo.id)).ok();
    whole.put(&inspector).created();
}
