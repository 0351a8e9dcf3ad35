//! Photos and documents: kept byte for byte or not at all, under one id for ever, and shown only to whoever may see what
//! they are evidence of.

use super::app::TestApp;
use super::build::{Photo, campaign, id, inspection, jpeg, unique, uuid};
use super::client::Reply;
use super::findings::{claim_body, found};
use super::inspections::{at_once, facility, leaves_nothing, rows};
use super::people::{Caller, Place};
use super::suite::{Suite, stores};
use chrono::TimeDelta;
use jpeg_encoder::{ColorType, Encoder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use ureq::http::Method;
use uuid::Uuid;
use yixun::access::Role;
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::{Canteen, Center, Station};
use yixun::files::{Storage, StoreFault, sha256_of};

pub fn register(suite: &mut Suite) {
    stores!(suite:
        a_photo_and_its_receipt,
        the_wrong_hash_stores_nothing,
        one_id_is_one_photo,
        somebody_elses_photo,
        too_large,
        what_is_no_photo,
        a_document_is_no_photo,
        not_as_declared,
        one_photo_at_once_many_times,
        the_same_bytes_of_two_people,
        originals_for_those_who_may,
        renditions_tell_nothing,
        what_has_no_rendition,
        seen_where_it_is_evidence,
    );
}

/// The smallest document that is kept.
pub const PDF: &[u8] = b"%PDF-1.7\n%%EOF";

/// A photo or document of these bytes.
pub fn of_bytes(purpose: &'static str, bytes: &[u8]) -> Photo {
    let mut photo = Photo::new(purpose, None);
    (photo.bytes, photo.sha256) = (bytes.to_vec(), sha256_of(bytes));
    photo
}

/// The same photo under another id.
pub fn under(id: Uuid, photo: &Photo) -> Photo {
    let mut renamed = photo.clone();
    renamed.id = id;
    renamed
}

/// The names of everything in the file store, in order. A broken upload leaves nothing else there either.
pub fn blobs(app: &TestApp) -> Vec<String> {
    let mut found = vec![];
    let all = app.app.files.each::<StoreFault>(&mut |held| {
        found.push(held.name);
        Ok(())
    });
    all.expect("the store lists");
    if let Storage::Folder(root) = &app.app.config.storage {
        let left = std::fs::read_dir(root.join("tmp")).expect("a folder").count();
        assert_eq!(left, 0, "temporary files are left behind");
    }
    found.sort();
    found
}

/// Runs `f`, which must leave neither a row nor a file.
#[track_caller]
fn stores_nothing<T>(app: &TestApp, f: impl FnOnce() -> T) -> T {
    let before = blobs(app);
    let value = leaves_nothing(app, f);
    assert_eq!(blobs(app), before, "no file may be stored");
    value
}

fn grown(app: &TestApp, before: &BTreeMap<String, i64>, table: &str) -> i64 {
    rows(app)[table] - before[table]
}

fn a_photo_and_its_receipt(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let receipt = photo.put(&inspector).created();
    let expected = json!({
        "photo_id": photo.id, "sha256": photo.sha256, "length": photo.bytes.len(), "content_type": "image/jpeg",
        "width": 16, "height": 16, "stored_at": app.clock.now(),
    });
    assert_eq!(receipt, expected);
    app.advance(TimeDelta::days(1));
    assert_eq!(photo.put(&inspector).ok(), expected, "the same again is the same receipt");
    assert_eq!(inspector.get(&format!("/photos/{}", photo.id)).ok(), expected);
    assert_eq!(app.app.files.get(&photo.sha256).expect("the blob"), photo.bytes);
    assert_eq!(blobs(app), [&*photo.sha256]);
    // What the client says that it is counts for nothing.
    for kind in ["application/json", "text/html", ""] {
        let photo = Photo::new("scene", None);
        let answer = inspector.bytes(Method::PUT, &photo.path(), kind, &photo.bytes).created();
        assert_eq!(answer["content_type"], "image/jpeg");
    }
}

fn the_wrong_hash_stores_nothing(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let photo = Photo::new("scene", None);
    let path = |query: &str| format!("/photos/{}?{query}", photo.id);
    let put = |query: &str, bytes: &[u8]| {
        stores_nothing(app, || inspector.bytes(Method::PUT, &path(query), "image/jpeg", bytes))
    };
    let right = format!("sha256={}", photo.sha256);
    let cut = &photo.bytes[..photo.bytes.len() - 1];
    put(&right, cut).expect_at(422, "hash_differs", "/sha256", "hash_differs");
    let other = format!("sha256={}", "0".repeat(64));
    put(&other, &photo.bytes).expect_at(422, "hash_differs", "/sha256", "hash_differs");
    put(&format!("sha256={}", sha256_of(b"")), b"").expect(422, "empty_body");
    for (query, pointer, fault) in [
        (String::new(), "/sha256", "missing_field"),
        (right.to_uppercase().replace("SHA", "sha"), "/sha256", "out_of_range"),
        ("sha256=..%2f..%2fetc".into(), "/sha256", "out_of_range"),
        (format!("{right}&{right}"), "/sha256", "duplicate_field"),
        (format!("{right}&x=1"), "/x", "unknown_field"),
    ] {
        put(&query, &photo.bytes).expect_at(422, "invalid_request", pointer, fault);
    }
    stores_nothing(app, || {
        inspector.bytes(Method::PUT, &photo.path().replace("/photos/", "/photos/x"), "", b"x")
    })
    .expect(404, "not_found");
    photo.put(&inspector).created();
}

fn one_id_is_one_photo(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let first = Photo::new("scene", None);
    let receipt = first.put(&inspector).created();
    let other = under(first.id, &Photo::new("scene", None));
    let answer = stores_nothing(app, || other.put(&inspector));
    answer.expect_at(409, "photo_differs", "/sha256", "photo_differs");
    assert_eq!(first.put(&inspector).ok(), receipt);
    // Also when they race.
    let id = uuid();
    let many: Vec<Photo> = (0..6).map(|_| under(id, &Photo::new("scene", None))).collect();
    let before = rows(app);
    let answers = at_once(6, |n| many[n].put(&inspector));
    let won: Vec<&Reply> = answers.iter().filter(|a| a.status == 201).collect();
    assert_eq!(won.len(), 1, "{:?}", answers.iter().map(Reply::told).collect::<Vec<_>>());
    answers.iter().filter(|a| a.status != 201).for_each(|a| drop(a.expect(409, "photo_differs")));
    assert_eq!((grown(app, &before, "photo"), grown(app, &before, "blob")), (1, 1));
    assert_eq!(inspector.get(&format!("/photos/{id}")).ok(), won[0].json);
}

fn somebody_elses_photo(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let arrived = Photo::new("scene", None);
    arrived.put(&inspector).created();
    let built = inspection(app, &facility(app, Place::Own, Station), &[]);
    built.put(&inspector).created();
    for theirs in [&arrived, &built.photos[0]] {
        let other = under(theirs.id, &Photo::new("scene", None));
        for photo in [theirs, &other] {
            for caller in [Caller::SecondInspector, Caller::Street, Caller::Drafter] {
                let answer = stores_nothing(app, || photo.put(&app.as_(caller)));
                let problem = answer.expect(409, "id_taken");
                assert_eq!(problem["errors"], Value::Null, "nothing is told of it");
            }
        }
    }
    built.photos[0].put(&inspector).created();
    for caller in [Caller::Reviewer, Caller::Supervisor, Caller::Registrar] {
        let answer = stores_nothing(app, || Photo::new("scene", None).put(&app.as_(caller)));
        answer.expect(403, "permission_denied");
    }
}

const LIMIT: usize = 20 * 1024 * 1024;

fn too_large(app: &TestApp) {
    let photo = Photo::new("scene", None);
    let head = format!(
        "PUT /api/v1{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n",
        photo.path(),
        app.token(Caller::Inspector)
    );
    // Announced: refused before a byte of it is read.
    let announced = format!("{head}Content-Length: {}\r\n\r\n", LIMIT + 1);
    let (status, text) = stores_nothing(app, || app.raw(announced.as_bytes()));
    assert!(
        status == 413 && text.contains("too_large") && text.contains("application/problem+json"),
        "{text}"
    );
    // Not announced: refused when the limit is passed.
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    let chunk = [b"100000\r\n", &photo.bytes[..], &vec![0; 0x10_0000 - photo.bytes.len()], b"\r\n"].concat();
    (0..20).for_each(|_| chunked.extend(&chunk));
    chunked.extend(b"1\r\n\0\r\n0\r\n\r\n");
    let (status, text) = stores_nothing(app, || app.raw(&chunked));
    assert!(status == 413 && text.contains("too_large"), "{text}");
    // The limit itself is fine.
    let mut bytes = photo.bytes.clone();
    bytes.resize(LIMIT, 0);
    let largest = of_bytes("scene", &bytes);
    assert_eq!(largest.put(&app.as_(Caller::Inspector)).created()["length"], LIMIT);
}

/// A JPEG that claims to be so large.
fn claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg();
    let frame = bytes.windows(2).position(|w| w == [0xFF, 0xC0]).expect("a frame");
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

fn what_is_no_photo(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let refused = |bytes: &[u8]| stores_nothing(app, || of_bytes("scene", bytes).put(&inspector));
    let foreign: [&[u8]; 9] = [
        b"x",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"PK\x03\x04",
        b"\x7fELF",
        b" %PDF-1.7\n%%EOF",
        b"#!/bin/sh\n\xff\xd8\xff",
        &[0; 1000],
    ];
    for bytes in foreign {
        refused(bytes).expect(415, "unsupported_media_type");
    }
    let whole = jpeg();
    for bytes in [&whole[..60], &b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], b"%PDF-1.7\n"] {
        refused(bytes).expect(422, "photo_unreadable");
    }
    refused(&claiming(65_500, 65_500)).expect(422, "too_many_pixels");
    of_bytes("scene", &claiming(12_000, 10_000)).put(&inspector).created();
}

fn a_document_is_no_photo(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let mut built = inspection(app, &facility(app, Place::Own, Station), &[]);
    let document = of_bytes("document", &[PDF, b"\n"].concat());
    let wrong = of_bytes("problem", PDF);
    built.body["photos"].as_array_mut().expect("photos").extend([document.declared(), wrong.declared()]);
    built.put(&inspector).created();
    let answer = stores_nothing(app, || wrong.put(&inspector));
    answer.expect(422, "not_a_photo");
    let receipt = document.put(&inspector).created();
    assert_eq!(
        (&receipt["content_type"], &receipt["width"], &receipt["height"]),
        (&json!("application/pdf"), &Value::Null, &Value::Null)
    );
    let read = app.as_(Caller::Drafter).get(&format!("/photos/{}/content", document.id));
    assert_eq!((read.status, &read.bytes), (200, &document.bytes));
    assert_eq!(read.header("content-type"), "application/pdf");
    assert_eq!(
        read.header("content-disposition"),
        format!("attachment; filename=\"photo-{}.pdf\"", document.id)
    );
    assert!(read.header("content-security-policy").contains("sandbox"), "{:?}", read.headers);
    // A photo of a document is one.
    let mut built = inspection(app, &facility(app, Place::Own, Canteen), &[]);
    let photographed = Photo::new("document", None);
    built.body["photos"].as_array_mut().expect("photos").push(photographed.declared());
    built.put(&inspector).created();
    photographed.put(&inspector).created();
}

fn not_as_declared(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let mut built = inspection(app, &facility(app, Place::Own, Station), &[]);
    built.body["photos"][1]["length"] = json!(built.photos[1].bytes.len() + 1);
    built.put(&inspector).created();
    let other = under(built.photos[0].id, &Photo::new("scene", None));
    let answer = stores_nothing(app, || other.put(&inspector));
    answer.expect_at(409, "not_as_declared", "/sha256", "not_as_declared");
    let answer = stores_nothing(app, || built.photos[1].put(&inspector));
    answer.expect(422, "length_differs");
    built.photos[0].put(&inspector).created();
    let missing = inspector.get(&built.path()).ok()["evidence"]["missing"].clone();
    assert_eq!(missing[0], json!(built.photos[1].id));
}

fn one_photo_at_once_many_times(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let planned = id(&campaign(app, Place::Own, &[Station]));
    let mut built = inspection(app, &facility(app, Place::Own, Station), &[]).of_campaign(&planned);
    built.put(&inspector).created();
    let last = built.photos.pop().expect("a photo");
    built.photos.iter().for_each(|photo| drop(photo.put(&inspector).created()));
    let (before, kept) = (rows(app), blobs(app).len());
    let answers = at_once(24, |_| last.put(&inspector));
    let of = |status| answers.iter().filter(|a| a.status == status).count();
    let odd = answers.iter().find(|a| !matches!(a.status, 200 | 201)).map(Reply::told);
    assert_eq!((of(201), of(200)), (1, 23), "{odd:?}");
    assert!(answers.iter().all(|a| a.json == answers[0].json));
    assert_eq!((grown(app, &before, "photo"), grown(app, &before, "blob")), (1, 1));
    assert_eq!(blobs(app).len(), kept + 1, "one blob, and nothing left behind");
    assert_eq!(inspector.get(&built.path()).ok()["state"], "complete");
    app.sequence();
    let trail = app.as_(Caller::AuditAdmin).all(&format!("/audit?object_id={}", built.id));
    let completed = trail.iter().filter(|entry| entry["line"]["detail"]["state"] == "complete");
    assert_eq!(completed.count(), 1, "completed once: {trail:?}");
}

fn the_same_bytes_of_two_people(app: &TestApp) {
    let bytes = jpeg();
    let before = rows(app);
    for caller in [Caller::Inspector, Caller::SecondInspector] {
        of_bytes("scene", &bytes).put(&app.as_(caller)).created();
    }
    assert_eq!((grown(app, &before, "photo"), grown(app, &before, "blob")), (2, 1));
    assert_eq!(blobs(app).len(), 1);
}

/// EXIF with one entry, the orientation, and a text that must not leave.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    tiff.extend(b"SECRET PHONE");
    tiff
}

/// A photo of 800 × 400 that a phone wrote, standing on its side.
fn phone_photo() -> Photo {
    let (width, height) = (800_u16, 400_u16);
    let n = (unique() % 200) as u8;
    let pixels: Vec<u8> =
        (0..usize::from(width) * usize::from(height)).flat_map(|p| [n, (p % 251) as u8, 90]).collect();
    let mut bytes = vec![];
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.add_exif_metadata(&exif(6)).expect("EXIF");
    encoder.encode(&pixels, width, height, ColorType::Rgb).expect("a JPEG");
    of_bytes("scene", &bytes)
}

/// A photo that has arrived as evidence of something at a facility.
pub fn shown_at(app: &TestApp, facility: &str, photo: &Photo) {
    let inspector = app.as_(Caller::Inspector);
    let mut built = inspection(app, facility, &[]);
    built.body["photos"].as_array_mut().expect("photos").push(photo.declared());
    built.put(&inspector).created();
    photo.put(&inspector).created();
}

fn originals_for_those_who_may(app: &TestApp) {
    let photo = phone_photo();
    shown_at(app, &facility(app, Place::Own, Station), &photo);
    let path = format!("/photos/{}/content", photo.id);
    for caller in [Caller::Drafter, Caller::Reviewer, Caller::Registrar, Caller::Issuer, Caller::Supervisor] {
        let answer = app.as_(caller).get(&path);
        assert_eq!((answer.status, &answer.bytes), (200, &photo.bytes), "byte for byte");
        assert_eq!(answer.header("etag"), format!("\"{}\"", photo.sha256));
        assert_eq!(answer.header("content-type"), "image/jpeg");
        assert!(answer.header("content-disposition").starts_with("attachment"), "{:?}", answer.headers);
    }
    // Whoever took it need not read back where the phone says that it was; nor may those whom it accuses.
    for caller in [Caller::Inspector, Caller::Street, Caller::Operator, Caller::Fire, Caller::Admin] {
        app.as_(caller).get(&path).expect(403, "permission_denied");
    }
    app.as_(Caller::At(Role::Drafter, Place::Elsewhere)).get(&path).expect(404, "not_found");
    app.as_(Caller::At(Role::Drafter, Place::Sibling)).get(&path).expect(404, "not_found");
    app.as_(Caller::Drafter).get(&format!("/photos/{}/content", uuid())).expect(404, "not_found");
}

fn renditions_tell_nothing(app: &TestApp) {
    let photo = phone_photo();
    shown_at(app, &facility(app, Place::Own, Station), &photo);
    let read =
        |bytes: &[u8]| ::exif::Reader::new().read_from_container(&mut std::io::Cursor::new(bytes.to_vec()));
    assert!(read(&photo.bytes).is_ok(), "the original has EXIF");
    for (size, seen) in [(320, (160, 320)), (1600, (400, 800))] {
        let answer = app.as_(Caller::Street).get(&format!("/photos/{}/renditions/{size}", photo.id));
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
        let small = image::load_from_memory(&answer.bytes).expect("a JPEG");
        assert_eq!((small.width(), small.height()), seen, "upright, and never enlarged");
        assert!(read(&answer.bytes).is_err());
        assert!(!answer.bytes.windows(6).any(|w| w == b"SECRET" || w == b"Exif\0\0"));
        assert_eq!(answer.header("etag"), format!("\"{}\"", sha256_of(&answer.bytes)));
    }
    for size in ["0", "321", "99999999999", "x", "-1"] {
        let path = format!("/photos/{}/renditions/{size}", photo.id);
        app.as_(Caller::Street).get(&path).expect(404, "not_found");
    }
}

fn what_has_no_rendition(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let heic = of_bytes("scene", b"\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x0cmeta\0\0\0\0");
    let pdf = of_bytes("document", PDF);
    for (document, kind) in [(heic, "image/heic"), (pdf, "application/pdf")] {
        assert_eq!(document.put(&inspector).created()["content_type"], kind);
        let path = format!("/photos/{}/renditions/320", document.id);
        inspector.get(&path).expect(415, "unsupported_media_type");
    }
    // Its header is fine and the rest is not: kept as it came, but there is nothing to show.
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x04\0\0\0\x04\x08\x02\0\0\0\x26\x93\x09\x29";
    let broken = of_bytes("scene", png);
    broken.put(&inspector).created();
    inspector.get(&format!("/photos/{}/renditions/320", broken.id)).expect(422, "photo_unreadable");
}

fn seen_where_it_is_evidence(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let seen_by = |photo: &Photo, caller: Caller| {
        let by = app.as_(caller);
        let statuses =
            ["", "/renditions/320"].map(|rest| by.get(&format!("/photos/{}{rest}", photo.id)).status);
        assert!(statuses == [200, 200] || statuses == [404, 404], "{caller:?}: {statuses:?}");
        statuses[0] == 200
    };
    let near = [Caller::Street, Caller::Operator, Caller::At(Role::Operator, Place::Sibling)];
    let streets = [Place::Sibling, Place::Elsewhere].map(|place| Caller::At(Role::Street, place));
    let callers = [Caller::Inspector, Caller::SecondInspector, Caller::Drafter, Caller::Supervisor];
    let callers = || callers.into_iter().chain(near).chain(streets);
    let check = |photo: &Photo, who: &[Caller]| {
        for caller in callers() {
            assert_eq!(seen_by(photo, caller), who.contains(&caller), "{caller:?}");
        }
    };
    // Of nothing yet: only whoever took it.
    let photo = Photo::new("scene", None);
    photo.put(&inspector).created();
    check(&photo, &[Caller::Inspector]);
    let bureau = [Caller::Inspector, Caller::SecondInspector, Caller::Drafter, Caller::Supervisor];
    let with = |more: &[Caller]| [&bureau[..], more].concat();
    // Of the own street's station; then also of the sibling street's.
    let mut own = inspection(app, &facility(app, Place::Own, Station), &[]);
    own.body["photos"].as_array_mut().expect("photos").push(photo.declared());
    own.put(&inspector).created();
    check(&photo, &with(&[Caller::Street, Caller::Operator]));
    let mut sibling = inspection(app, &facility(app, Place::Sibling, Station), &[]);
    sibling.body["photos"].as_array_mut().expect("photos").push(photo.declared());
    sibling.put(&inspector).created();
    check(&photo, &with(&[Caller::Street, Caller::Operator, near[2], streets[0]]));
    // Of another facility of the street: not the station's operator.
    let center = Photo::new("scene", None);
    shown_at(app, &facility(app, Place::Own, Center), &center);
    check(&center, &with(&[Caller::Street]));
    // Of a claim: the proof of the street.
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let proof = Photo::new("after", None);
    let claim = claim_body(app, &[&proof]);
    app.as_(Caller::Operator).post(&format!("/findings/{finding}/rectifications"), &claim).ok();
    proof.put(&app.as_(Caller::Operator)).created();
    check(&proof, &with(&[Caller::Street, Caller::Operator]));
    // Declared, but never sent: there is nothing to see.
    let path = format!("/photos/{}", own.photos[0].id);
    inspector.get(&path).expect(404, "not_found");
    app.anyone().get(&path).expect(401, "no_token");
    app.as_(Caller::Fire).get(&path).expect(403, "permission_denied");
}
