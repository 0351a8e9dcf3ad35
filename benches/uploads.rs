//! What 32 phones cost that send a photo of 12 MB each at once: the server's memory above idle (goal: 64 MB), and its pace
//! against a floor, the same bytes written and synced by as many threads on the same disk. The server is the real binary on
//! a fresh data folder; the phones speak tus in pieces, or put the photo whole.
//!
//! ```sh
//! cargo bench --bench uploads
//! ```
//!
//! Memory is what the kernel says: `VmRSS` of the server that has just begun and done nothing, `VmHWM` of each round. Linux
//! only.

use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::{Method, Request, Response};
use yixun::access::users::{self, NewGrant, NewUser};
use yixun::access::{Role, Stamp, tokens};
use yixun::app::App;
use yixun::clock::{SystemClock, business_date, machine_now};
use yixun::config::Config;
use yixun::db::Tx;
use yixun::db::schema::session;
use yixun::fault::{Fault, Outcome};
use yixun::files::sha256_of;
use yixun::ids::{SessionId, TypedId as _, UserId, new_uuid};

const PHONES: usize = 32;
const LENGTH: usize = 12_000_000;
/// What a phone sends in one PATCH.
const PIECE: usize = 2_000_000;
const ROUNDS: usize = 3;
/// What the server may take above idle, in MB.
const GOAL: f64 = 64.0;
const FONTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts");

type Done<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Done<()> {
    let folder = tempfile::tempdir()?;
    let token = seed(folder.path())?;
    let server = Server::start(folder.path())?;
    std::thread::sleep(Duration::from_secs(1));
    let idle = server.memory("VmRSS:")?;
    let phone = Phone { agent: agent(), base: server.base.clone(), token };
    send_all(&phone, Phone::send_tus)?; // threads, pools and caches as after a day of work
    println!(
        "{:<12}{:>10}{:>10}{:>10}{:>10}{:>14}",
        "32 × 12 MB", "idle MB", "peak MB", "above", "MB/s", "of the floor"
    );
    for (name, send) in [("tus", Phone::send_tus as Sending), ("whole", Phone::send_whole)] {
        for _ in 0..ROUNDS {
            let floor = write_synced(folder.path())?;
            server.reset_peak()?;
            let pace = send_all(&phone, send)?;
            let peak = server.memory("VmHWM:")?;
            let above = peak - idle;
            let verdict = if above <= GOAL { "" } else { "  above the goal" };
            println!(
                "{name:<12}{idle:>10.1}{peak:>10.1}{above:>10.1}{pace:>10.1}{:>14.2}{verdict}",
                pace / floor
            );
        }
    }
    Ok(())
}

type Sending = fn(&Phone, &[u8]) -> Done<()>;

/// All phones at once, each with a photo of its own; gives MB/s.
fn send_all(phone: &Phone, send: Sending) -> Done<f64> {
    let photos: Vec<Vec<u8>> = (0..PHONES).map(|_| photo()).collect();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let phones: Vec<_> = photos.iter().map(|bytes| scope.spawn(|| send(phone, bytes))).collect();
        phones.into_iter().try_for_each(|p| p.join().map_err(|_| "a phone panicked")?)
    })?;
    Ok(megabytes(PHONES * LENGTH) / begin.elapsed().as_secs_f64())
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// The floor: as many threads write and sync the same bytes.
fn write_synced(folder: &Path) -> Done<f64> {
    let bytes = photo();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let write = |n: usize| -> Done<()> {
            let path = folder.join(format!("floor-{n}"));
            let mut file = fs::File::create(&path)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            Ok(fs::remove_file(path)?)
        };
        let threads: Vec<_> = (0..PHONES).map(|n| scope.spawn(move || write(n))).collect();
        threads.into_iter().try_for_each(|t| t.join().map_err(|_| "a writer panicked")?)
    })?;
    Ok(megabytes(PHONES * LENGTH) / begin.elapsed().as_secs_f64())
}

/// A JPEG of the wanted length, unlike every other: a small picture, and noise in its comments.
fn photo() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(16, 16, |x, y| image::Rgb([fastrand::u8(..), x as u8, y as u8]));
    let mut small = vec![];
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut small, 90);
    picture.write_with_encoder(encoder).expect("a JPEG");
    let mut bytes = small[..2].to_vec();
    let mut left = LENGTH - small.len();
    while left > 0 {
        let segment = left.clamp(5, 60_000);
        bytes.extend([0xff, 0xfe]);
        bytes.extend(u16::try_from(segment - 2).expect("a short segment").to_be_bytes());
        bytes.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(segment - 4));
        left = left.saturating_sub(segment);
    }
    bytes.extend(&small[2..]);
    bytes
}

fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(120))).max_idle_connections(64).build().new_agent()
}

struct Phone {
    agent: Agent,
    base: String,
    token: String,
}

impl Phone {
    fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Done<Response<ureq::Body>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("Authorization", format!("Bearer {}", self.token)).body(body)?;
        let mut answer = self.agent.run(request)?;
        if !answer.status().is_success() {
            return Err(format!("{path}: {} {}", answer.status(), answer.body_mut().read_to_string()?).into());
        }
        Ok(answer)
    }

    fn send_tus(&self, bytes: &[u8]) -> Done<()> {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let (id, sha256) = (new_uuid(machine_now()).to_string(), sha256_of(bytes));
        let metadata = format!("photo_id {},sha256 {}", STANDARD.encode(&id), STANDARD.encode(&sha256));
        let length = bytes.len().to_string();
        let headers =
            [("Tus-Resumable", "1.0.0"), ("Upload-Length", &length), ("Upload-Metadata", &metadata)];
        let made = self.ask(Method::POST, "/api/v1/uploads", &headers, b"")?;
        let location = made.headers().get("location").ok_or("no location")?.to_str()?.to_string();
        let path = location.strip_prefix(&self.base).unwrap_or(&location);
        for (n, piece) in bytes.chunks(PIECE).enumerate() {
            let offset = (n * PIECE).to_string();
            let kind = ("Content-Type", "application/offset+octet-stream");
            self.ask(Method::PATCH, path, &[headers[0], kind, ("Upload-Offset", &offset)], piece)?;
        }
        self.receipt(&id, &sha256)
    }

    fn send_whole(&self, bytes: &[u8]) -> Done<()> {
        let (id, sha256) = (new_uuid(machine_now()).to_string(), sha256_of(bytes));
        self.ask(
            Method::PUT,
            &format!("/api/v1/photos/{id}?sha256={sha256}"),
            &[("Content-Type", "image/jpeg")],
            bytes,
        )?;
        self.receipt(&id, &sha256)
    }

    fn receipt(&self, id: &str, sha256: &str) -> Done<()> {
        let mut answer = self.ask(Method::GET, &format!("/api/v1/photos/{id}/receipt"), &[], b"")?;
        let receipt: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        if receipt["sha256"] == sha256 { Ok(()) } else { Err(format!("not the receipt: {receipt}").into()) }
    }
}

/// The real binary on a free port, ended with its process id.
struct Server {
    child: Child,
    base: String,
}

impl Server {
    fn start(folder: &Path) -> Done<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_yixun"))
            .arg("serve")
            .env("YIXUN_DATA_DIR", folder)
            .env("YIXUN_FONTS_DIR", FONTS)
            .env("YIXUN_LISTEN", "127.0.0.1:0")
            .env("YIXUN_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        let base = format!("http://{}", address.ok_or_else(|| format!("no address in {line:?}"))?);
        Ok(Self { child, base })
    }

    /// A figure of the kernel's, in MB.
    fn memory(&self, name: &str) -> Done<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(name)).ok_or("no such figure")?;
        let kilobytes: f64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
        Ok(kilobytes * 1024.0 / 1e6)
    }

    fn reset_peak(&self) -> Done<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A data folder with an inspector; gives an access token of theirs.
fn seed(folder: &Path) -> Done<String> {
    let app = App::build(Config::embedded(folder, FONTS.as_ref())?, Arc::new(SystemClock))?;
    let stamp = Stamp::console("bench", machine_now());
    let (user, opened) = app.db.write_now(stamp, "bench", inspector).map_err(|f| f.for_log())?;
    Ok(tokens::issue(&app.keys[0], user, opened, 0, machine_now()).map_err(|f| f.for_log())?)
}

fn inspector(tx: &mut Tx<'_>) -> Outcome<(UserId, SessionId)> {
    use diesel::prelude::*;
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
    let (role, valid_from) = (Role::Inspector, business_date(tx.now()));
    let everywhere =
        NewGrant { role, area_id: None, facility_id: None, category: None, valid_from, valid_to: None };
    users::grant(tx, user, &everywhere)?;
    let (opened, now) = (SessionId::from_uuid(new_uuid(machine_now())), tx.ts());
    diesel::insert_into(session::table)
        .values((
            session::id.eq(opened),
            session::user_id.eq(user),
            session::created_at.eq(now),
            session::last_used_at.eq(now),
        ))
        .execute(tx.conn())
        .map_err(Fault::from)?;
    Ok((user, opened))
}
