//! The cut test: connections that are closed hard at random bytes, in the request's head and in its body, of every way
//! to send a photo. Afterwards every photo is resumed to its receipt, each exists once with its whole blob, and nothing is
//! left over. Its seed is printed; `YIXUN_TEST_SEED` repeats a run.

use super::super::app::TestApp;
use super::super::build::Photo;
use super::super::client::{Api, Reply};
use super::super::people::Caller;
use super::super::suite::{Suite, both};
use super::{PIECE, metadata, photo_of, plain, staged};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use yixun::db::schema::{blob, photo};
use yixun::files::sha256_of;
use yixun::uploads::sweep::{clear_strays, sweep};

pub fn register(suite: &mut Suite) {
    both!(suite: nothing_is_lost_or_doubled_by_cuts);
}

/// Connections that are cut, on each database.
const CUTS: usize = 520;
const PHOTOS: usize = 40;

/// The ways to send a photo.
#[derive(Debug, Clone, Copy)]
enum Way {
    Create,
    Patch,
    Chunk,
    Whole,
}

fn request(app: &TestApp, token: &str, way: Way, photo: &Photo) -> Vec<u8> {
    let upload = || begin(&app.with_token(token), photo);
    let own = |method: &str, path: &str, headers: &str, body: &[u8]| {
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{headers}\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let tus = format!("Tus-Resumable: 1.0.0\r\nContent-Type: {PIECE}\r\n");
    match way {
        Way::Create => {
            let (length, metadata) = (photo.bytes.len(), metadata(photo));
            let headers = format!("{tus}Upload-Length: {length}\r\nUpload-Metadata: {metadata}\r\n");
            own("POST", "/uploads", &headers, &photo.bytes)
        }
        Way::Patch => {
            let path = upload();
            let offset = offset(&app.with_token(token), &path);
            let headers = format!("{tus}Upload-Offset: {offset}\r\n");
            own("PATCH", &path, &headers, &photo.bytes[offset..])
        }
        Way::Chunk => {
            let path = upload();
            let offset = offset(&app.with_token(token), &path);
            let path = format!("{path}/chunks?offset={offset}");
            own("POST", &path, "Content-Type: application/octet-stream\r\n", &photo.bytes[offset..])
        }
        Way::Whole => own("PUT", &photo.path(), "Content-Type: image/jpeg\r\n", &photo.bytes),
    }
}

/// Asks again while the end of an earlier request is still being written down.
fn patiently(ask: impl Fn() -> Reply) -> Reply {
    let mut answer = ask();
    for _ in 0..20 {
        if !matches!(answer.status, 423 | 503) {
            break;
        }
        answer = ask();
    }
    answer
}

fn begin(by: &Api<'_>, photo: &Photo) -> String {
    let made = patiently(|| by.post("/uploads/plain", &plain(photo))).created();
    format!("/uploads/{}", made["upload"].as_str().expect("a name"))
}

/// How far an upload is, which only grows while nothing was wrong with its bytes.
#[track_caller]
fn offset(by: &Api<'_>, path: &str) -> usize {
    let answer = patiently(|| by.get(path));
    let offset = answer.ok()["offset"].as_u64().expect("an offset");
    usize::try_from(offset).expect("small")
}

/// Sends the first `cut` bytes and closes the connection; hard where `hard`, so that the server reads an error.
fn send_and_cut(app: &TestApp, bytes: &[u8], hard: bool) {
    let mut stream = TcpStream::connect(app.address).expect("a connection");
    // The server may have answered and closed before everything was sent.
    let _closed_first = stream.write_all(bytes);
    if !hard {
        let _closed_first = stream.shutdown(Shutdown::Write);
    }
    // An answer that is in the socket unread makes closing it a reset.
}

fn nothing_is_lost_or_doubled_by_cuts(app: &TestApp) {
    let given = std::env::var("YIXUN_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("cuts on {:?}: YIXUN_TEST_SEED={seed}", app.kind);
    let mut random = fastrand::Rng::with_seed(seed);
    let token = app.token(Caller::Inspector);
    let inspector = app.with_token(&*token);
    let photos: Vec<Photo> = (0..PHOTOS).map(|_| photo_of(random.usize(1_000..400_000))).collect();
    let mut reached: BTreeMap<usize, usize> = BTreeMap::new();
    for _ in 0..CUTS {
        let n = random.usize(..PHOTOS);
        let way = [Way::Create, Way::Patch, Way::Chunk, Way::Whole][random.usize(..4)];
        let whole = request(app, &token, way, &photos[n]);
        let head = whole.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
        // Every fifth cut lies in the head; a body is cut before its last byte, and sometimes right after its first.
        let cut = match random.usize(..10) {
            0 | 1 => random.usize(..head),
            2 => (head + 1).min(whole.len() - 1),
            _ => random.usize(head..whole.len().max(head + 1)),
        };
        send_and_cut(app, &whole[..cut], random.bool());
        if random.usize(..4) == 0 {
            let upload = begin(&inspector, &photos[n]);
            let now = offset(&inspector, &upload);
            let before = reached.insert(n, now).unwrap_or(0);
            assert!(now >= before, "photo {n} went back from {before} to {now} (seed {seed})");
        }
    }
    for photo in &photos {
        finish(app, &inspector, photo, &mut random);
    }
    everything_is_whole(app, &photos);
}

/// Resumes as a phone does until there is a receipt.
fn finish(app: &TestApp, by: &Api<'_>, photo: &Photo, random: &mut fastrand::Rng) {
    let path = begin(by, photo);
    loop {
        let known = patiently(|| by.get(&path)).ok();
        if known["receipt"] != Value::Null {
            assert_eq!(known["receipt"]["sha256"], photo.sha256.as_str());
            break;
        }
        let from = usize::try_from(known["offset"].as_u64().expect("an offset")).expect("small");
        let to = random.usize(from + 1..=photo.bytes.len());
        super::patch(by, &path, from, &photo.bytes[from..to]).done();
    }
    let read = app.as_(Caller::Inspector).get(&format!("/photos/{}/receipt", photo.id)).ok();
    assert_eq!(read["length"], photo.bytes.len());
}

fn everything_is_whole(app: &TestApp, photos: &[Photo]) {
    let rows: Vec<(String, i64)> =
        app.read(|conn| Ok(photo::table.select((photo::sha256, photo::length)).load(conn)?));
    assert_eq!(rows.len(), photos.len(), "each photo once");
    let blobs: i64 = app.read(|conn| Ok(blob::table.count().get_result(conn)?));
    assert_eq!(blobs as usize, photos.len(), "each blob once");
    for (sha256, length) in rows {
        let bytes = app.app.files.get(&sha256).expect("a whole blob");
        assert_eq!((sha256_of(&bytes), bytes.len() as i64), (sha256, length));
    }
    let told = sweep(&app.app, false).expect("a sweep");
    assert!(told.missing.is_empty() && told.uploads.is_empty() && told.blobs.is_empty(), "{told:?}");
    // Bodies of PUTs that were cut last may still be on their way out.
    clear_strays(&app.app, TimeDelta::zero(), false).expect("the start's work");
    assert!(staged(app).is_empty(), "{:?}", staged(app));
}
